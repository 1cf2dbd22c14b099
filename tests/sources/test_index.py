"""A second scan is quick because unchanged files are not read again; a changed file always is."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sources.conftest import Listener, scene
from zoo.sources import PictureSet, scan_pictures
from zoo.spec import DataSplit

MakePicture = Callable[..., Path]


def scan(folder: Path) -> tuple[PictureSet, bool]:
    """The set, and whether any file was read for it."""
    listener = Listener()
    found = scan_pictures(folder, DataSplit(), progress=listener)
    return found, listener.tasks != []


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of three pictures, written long enough ago for the index to trust their times; a test takes one."""
    folders = [tmp_path_factory.mktemp("pictures") for _ in range(5)]
    for folder in folders:
        for seed in range(3):
            scene(seed).save(folder / f"{seed}.png", compress_level=0)
    time.sleep(2.6)
    return folders


@pytest.fixture
def scanned(aged: list[Path], cache: Path) -> Path:
    folder = aged.pop()
    assert scan(folder)[1]
    return folder


def test_an_unchanged_folder_is_not_read_again_and_gives_the_same_set(scanned: Path) -> None:
    first, read = scan(scanned)
    assert not read
    assert scan(scanned) == (first, False)


def test_a_change_is_seen_even_with_the_same_size_and_a_restored_date(scanned: Path, make_picture: MakePicture) -> None:
    before, _ = scan(scanned)
    path = scanned / "1.png"
    state = path.stat()
    make_picture(path, 77, compress_level=0)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    after, _ = scan(scanned)
    assert after.pictures[1].sha256 != before.pictures[1].sha256
    assert after.sha256 != before.sha256


def test_two_changes_in_the_same_instant_are_both_seen(scanned: Path, make_picture: MakePicture) -> None:
    make_picture(scanned / "1.png", 77, compress_level=0)
    once, _ = scan(scanned)
    make_picture(scanned / "1.png", 78, compress_level=0)
    twice, read = scan(scanned)
    assert read
    assert once.sha256 != twice.sha256


def test_files_that_come_and_go_are_seen(scanned: Path, make_picture: MakePicture) -> None:
    make_picture(scanned / "deep" / "new.png", 5)
    assert len(scan(scanned)[0].pictures) == 4
    (scanned / "0.png").unlink()
    assert [picture.name for picture in scan(scanned)[0].pictures] == ["1.png", "2.png", "deep/new.png"]


def test_a_damaged_index_costs_time_only(scanned: Path, cache: Path) -> None:
    before, _ = scan(scanned)
    (index,) = (cache / "pictures").glob("*.json")
    for damage in (b"", b"[]", b"{", b'["1 2 3", {"0.png": [1, 2, 3]}]', b"\xff" * 100, index.read_bytes()[:-9]):
        index.write_bytes(damage)
        assert scan(scanned) == (before, True)


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    make_picture(tmp_path / "pictures" / "a.png", 1)
    listener = Listener()
    assert len(scan_pictures(tmp_path / "pictures", DataSplit(), progress=listener).pictures) == 1
    assert "The next scan will be slow" in listener.remarks[0]


class _Stopped(Listener):
    """Ctrl-C while the first picture is told of."""

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        raise KeyboardInterrupt


def test_a_scan_that_is_stopped_leaves_no_thread_that_decodes(tmp_path: Path, cache: Path) -> None:
    for seed in range(40):
        scene(seed % 3).save(tmp_path / f"{seed}.png")
    before = threading.active_count()
    # What was raised is held here, and with it all that the scan had at hand.
    with pytest.raises(KeyboardInterrupt) as held:
        scan_pictures(tmp_path, DataSplit(), progress=_Stopped())
    assert threading.active_count() == before
    assert held.value is not None
