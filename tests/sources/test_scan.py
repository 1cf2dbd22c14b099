"""A user's folder becomes a set: every usable picture once, the others named with their reason."""

from __future__ import annotations

import os
import shutil
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.sources.conftest import Listener, scene
from zoo.errors import InputError
from zoo.sources import PictureSet, read_picture, scan_pictures
from zoo.spec import DataSplit

MakePicture = Callable[..., Path]
SPLIT = DataSplit(calibration=0.1, evaluation=0.2, smallest_side=48)
ORIENTATION = 274


@pytest.fixture
def folder(tmp_path: Path, cache: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def scan(folder: Path, listener: Listener | None = None) -> PictureSet:
    return scan_pictures(folder, SPLIT, progress=listener or Listener())


def reasons(found: PictureSet) -> dict[str, str]:
    return {skipped.file: skipped.reason for skipped in found.skipped}


def names(found: PictureSet) -> list[str]:
    return [picture.name for picture in found.pictures]


def test_pictures_are_found_however_deep_in_three_formats(folder: Path, make_picture: MakePicture) -> None:
    make_picture(folder / "a.JPG", 1, side=60)
    make_picture(folder / "b" / "c" / "d.png", 2, side=70)
    make_picture(folder / "b" / "e.webp", 3, side=80)
    (folder / "notes.txt").write_text("no picture")
    found = scan(folder)
    assert [(picture.name, picture.width, picture.height) for picture in found.pictures] == [
        ("a.JPG", 60, 60),
        ("b/c/d.png", 70, 70),
        ("b/e.webp", 80, 80),
    ]
    assert (found.name, found.sample, found.found, found.duplicates, found.skipped) == ("pictures", False, 3, 0, ())


def test_a_turned_photograph_is_measured_and_read_upright(folder: Path) -> None:
    image = scene(1).resize((96, 64))
    exif = image.getexif()
    exif[ORIENTATION] = 6
    image.save(folder / "turned.png", exif=exif)
    (picture,) = scan(folder).pictures
    assert (picture.width, picture.height) == (64, 96)
    turned = read_picture(picture.path)
    assert turned.shape == (96, 64, 3)
    assert np.array_equal(turned, np.rot90(np.asarray(image), k=-1))


def test_damaged_pictures_among_good_ones_are_skipped_with_their_reasons(
    folder: Path, make_picture: MakePicture
) -> None:
    make_picture(folder / "good.jpg", 1)
    whole = make_picture(folder / "cut.jpg", 2, quality=95).read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    whole = make_picture(folder / "cut.png", 3).read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("I am no picture")
    (folder / "empty.webp").write_bytes(b"")
    make_picture(folder / "small.png", 4, side=47)
    found = scan(folder)
    assert names(found) == ["good.jpg"]
    assert found.found == 6
    told = reasons(found)
    assert told["cut.jpg"].startswith("damaged: ")
    assert told["cut.png"].startswith("damaged: ")
    assert told["text.jpg"] == told["empty.webp"] == "not a JPEG, PNG or WebP picture"
    assert told["small.png"] == "47 x 47 pixels, a side below 48"


def test_a_decompression_bomb_is_not_unpacked(folder: Path, make_picture: MakePicture) -> None:
    make_picture(folder / "good.jpg", 1)
    for side in (9_000, 60_000):
        (folder / f"bomb{side}.png").write_bytes(black_png(side))
    used = time.process_time()
    found = scan(folder)
    assert time.process_time() - used < 3
    assert names(found) == ["good.jpg"]
    assert set(reasons(found)) == {"bomb9000.png", "bomb60000.png"}
    assert all("more than the 64000000" in reason for reason in reasons(found).values())


def test_grey_transparent_and_deep_pictures_are_read_as_rgb(folder: Path) -> None:
    image = scene(1)
    image.convert("L").save(folder / "grey.png")
    clear = image.convert("RGBA")
    clear.putalpha(0)
    clear.save(folder / "clear.png")
    levels = np.linspace(0, 65535, 96 * 96, dtype=np.uint16).reshape(96, 96)
    from PIL import Image

    Image.fromarray(levels).save(folder / "deep.png")
    read = {path.stem: read_picture(path) for path in folder.iterdir()}
    assert all(picture.shape == (96, 96, 3) and picture.dtype == np.uint8 for picture in read.values())
    assert (read["clear"] == 255).all()
    assert np.abs(read["deep"][..., 0].astype(int) - (levels >> 8)).max() <= 1


def test_copies_count_once_and_the_labelled_copy_is_kept(folder: Path, make_picture: MakePicture) -> None:
    make_picture(folder / "a.png", 1)
    (folder / "z").mkdir()
    shutil.copy(folder / "a.png", folder / "z" / "copy.png")
    make_picture(folder / "other.png", 2)
    (folder / "z" / "groups.csv").write_text("file,tone\ncopy.png,5\n")
    found = scan(folder)
    assert names(found) == ["other.png", "z/copy.png"]
    assert (found.found, found.duplicates) == (3, 1)
    assert found.pictures[1].groups == {"tone": "5"}


def test_links_neither_loop_nor_lead_out(folder: Path, tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(folder / "in" / "good.png", 1)
    outside = make_picture(tmp_path / "private.png", 2)
    (folder / "in" / "loop").symlink_to(folder)
    (folder / "self.png").symlink_to("self.png")
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "escape.png").symlink_to(outside)
    (folder / "inside.png").symlink_to("in/good.png")
    found = scan(folder)
    assert names(found) == ["in/good.png"]
    assert found.duplicates == 1
    assert reasons(found) == {
        "escape.png": "a link that leads out of the folder",
        "gone.png": "a link that leads nowhere",
        "self.png": "a link that leads nowhere",
    }


def test_a_named_pipe_does_not_hang_the_scan(folder: Path, make_picture: MakePicture) -> None:
    make_picture(folder / "good.png", 1)
    os.mkfifo(folder / "pipe.jpg")
    assert reasons(scan(folder)) == {"pipe.jpg": "not a regular file"}


def test_hidden_files_and_what_archivers_leave_are_ignored(folder: Path, make_picture: MakePicture) -> None:
    make_picture(folder / "good.png", 1)
    make_picture(folder / ".thumbnails" / "a.png", 2)
    make_picture(folder / "__MACOSX" / "b.png", 3)
    (folder / "._good.png").write_bytes(b"\0\5\x16\7")
    assert scan(folder).found == 1


def test_a_name_that_is_not_utf8_is_skipped(folder: Path, make_picture: MakePicture) -> None:
    good = make_picture(folder / "good.png", 1)
    shutil.copy(good, os.fsencode(folder) + b"/\xff.png")
    assert reasons(scan(folder)) == {"\\udcff.png": "its name is not UTF-8"}


def test_a_folder_without_a_usable_picture_is_an_input_error(folder: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        scan(folder / "missing")
    with pytest.raises(InputError, match="has no JPEG, PNG or WebP picture"):
        scan(folder)
    (folder / "a.jpg").write_text("no picture")
    with pytest.raises(InputError, match=r"no usable picture among 1, the first \(a\.jpg\)"):
        scan(folder)


def test_the_set_hash_stands_for_contents_and_labels_only(
    folder: Path, tmp_path: Path, make_picture: MakePicture
) -> None:
    make_picture(folder / "a.png", 1)
    make_picture(folder / "b" / "c.png", 2)
    (folder / "b" / "groups.csv").write_text("file,tone\nc.png,5\n")
    first = scan(folder)
    elsewhere = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    for path in elsewhere.rglob("*.png"):
        os.utime(path, (1e9, 1e9))
    assert scan(elsewhere).sha256 == first.sha256
    (elsewhere / "b" / "groups.csv").write_text("file,tone\nc.png,6\n")
    assert scan(elsewhere).sha256 != first.sha256
    make_picture(folder / "a.png", 3)
    assert scan(folder).sha256 != first.sha256


def test_credits_name_the_folder_and_the_first_heading(folder: Path, make_picture: MakePicture) -> None:
    make_picture(folder / "faces" / "a.png", 1)
    (folder / "faces" / "SOURCE.md").write_text("Some text\n# Portraits\x1b[31m (CC0)\n# More\n")
    (folder / "hands").mkdir()
    (folder / "hands" / "SOURCE.md").write_text("")
    assert scan(folder).sources == ("faces: Portraits [31m (CC0)", "hands")


def test_the_shared_folder_is_scanned_in_time(shared_data: Path, cache: Path) -> None:
    started, used = time.monotonic(), time.process_time()
    found = scan(shared_data)
    assert time.monotonic() - started < 60
    first = time.process_time() - used
    assert len(found.pictures) + found.duplicates + len(found.skipped) == found.found
    assert found.group_columns == ("age", "gender", "race")
    genders = [picture.groups.get("gender") for picture in found.pictures]
    assert set(genders) == {"Male", "Female", None}
    assert all(picture.face is not None for picture in found.pictures if "fairface" in picture.name)
    shares = {split: len(found.of(split)) / len(found.pictures) for split in ("evaluation", "calibration")}
    assert shares == pytest.approx({"evaluation": 0.2, "calibration": 0.1}, abs=0.02)
    # Processor time, for other work may share the machine; a second scan waits for nothing and reads no picture.
    used = time.process_time()
    again = Listener()
    assert scan(shared_data, again) == found
    assert time.process_time() - used < first / 4
    assert again.tasks == []


def black_png(side: int) -> bytes:
    """A PNG of a few bytes that claims side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
