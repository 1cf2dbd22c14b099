"""Every format reads back what was written in it; and the format is found."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat

from tests.sources import annotated as made
from tests.sources.annotated import Scene, Thing
from zoo.errors import InputError
from zoo.sources.annotations import FORMATS, HAND_POINTS, JOINTS, AnnotatedSet, read_annotations

SIZE = (64, 48)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[int, int, int, int]:
    x, y = draw(st.integers(0, SIZE[0] - 2)), draw(st.integers(0, SIZE[1] - 2))
    return x, y, draw(st.integers(1, SIZE[0] - x)), draw(st.integers(1, SIZE[1] - y))


def point(visibilities: tuple[int, ...]) -> st.SearchStrategy[tuple[float, float, int]]:
    place = st.tuples(st.integers(0, SIZE[0]), st.integers(0, SIZE[1]), st.sampled_from(visibilities))
    # COCO writes what is not labelled as 0, 0, 0.
    return place.map(lambda drawn: (drawn[0], drawn[1], drawn[2]) if drawn[2] else (0, 0, 0))


def scenes(
    *, most: int, points: tuple[str, ...] = (), visibilities: tuple[int, ...] = (0, 2)
) -> st.SearchStrategy[Scene]:
    drawn_points = st.tuples(*(point(visibilities) for _ in points))
    things = st.builds(Thing, boxes(), drawn_points)
    least = 1 if points and most == 1 else 0
    row = st.lists(things, min_size=least, max_size=most)
    # In the order of their names, as they come back.
    pictures = st.lists(row, min_size=1, max_size=3).map(
        lambda rows: {f"{place}.jpg": tuple(row) for place, row in enumerate(rows)}
    )
    return st.builds(Scene, st.just(SIZE), pictures, st.just(points))


def round_trip(write: Callable[[Scene, Path], None], scene: Scene) -> AnnotatedSet:
    with tempfile.TemporaryDirectory() as folder:
        write(scene, Path(folder))
        return read_annotations(folder)


def expected_boxes(scene: Scene) -> dict[str, list[tuple[int, ...]]]:
    return {name: [thing.box for thing in things if thing.box] for name, things in scene.things.items()}


@pytest.mark.parametrize(
    ("name", "write", "most"),
    [
        ("coco", made.write_coco, 3),
        ("dlib", made.write_dlib, 3),
        ("wider_face", made.write_wider_face, 3),
        ("yolo", made.write_yolo, 3),
        ("csv", made.write_csv, 1),
    ],
)
def test_boxes_come_back(name: str, write: Callable[[Scene, Path], None], most: int) -> None:
    @given(scenes(most=most).filter(lambda scene: any(scene.things.values())))
    @settings(max_examples=15, deadline=None)
    def holds(scene: Scene) -> None:
        found = round_trip(write, scene)
        assert found.format == name
        assert found.how.startswith("detected: ")
        theirs = made.boxes_of(found)
        assert list(theirs) == list(scene.things)
        for picture, expected in expected_boxes(scene).items():
            np.testing.assert_allclose(
                np.array(theirs[picture]).reshape(-1, 4), np.array(expected).reshape(-1, 4), atol=1e-4
            )
        assert {thing.category for one in found.pictures for thing in one.objects} == {"face"}
        assert not any(thing.ignore for one in found.pictures for thing in one.objects)
        assert found.left_out == ()

    holds()


@pytest.mark.parametrize(
    ("name", "write", "names", "most", "visibilities"),
    [
        ("coco", made.write_coco, ("eye", "nose", "chin"), 3, (0, 1, 2)),
        ("dlib", made.write_dlib, ("00", "01", "02"), 2, (2,)),
        ("lsp", made.write_lsp, JOINTS, 1, (0, 2)),
        ("freihand", made.write_freihand, HAND_POINTS, 1, (2,)),
    ],
)
def test_points_come_back(
    name: str,
    write: Callable[[Scene, Path], None],
    names: tuple[str, ...],
    most: int,
    visibilities: tuple[int, ...],
) -> None:
    @given(scenes(most=most, points=names, visibilities=visibilities).filter(lambda scene: all(scene.things.values())))
    @settings(max_examples=15, deadline=None)
    def holds(scene: Scene) -> None:
        found = round_trip(write, scene)
        assert (found.format, found.keypoint_names) == (name, names)
        theirs = made.points_of(found)
        for ours, things in zip(theirs, scene.things.values(), strict=True):
            assert len(ours) == len(things)
            for points, thing in zip(ours, things, strict=True):
                np.testing.assert_allclose(points, thing.points, atol=1e-6)

    holds()


ONE = Scene(SIZE, {"a.jpg": (Thing((4, 5, 20, 30)),), "b.jpg": ()})


def test_says_where_each_object_stands(tmp_path: Path) -> None:
    for name, where in (
        ("coco", "labels.json annotations[0]"),
        ("yolo", "train/labels/a.txt line 1"),
        ("dlib", "faces.xml line 4"),
        ("wider_face", "wider_face_split/wider_face_val_bbx_gt.txt line 3"),
        ("csv", "labels.csv line 2"),
    ):
        root = tmp_path / name
        root.mkdir()
        getattr(made, f"write_{name}")(ONE, root)
        assert read_annotations(root).pictures[0].objects[0].where == where


def test_no_objects_is_not_the_same_as_no_word(tmp_path: Path) -> None:
    made.write_csv(ONE, tmp_path)
    assert [picture.labelled for picture in read_annotations(tmp_path).pictures] == [True, False]
    yolo = tmp_path / "yolo"
    made.write_yolo(ONE, yolo)
    made.draw_picture(yolo / "others" / "c.jpg", SIZE)
    found = read_annotations(yolo)
    assert {picture.name: picture.labelled for picture in found.pictures} == {
        "others/c.jpg": False,
        "train/images/a.jpg": True,
        "train/images/b.jpg": True,
    }


def test_a_chip_is_a_region_and_not_a_face(tmp_path: Path) -> None:
    made.write_csv(ONE, tmp_path)
    assert not read_annotations(tmp_path).pictures[0].objects[0].region
    table = tmp_path / "labels.csv"
    table.write_text(table.read_text().replace("face_", "chip_"))
    assert read_annotations(tmp_path).pictures[0].objects[0].region


def test_groups_come_with_any_format(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    (tmp_path / "groups.csv").write_text("file,age\nimages/a.jpg,old\n")
    found = read_annotations(tmp_path)
    assert found.format == "coco"
    assert found.group_columns == ("age",)
    assert [picture.groups for picture in found.pictures] == [{"age": "old"}, {}]


def test_cocos_official_layout(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    (tmp_path / "annotations").mkdir()
    (tmp_path / "images").rename(tmp_path / "val2017")
    keypoints = tmp_path / "annotations" / "person_keypoints_val2017.json"
    (tmp_path / "labels.json").rename(keypoints)
    shutil.copy(keypoints, tmp_path / "annotations" / "instances_val2017.json")
    shutil.copy(keypoints, tmp_path / "annotations" / "instances_train2017.json")
    (tmp_path / "annotations" / "captions_val2017.json").write_text('{"images": [], "annotations": []}')
    found = read_annotations(tmp_path)
    assert found.file == "annotations/person_keypoints_val2017.json"
    assert [picture.name for picture in found.pictures] == ["val2017/a.jpg", "val2017/b.jpg"]
    assert read_annotations(keypoints) == found
    other = read_annotations(tmp_path / "annotations" / "instances_val2017.json")
    assert (other.file, other.pictures[0].name) == ("annotations/instances_val2017.json", "val2017/a.jpg")


def test_crowds_and_marks_to_ignore_are_kept(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    file = tmp_path / "labels.json"
    content = json.loads(file.read_text())
    content["annotations"] = [
        content["annotations"][0] | change for change in ({"iscrowd": 1}, {"ignore": 1}, {"bbox": [3, 4, 0, 7]}, {})
    ]
    file.write_text(json.dumps(content))
    things = read_annotations(tmp_path).pictures[0].objects
    assert [(thing.crowd, thing.ignore) for thing in things] == [
        (True, True),
        (False, True),
        (False, True),
        (False,) * 2,
    ]
    assert things[2].box is None
    assert things[3].area == 600.0


def test_dlibs_and_wider_faces_marks_to_ignore_are_kept(tmp_path: Path) -> None:
    dlib = tmp_path / "dlib"
    made.write_dlib(ONE, dlib)
    file = dlib / "faces.xml"
    file.write_text(file.read_text().replace("<box ", "<box ignore='1' "))
    assert read_annotations(dlib).pictures[0].objects[0].ignore
    wider = tmp_path / "wider"
    wider.mkdir()
    made.write_wider_face(ONE, wider)
    split = wider / "wider_face_split" / "wider_face_val_bbx_gt.txt"
    split.write_text(split.read_text().replace("4 5 20 30 0 0 0 0", "4 5 20 30 0 0 0 1"))
    assert read_annotations(wider).pictures[0].objects[0].ignore


def test_lsp_marks_hidden_joints_where_lspet_marks_labelled_ones(tmp_path: Path) -> None:
    made.draw_picture(tmp_path / "images" / "im0001.jpg", SIZE)
    joints = np.full((3, 14, 1), 10.0)
    joints[2] = 0
    joints[2, 5] = 1
    savemat(tmp_path / "joints.mat", {"joints": joints})
    (picture,) = read_annotations(tmp_path).pictures
    (person,) = picture.objects
    assert [seen for _, _, seen in person.keypoints] == [1 if place == 5 else 2 for place in range(14)]
    assert (person.box, person.labelled_points) == (None, 14)


def test_freihands_backgrounds_are_the_same_hands(tmp_path: Path) -> None:
    points = tuple((float(place), float(place + 1), 2) for place in range(21))
    made.write_freihand(Scene(SIZE, {"a": (Thing(None, points),), "b": (Thing(None, points[::-1]),)}), tmp_path)
    for place in (2, 3):
        made.draw_picture(tmp_path / "training" / "rgb" / f"{place:08d}.jpg", SIZE)
    found = read_annotations(tmp_path)
    assert len(found.pictures) == 4
    first, second, third, fourth = (picture.objects for picture in found.pictures)
    assert (first, second) == (third, fourth)
    assert first != second


def test_sides_are_those_of_the_picture_as_shown(tmp_path: Path) -> None:
    made.write_yolo(ONE, tmp_path)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", SIZE).save(tmp_path / "train" / "images" / "a.jpg", exif=turned)
    sizes = {picture.path.name: (picture.width, picture.height) for picture in read_annotations(tmp_path).pictures}
    assert sizes == {"a.jpg": (48, 64), "b.jpg": (64, 48)}


def test_absent_and_broken_pictures_are_left_out_with_the_reason(tmp_path: Path) -> None:
    three = Scene(SIZE, {**ONE.things, "c.jpg": ()})
    made.write_coco(three, tmp_path)
    (tmp_path / "images" / "b.jpg").write_bytes(b"not a picture")
    (tmp_path / "images" / "c.jpg").unlink()
    found = read_annotations(tmp_path)
    assert [picture.name for picture in found.pictures] == ["images/a.jpg"]
    assert {one.file: one.reason for one in found.left_out} == {
        "c.jpg": "no such picture in the folder",
        "images/b.jpg": "not a JPEG, PNG or WebP picture",
    }


def test_yolo_labels_without_a_picture_are_told(tmp_path: Path) -> None:
    made.write_yolo(ONE, tmp_path)
    (tmp_path / "train" / "labels" / "gone.txt").write_text("0 0.5 0.5 0.1 0.1")
    (left_out,) = read_annotations(tmp_path).left_out
    assert left_out.file == "the picture of train/labels/gone.txt"


def test_yolo_labels_may_lie_beside_their_pictures(tmp_path: Path) -> None:
    made.draw_picture(tmp_path / "a.jpg", SIZE)
    (tmp_path / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n\n")
    found = read_annotations(tmp_path)
    assert (found.format, found.pictures[0].objects[0].category) == ("yolo", "1")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert read_annotations(tmp_path).pictures[0].objects[0].category == "dog"


def test_two_formats_that_fit_are_both_named(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    made.write_dlib(ONE, tmp_path)
    with pytest.raises(
        InputError, match=r"in more than one format, coco \(labels\.json\) and dlib \(faces\.xml\): name"
    ):
        read_annotations(tmp_path)
    assert read_annotations(tmp_path, format="dlib").how == "named"
    assert read_annotations(tmp_path / "labels.json").format == "coco"


def test_two_files_of_a_format_are_both_named(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    shutil.copy(tmp_path / "labels.json", tmp_path / "old.json")
    with pytest.raises(InputError, match=r"2 coco files \(labels\.json, old\.json\): give the path of the one to read"):
        read_annotations(tmp_path)
    assert read_annotations(tmp_path / "old.json").file == "old.json"


def test_a_format_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    for name in set(FORMATS) - {"coco"}:
        with pytest.raises(InputError, match=rf"has no {name} annotations"):
            read_annotations(tmp_path, format=name)
    with pytest.raises(InputError, match="'pascal' is no annotation format: name one of coco, yolo"):
        read_annotations(tmp_path, format="pascal")


def test_a_folder_without_annotations_is_told_the_formats(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no JPEG, PNG or WebP picture"):
        read_annotations(tmp_path)
    made.draw_picture(tmp_path / "a.jpg", SIZE)
    with pytest.raises(InputError, match=r"no annotations in a format that is read \(coco: a JSON file"):
        read_annotations(tmp_path)
    with pytest.raises(InputError, match="neither a folder nor a file"):
        read_annotations(tmp_path / "nowhere")


def test_either_of_freihands_files_names_both(tmp_path: Path) -> None:
    points = tuple((float(place), float(place + 1), 2) for place in range(21))
    made.write_freihand(Scene(SIZE, {"a": (Thing(None, points),)}), tmp_path)
    whole = read_annotations(tmp_path)
    for name in ("training_xyz.json", "training_K.json"):
        assert read_annotations(tmp_path / name).pictures == whole.pictures
        assert read_annotations(tmp_path / name, format="freihand").pictures == whole.pictures


def test_tables_may_lie_deeper(tmp_path: Path) -> None:
    made.write_csv(ONE, tmp_path / "faces")
    found = read_annotations(tmp_path)
    assert (found.file, found.pictures[0].name) == ("faces/labels.csv", "faces/a.jpg")
