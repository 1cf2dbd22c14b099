"""Files that a user names are written whole or not at all, and places for them are tried before long work."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from zoo.errors import InputError, OutsideError
from zoo.files import check_writable, write_file

DEVICES = Path("/proc")
"""Where nobody makes files, not even the system's administrator."""


def test_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    target.write_bytes(b"old")
    write_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o644


def test_place_that_is_no_file_in_a_folder_is_bad_input(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none" / "page.html"):
        with pytest.raises(InputError, match="name a file in a folder that is there"):
            write_file(place, b"new")


def test_name_that_the_disk_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="cannot be written"):
        write_file(tmp_path / ("x" * 300), b"new")
    assert list(tmp_path.iterdir()) == []


def test_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="name a file"):
        write_file(tmp_path / "pipe", b"new")
    assert (tmp_path / "pipe").is_fifo()


def test_dangling_link_is_not_taken_for_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="link is a link that leads nowhere"):
        write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("folder", [False, True])
def test_place_that_can_be_written_is_left_as_it_was(folder: bool, tmp_path: Path) -> None:
    place = tmp_path / ("one/two/three" if folder else "page.html")
    check_writable(place, folder=folder)
    assert list(tmp_path.iterdir()) == []


def test_file_and_folder_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"old")
    check_writable(tmp_path / "page.html")
    check_writable(tmp_path, folder=True)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_relative_place_is_tried_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_writable(Path("page.html"))
    check_writable(Path("build/face"), folder=True)
    check_writable(Path("none/../build"), folder=True)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A file, a link that leads nowhere, one that leads to itself, and a pipe."""
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("place", "folder", "sentence"),
    [
        ("none/page.html", False, "none/page.html cannot be written; name a file in a folder that is there"),
        ("file/page.html", False, "file/page.html cannot be written; name a file in a folder that is there"),
        ("dangling/page.html", False, "page.html cannot be written; name a file in a folder that is there"),
        (".", False, "name a file in a folder that is there"),
        ("pipe", False, "pipe cannot be written; name a file"),
        ("dangling", False, "dangling is a link that leads nowhere"),
        ("round", False, "round is a link that leads nowhere"),
        ("file", True, "file is not a folder; name another folder"),
        ("pipe", True, "pipe is not a folder; name another folder"),
        ("dangling", True, "dangling is a link that leads nowhere; name another folder"),
        ("round/build", True, "round/build cannot be made: .*round is a link that leads nowhere"),
        ("file/build/face", True, "file/build/face cannot be made: .*file is not a folder"),
    ],
)
def test_place_that_can_hold_no_answer_is_bad_input(place: str, folder: bool, sentence: str, places: Path) -> None:
    before = sorted(places.iterdir())
    with pytest.raises(InputError, match=sentence):
        check_writable(places / place, folder=folder)
    assert sorted(places.iterdir()) == before


@pytest.mark.skipif(not DEVICES.is_dir(), reason="needs a place where nobody makes files")
@pytest.mark.parametrize("folder", [False, True])
def test_place_that_may_not_be_written_is_named(folder: bool) -> None:
    with pytest.raises(OutsideError, match=r"/proc/answer cannot be written: .+; mend that, or name another place"):
        check_writable(DEVICES / "answer", folder=folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="the system's administrator may write everywhere")
@pytest.mark.parametrize("folder", [False, True])
def test_folder_that_may_only_be_read_is_named(folder: bool, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutsideError, match="answer cannot be written: Permission denied"):
        check_writable(tmp_path / "answer", folder=folder)


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_name_that_no_disk_takes_is_told_beforehand(name: str, folder: bool, tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="cannot be written"):
        check_writable(tmp_path / name, folder=folder)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond 1 KiB, which a process meets as it meets a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 10, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("folder", [False, True])
def test_disk_without_room_is_told_and_nothing_is_left_on_it(folder: bool, tmp_path: Path) -> None:
    with full_disk(), pytest.raises(OutsideError, match="answer cannot be written: File too large"):
        check_writable(tmp_path / "answer", folder=folder)
    assert list(tmp_path.iterdir()) == []
