"""The build folder: one build at a time, a release that is complete or the one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.errors import InputError, OutsideError
from zoo.pipeline import build_folder, locked, replace_folder, restore_folder


def folder_with(path: Path, text: str) -> Path:
    path.mkdir(parents=True)
    (path / "file").write_text(text)
    return path


def test_second_build_is_told_at_once(tmp_path: Path) -> None:
    folder = build_folder(tmp_path, "m")
    with (
        locked(folder),
        pytest.raises(OutsideError, match="Another build is at work"),
        locked(build_folder(tmp_path, "m")),
    ):
        raise AssertionError("two builds in one folder")
    with locked(folder):
        assert folder.work.is_dir()


def test_builds_of_different_models_do_not_wait(tmp_path: Path) -> None:
    with locked(build_folder(tmp_path, "one")), locked(build_folder(tmp_path, "two")):
        assert (tmp_path / "two" / "work").is_dir()


def test_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="not a folder; give another --out"):
        build_folder(tmp_path / "out", "m")


def test_new_release_replaces_the_old_one(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    release = folder_with(tmp_path / "release", "old")
    replace_folder(folder_with(work / "new", "new"), release, work=work)
    assert (release / "file").read_text() == "new"
    assert list(work.iterdir()) == []


def test_replacement_killed_between_its_steps_is_undone(tmp_path: Path) -> None:
    work = tmp_path / "work"
    folder_with(work / "release.before", "old")
    restore_folder(tmp_path / "release", work=work)
    assert (tmp_path / "release" / "file").read_text() == "old"


def test_replacement_killed_before_its_clean_up_keeps_the_new_one(tmp_path: Path) -> None:
    work = tmp_path / "work"
    folder_with(work / "release.before", "old")
    release = folder_with(tmp_path / "release", "new")
    restore_folder(release, work=work)
    assert (release / "file").read_text() == "new"
