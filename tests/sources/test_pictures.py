"""The list of pictures passes through its file unchanged; broken pictures and lists are refused at the door."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.conftest import Listener, scene
from zoo.errors import InputError, OutsideError
from zoo.sources import (
    PictureSet,
    read_picture,
    read_picture_set,
    sample_pictures,
    scan_pictures,
    write_picture_set,
)
from zoo.sources._decode import UnusableError, inspect_picture
from zoo.spec import DataSplit, SamplePicture, load_spec


@pytest.fixture
def pictures(tmp_path: Path, cache: Path, make_picture: Callable[..., Path]) -> PictureSet:
    for seed in range(6):
        make_picture(tmp_path / "set" / f"{seed}.png", seed)
    (tmp_path / "set" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "set" / "labels.csv").write_text("file,age,face_x,face_y,face_w,face_h\n1.png,20-29,1,1,33,33\n")
    return scan_pictures(tmp_path / "set", DataSplit(), progress=Listener())


def test_a_set_comes_back_as_it_was_written(pictures: PictureSet, tmp_path: Path) -> None:
    write_picture_set(pictures, tmp_path / "list.json")
    assert read_picture_set(tmp_path / "list.json") == pictures
    first = (tmp_path / "list.json").read_bytes()
    write_picture_set(pictures, tmp_path / "list.json")
    assert (tmp_path / "list.json").read_bytes() == first
    assert sorted(path.name for path in tmp_path.glob("*list*")) == ["list.json"]


def test_the_splits_part_the_set(pictures: PictureSet) -> None:
    parts = [pictures.of("train"), pictures.of("calibration"), pictures.of("evaluation")]
    assert sorted(picture.name for part in parts for picture in part) == [one.name for one in pictures.pictures]


def test_a_list_that_was_changed_is_refused(pictures: PictureSet, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    moved = replace(pictures.pictures[0], split="train" if pictures.pictures[0].split != "train" else "evaluation")
    write_picture_set(replace(pictures, pictures=(moved, *pictures.pictures[1:])), path)
    with pytest.raises(InputError, match="its hash no longer holds"):
        read_picture_set(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"name": 3}'])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.json").write_text(text)
    with pytest.raises(InputError, match=r"list\.json is not a list of pictures"):
        read_picture_set(tmp_path / "list.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_picture_set(tmp_path / "missing.json")


def test_an_unknown_field_in_a_list_is_refused(pictures: PictureSet, tmp_path: Path) -> None:
    write_picture_set(pictures, tmp_path / "list.json")
    listed = json.loads((tmp_path / "list.json").read_text())
    listed["pictures"][0]["sponsor"] = "nobody"
    (tmp_path / "list.json").write_text(json.dumps(listed))
    with pytest.raises(InputError, match=r"pictures\.0\.sponsor"):
        read_picture_set(tmp_path / "list.json")


def test_the_sample_of_the_face_detector_is_installed_free_and_has_a_picture_in_each_split() -> None:
    sample = load_spec("face_detector").spec.data.sample
    found = sample_pictures(sample)
    assert found.sample
    assert found.skipped == ()
    assert len(found.pictures) == len(sample)
    assert all(found.of(split) for split in ("train", "calibration", "evaluation"))
    assert all(read_picture(picture.path).shape == (picture.height, picture.width, 3) for picture in found.pictures)
    assert all(picture.name in credit for picture, credit in zip(found.pictures, found.sources, strict=True))


def test_the_sample_does_without_what_is_not_installed_until_nothing_is_left() -> None:
    here = SamplePicture(package="scikit-image", path="skimage/data/astronaut.png", licence="x", split="train")
    gone = SamplePicture(package="zoo-test-weights", path="a.png", licence="x", split="train")
    lacking = SamplePicture(package="scikit-image", path="skimage/data/nobody.png", licence="x", split="train")
    found = sample_pictures([gone, here, lacking])
    assert [picture.name for picture in found.pictures] == ["skimage/data/astronaut.png"]
    assert [skipped.file for skipped in found.skipped] == ["a.png", "skimage/data/nobody.png"]
    with pytest.raises(OutsideError, match="give --data a folder"):
        sample_pictures([gone])


def test_a_picture_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    for name in ("a.jpg", "missing.jpg"):
        with pytest.raises(InputError, match=name):
            read_picture(tmp_path / name)


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    scene(1, side=64).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_any_damage_is_decoded_or_refused(tmp_path: Path, kind: str) -> None:
    whole = encoded(kind)

    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8), st.integers(0, 20))
    @settings(max_examples=60, deadline=None)
    def holds(changes: list[tuple[int, int]], cut: int) -> None:
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        path = tmp_path / "a"
        path.write_bytes(data[: len(data) - cut])
        with suppress(UnusableError):
            assert inspect_picture(path).width > 0

    holds()
