"""Files that a user names are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zoo.errors import InputError, OutsideError
from zoo.files import write_file


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
