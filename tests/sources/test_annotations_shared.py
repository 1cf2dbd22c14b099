"""Real annotated sets, where they are at hand: read whole, and as other readers have them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.sources import read_picture
from zoo.sources.annotations import JOINTS, AnnotatedSet, read_annotations


def read(shared_data: Path, place: str) -> AnnotatedSet:
    path = shared_data / place
    if not path.exists():
        pytest.skip(f"the shared pictures lack {place}")
    return read_annotations(path)


@pytest.mark.parametrize(
    ("place", "format_name", "pictures", "objects", "points"),
    [
        ("persons/coco", "coco", 80, 172, 17),
        ("persons/lspet", "coco", 1600, 1600, 14),
        ("hands/lu_gestures", "yolo", 754, 754, 0),
        ("hands/mmpose/freihand", "coco", 8, 8, 21),
        ("hands/mmpose/onehand10k", "coco", 4, 4, 21),
        ("hands/mmpose/coco/test_coco.json", "coco", 4, 14, 17),
        ("faces/dlib/training.xml", "dlib", 4, 18, 0),
        ("faces/dlib/testing_with_face_landmarks.xml", "dlib", 5, 25, 68),
        ("faces/fairface", "csv", 396, 396, 0),
        ("faces/congress", "csv", 895, 0, 0),
    ],
)
def test_is_read_whole(
    shared_data: Path, place: str, format_name: str, pictures: int, objects: int, points: int
) -> None:
    found = read(shared_data, place)
    assert found.format == format_name
    assert (len(found.pictures), found.objects, len(found.keypoint_names)) == (pictures, objects, points)
    assert found.left_out == ()
    boxes = np.array([thing.box for picture in found.pictures for thing in picture.objects if thing.box])
    assert ((boxes > -0.2) & (boxes < 1.2)).all()


def test_coco_is_as_pycocotools_has_it(shared_data: Path) -> None:
    from pycocotools.coco import COCO

    found = read(shared_data, "persons/coco")
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = COCO(str(shared_data / "persons/coco/person_keypoints.json"))
    by_name = {image["file_name"]: image for image in theirs.dataset["images"]}
    crowds = 0
    for picture in found.pictures:
        image = by_name[picture.path.name]
        assert (picture.width, picture.height) == (image["width"], image["height"])
        entries = theirs.loadAnns(theirs.getAnnIds(imgIds=[image["id"]]))
        assert len(picture.objects) == len(entries)
        size = np.array([picture.width, picture.height])
        for thing, entry in zip(picture.objects, entries, strict=True):
            x, y, width, height = entry["bbox"]
            np.testing.assert_allclose(np.array(thing.box) * np.tile(size, 2), [x, y, x + width, y + height])
            np.testing.assert_allclose(
                np.array(thing.keypoints) * (*size, 1), np.array(entry["keypoints"]).reshape(-1, 3)
            )
            assert (thing.crowd, thing.area) == (bool(entry["iscrowd"]), entry["area"])
            assert thing.labelled_points == entry["num_keypoints"]
            crowds += thing.crowd
    assert crowds == 5


def test_lspets_joints_are_lsps(shared_data: Path) -> None:
    found = read(shared_data, "persons/lspet")
    assert found.keypoint_names == JOINTS
    content = json.loads((shared_data / "persons/lspet/keypoints.json").read_text())
    assert found.objects == len(content["annotations"])


def test_only_regions_come_from_chips_and_groups_from_labels(shared_data: Path) -> None:
    faces = read(shared_data, "faces/fairface")
    assert faces.group_columns == ("age", "gender", "race")
    assert all(thing.region for picture in faces.pictures for thing in picture.objects)
    portraits = read(shared_data, "faces/congress")
    assert portraits.group_columns == ("gender",)
    assert not any(picture.labelled for picture in portraits.pictures)


def test_a_header_gives_the_size_that_decoding_does(shared_data: Path) -> None:
    for place in ("persons/coco", "faces/dlib/training.xml", "hands/mmpose/onehand10k"):
        for picture in read(shared_data, place).pictures[:4]:
            assert read_picture(picture.path).shape[:2] == (picture.height, picture.width)


def test_yolo_boxes_are_its_lines(shared_data: Path) -> None:
    found = read(shared_data, "hands/lu_gestures")
    assert {thing.category for picture in found.pictures for thing in picture.objects} == {
        *("five", "four", "one", "three", "two")
    }
    for picture in found.pictures[:20]:
        label = Path(str(picture.path).replace("/images/", "/labels/")).with_suffix(".txt")
        _, x, y, width, height = map(float, label.read_text().split())
        (thing,) = picture.objects
        assert thing.box == pytest.approx((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        with Image.open(picture.path) as image:
            assert image.size == (picture.width, picture.height)
