"""Annotations as programs write them: numbers as floats, outlines, marks of encodings, names in another Unicode form,
pictures that are turned or of another kind, and files that a person names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.sources import annotated as made
from tests.sources.annotated import Scene, Thing
from tests.sources.conftest import Listener
from zoo.errors import InputError
from zoo.sources import scan_pictures
from zoo.sources.annotations import AnnotatedSet, find_annotations, read_annotations
from zoo.spec import DataSplit

SIZE = (64, 48)
ONE = Scene(SIZE, {"a.jpg": (Thing((4, 5, 20, 30)),), "b.jpg": ()})
BOX = pytest.approx((4, 5, 20, 30), abs=1e-4)
WRITERS: dict[str, tuple[Callable[[Scene, Path], None], str]] = {
    "coco": (made.write_coco, "labels.json"),
    "yolo": (made.write_yolo, "train/labels/a.txt"),
    "dlib": (made.write_dlib, "faces.xml"),
    "wider_face": (made.write_wider_face, "wider_face_split/wider_face_val_bbx_gt.txt"),
    "csv": (made.write_csv, "labels.csv"),
}


def sentence(place: Path, **how: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_annotations(place, **how)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 700
    return message


def heard(place: Path) -> tuple[AnnotatedSet, list[str]]:
    listener = Listener()
    return read_annotations(place, progress=listener), listener.remarks


# Numbers as floats


def test_coco_takes_whole_numbers_that_are_written_as_floats_or_text(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    file = tmp_path / "labels.json"
    content = json.loads(file.read_text())
    for image in content["images"]:
        image |= {"id": float(image["id"]), "width": 64.0, "height": 48.0}
    for annotation in content["annotations"]:
        annotation |= {"image_id": str(annotation["image_id"]), "category_id": 3.0, "iscrowd": False}
    file.write_text(json.dumps(content))
    assert made.boxes_of(read_annotations(tmp_path))["a.jpg"] == [BOX]
    content["annotations"][0]["category_id"] = 3.5
    file.write_text(json.dumps(content))
    assert "annotations[0].category_id: Input should be a valid integer" in sentence(tmp_path)


def test_yolo_takes_a_class_as_numpy_writes_it(tmp_path: Path) -> None:
    made.write_yolo(ONE, tmp_path)
    label = tmp_path / "train" / "labels" / "a.txt"
    np.savetxt(label, np.array([[0, 14 / 64, 20 / 48, 20 / 64, 30 / 48]]))
    assert label.read_text().startswith("0.000000000000000000e+00 ")
    assert made.boxes_of(read_annotations(tmp_path))["a.jpg"] == [BOX]


def test_a_label_beside_its_picture_with_a_float_class_is_known_for_yolo(tmp_path: Path) -> None:
    made.draw_picture(tmp_path / "a.jpg", SIZE)
    np.savetxt(tmp_path / "a.txt", np.array([[1, 0.5, 0.5, 0.5, 0.5]]))
    found = read_annotations(tmp_path)
    assert (found.format, found.pictures[0].objects[0].category) == ("yolo", "1")


def test_wider_face_takes_whole_numbers_that_are_written_as_floats(tmp_path: Path) -> None:
    made.write_wider_face(ONE, tmp_path)
    split = tmp_path / "wider_face_split" / "wider_face_val_bbx_gt.txt"
    face = "4.000e+00 5.0 20.0 30.0 0.0 0.0 0.0 1.0 0.0 0.0"
    split.write_text(f"0--Parade/a.jpg\n1.0\n{face}\n0--Parade/b.jpg\n0.0\n0.0 0.0 0 0 0 0 0 0 0 0\n")
    found = read_annotations(tmp_path)
    assert made.boxes_of(found) == {"a.jpg": [BOX], "b.jpg": []}
    assert found.pictures[0].objects[0].ignore


@pytest.mark.parametrize(("mark", "ignored"), [("0.0", False), ("False", False), ("1.0", True), ("true", True)])
def test_dlib_takes_any_spelling_of_its_mark_to_ignore(tmp_path: Path, mark: str, ignored: bool) -> None:
    made.write_dlib(ONE, tmp_path)
    file = tmp_path / "faces.xml"
    file.write_text(file.read_text().replace("<box ", f"<box ignore='{mark}' "))
    assert read_annotations(tmp_path).pictures[0].objects[0].ignore == ignored
    file.write_text(file.read_text().replace(f"ignore='{mark}'", "ignore='perhaps'"))
    assert "faces.xml line 4: ignore='perhaps' is not a number" in sentence(tmp_path)


# Outlines and key points


def yolo(root: Path, line: str, yaml: str = "names: [hand]\n") -> Path:
    made.draw_picture(root / "images" / "a.png", SIZE)
    (root / "labels").mkdir(exist_ok=True)
    (root / "labels" / "a.txt").write_text(line)
    (root / "data.yaml").write_text(yaml)
    return root


@pytest.mark.parametrize(
    "line", ["0 0.5 0.25 0.9 0.25 0.9 0.9 0.5 0.9", "0 0.7 0.25 0.9 0.9 0.5 0.4", "0 0.5 0.25 0.5 0.9 0.9 0.9 0.9 0.25"]
)
def test_an_outline_becomes_the_box_around_it(tmp_path: Path, line: str) -> None:
    (thing,) = read_annotations(yolo(tmp_path, line)).pictures[0].objects
    assert thing.box == (0.5, 0.25, 0.9, 0.9)
    assert thing.keypoints == ()


def test_an_outline_of_the_whole_picture_is_not_taken_for_key_points(tmp_path: Path) -> None:
    (thing,) = read_annotations(yolo(tmp_path, "0 0 0 1 0 1 1 0 1 0 0")).pictures[0].objects
    assert thing.box == (0, 0, 1, 1)


POINTS = "names: [hand]\nkpt_shape: [2, 3]\n"


def test_key_points_are_read_by_their_shape(tmp_path: Path) -> None:
    found = read_annotations(yolo(tmp_path, "0 0.5 0.5 0.4 0.4 0.4 0.5 2 0.6 0.5 1.0\n0 0.5 0.5 0.4 0.4\n", POINTS))
    first, second = found.pictures[0].objects
    assert first.box == pytest.approx((0.3, 0.3, 0.7, 0.7))
    assert first.keypoints == ((0.4, 0.5, 2), (0.6, 0.5, 1))
    assert second.keypoints == ()
    assert found.keypoint_names == ("0", "1")


def test_key_points_of_two_numbers_are_labelled_unless_they_lie_at_the_origin(tmp_path: Path) -> None:
    shape = "names: [hand]\nkpt_shape: [3, 2]\nkpt_names: {0: [thumb, palm, wrist]}\n"
    found = read_annotations(yolo(tmp_path, "0 0.5 0.5 0.4 0.4 0.4 0.5 0 0 -1 -1", shape))
    assert found.pictures[0].objects[0].keypoints == ((0.4, 0.5, 2), (0.0, 0.0, 0), (0.0, 0.0, 0))
    assert found.keypoint_names == ("thumb", "palm", "wrist")


def test_seventeen_points_that_mirror_as_cocos_have_cocos_names(tmp_path: Path) -> None:
    shape = "names: [person]\nkpt_shape: [17, 3]\n"
    line = "0 0.5 0.5 0.4 0.4" + " 0.5 0.5 2" * 17
    assert read_annotations(yolo(tmp_path, line, shape)).keypoint_names[1] == "1"
    flipped = f"{shape}flip_idx: [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]\n"
    assert read_annotations(yolo(tmp_path, line, flipped)).keypoint_names[1] == "left_eye"


@pytest.mark.parametrize(
    ("line", "yaml", "said"),
    [
        ("0 0.5 0.5 0.4 0.4 0.4 0.5 2", POINTS, "labels/a.txt line 1 has 8 numbers, and a box with the 2 key points"),
        (
            "0 0.5 0.5 0.4 0.4 0.4 0.5 3 0.5 0.5 2",
            POINTS,
            "line 1: a key point's visibility is 3 and must be 0, 1 or 2",
        ),
        ("0 0.5 0.5 0.4 0.4 0.4 1.5 2 0.5 0.5 2", POINTS, "line 1: key points are shares of the picture"),
        ("0 0.5 0.5 0.4 0.4 0.4 0.5 2 0.5 0.5 1", "names: [hand]\n", "write kpt_shape: [2, 3] into data.yaml"),
        ("0 0.5 0.5 0.4 0.4", "names: [hand]\nkpt_shape: 21\n", "data.yaml: kpt_shape must be a number of key points"),
        ("0 0.5 0.5 0.4 0.4", "names: [hand]\nkpt_shape: [9999, 3]\n", "data.yaml: kpt_shape must be a number of key"),
    ],
)
def test_what_does_not_fit_the_shape_is_refused(tmp_path: Path, line: str, yaml: str, said: str) -> None:
    assert said in sentence(yolo(tmp_path, line, yaml))


def test_coco_says_that_key_points_without_names_are_not_used(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    file = tmp_path / "labels.json"
    content = json.loads(file.read_text())
    content["annotations"][0]["keypoints"] = [9, 9, 2]
    file.write_text(json.dumps(content))
    _, remarks = heard(tmp_path)
    assert any(remark.startswith("labels.json: 1 objects have key points that are not used") for remark in remarks)


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["coco", "yolo", "wider_face", "csv"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, name: str, encoding: str) -> None:
    write, file = WRITERS[name]
    write(ONE, tmp_path)
    path = tmp_path / file
    path.write_bytes(path.read_text().encode(encoding))
    assert made.boxes_of(read_annotations(tmp_path))["a.jpg"] == [BOX]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_neither_is_it_in_xml(tmp_path: Path, encoding: str) -> None:
    made.write_dlib(ONE, tmp_path)
    path = tmp_path / "faces.xml"
    path.write_bytes(path.read_text().replace(" encoding='ISO-8859-1'", "").encode(encoding))
    assert made.boxes_of(read_annotations(tmp_path))["a.jpg"] == [BOX]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_nor_in_the_names_of_classes_and_a_label_beside_its_picture(tmp_path: Path, encoding: str) -> None:
    made.draw_picture(tmp_path / "a.jpg", SIZE)
    (tmp_path / "a.txt").write_bytes("0 0.5 0.5 0.5 0.5\n".encode(encoding))
    for file, text in (("classes.txt", "cat\n"), ("data.yaml", "names: [cat]\n")):
        (tmp_path / file).write_bytes(text.encode(encoding))
        assert read_annotations(tmp_path).pictures[0].objects[0].category == "cat"
        (tmp_path / file).unlink()


def test_freihands_files_may_have_a_mark(tmp_path: Path) -> None:
    points = tuple((float(place), float(place + 1), 2) for place in range(21))
    made.write_freihand(Scene(SIZE, {"a": (Thing(None, points),)}), tmp_path)
    whole = read_annotations(tmp_path)
    for file in tmp_path.glob("*.json"):
        file.write_bytes(file.read_text().encode("utf-8-sig"))
    assert read_annotations(tmp_path) == whole


# Names


@pytest.mark.parametrize(("on_disk", "in_file"), [("é", "e\u0301"), ("e\u0301", "é")])
@pytest.mark.parametrize("name", list(WRITERS))
def test_a_name_in_another_unicode_form_is_the_same_name(tmp_path: Path, name: str, on_disk: str, in_file: str) -> None:
    write, _ = WRITERS[name]
    write(Scene(SIZE, {f"{in_file}.jpg": ONE.things["a.jpg"], "b.jpg": ()}), tmp_path)
    for path in tmp_path.rglob(f"{in_file}.jpg"):
        path.rename(path.with_name(f"{on_disk}.jpg"))
    found = read_annotations(tmp_path)
    assert made.boxes_of(found)[f"{on_disk}.jpg"] == [BOX]
    assert found.left_out == ()


def test_a_name_that_two_pictures_have_in_other_forms_is_refused_unless_one_has_the_very_letters(
    tmp_path: Path,
) -> None:
    # Two accents can be written in three forms.
    made.write_coco(Scene(SIZE, {"e\u0301e\u0301.jpg": ONE.things["a.jpg"]}), tmp_path)
    for name in ("éé.jpg", "ée\u0301.jpg"):
        made.draw_picture(tmp_path / "images" / name, SIZE)
    assert len(read_annotations(tmp_path).pictures) == 1
    (tmp_path / "images" / "e\u0301e\u0301.jpg").unlink()
    assert "names 2 pictures that differ in their Unicode form" in sentence(tmp_path)


def test_an_absent_picture_is_told_with_what_is_like_it(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    (tmp_path / "images" / "a.jpg").rename(tmp_path / "images" / "A.JPG")
    found, remarks = heard(tmp_path)
    assert found.left_out[0].reason == "no such picture in the folder, which has images/A.JPG"
    assert "labels.json: 1 of 2 pictures are left out; the first is a.jpg: no such picture in the folder" in remarks[0]


# Pictures that are turned, or of another kind


def turn(path: Path, orientation: int, size: tuple[int, int] = SIZE) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, (90, 120, 60)).save(path, exif=exif)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("name", ["coco", "dlib"])
def test_a_size_of_the_stored_picture_names_the_turn(tmp_path: Path, name: str, orientation: int) -> None:
    write, file = WRITERS[name]
    write(ONE, tmp_path)
    if name == "dlib":
        path = tmp_path / file
        path.write_text(path.read_text().replace("file='a.jpg'", "width='64' height='48' file='a.jpg'"))
    turn(next(tmp_path.rglob("a.jpg")), orientation)
    message = sentence(tmp_path)
    assert (
        f"a.jpg as stored, with 64 x 48 pixels, and its EXIF orientation {orientation} turns it to 48 x 64" in message
    )


@pytest.mark.parametrize("name", ["dlib", "wider_face", "csv"])
def test_a_box_that_fits_the_stored_picture_only_names_the_turn(tmp_path: Path, name: str) -> None:
    write, _ = WRITERS[name]
    write(Scene(SIZE, {"a.jpg": (Thing((40, 5, 20, 30)),), "b.jpg": ()}), tmp_path)
    turn(next(tmp_path.rglob("a.jpg")), 6)
    assert "a.jpg as stored, with 64 x 48 pixels, and its EXIF orientation 6 turns it to 48 x 64" in sentence(tmp_path)


def test_so_does_a_labelled_face_of_a_folder_of_pictures(tmp_path: Path, cache: Path) -> None:
    made.write_csv(Scene(SIZE, {"a.jpg": (Thing((40, 5, 20, 30)),)}), tmp_path)
    turn(tmp_path / "a.jpg", 8)
    with pytest.raises(InputError, match=r"labels\.csv line 2 is of a\.jpg as stored, .* EXIF orientation 8 turns it"):
        scan_pictures(tmp_path, DataSplit(smallest_side=16), progress=Listener())


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize("name", ["yolo", "dlib", "wider_face", "csv"])
def test_where_nobody_can_tell_the_turn_is_told(tmp_path: Path, name: str, orientation: int) -> None:
    write, _ = WRITERS[name]
    write(ONE, tmp_path)
    turn(next(tmp_path.rglob("a.jpg")), orientation)
    _, remarks = heard(tmp_path)
    assert any("1 annotated pictures are turned by EXIF, such as" in remark for remark in remarks)


def test_annotations_that_give_the_size_as_shown_are_taken_without_a_word(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    turn(tmp_path / "images" / "a.jpg", 6, (48, 64))
    assert heard(tmp_path)[1] == []


@pytest.mark.parametrize("ending", ["bmp", "gif", "tiff", "heic"])
@pytest.mark.parametrize("name", list(WRITERS))
def test_a_picture_of_another_kind_is_told_as_such(tmp_path: Path, name: str, ending: str) -> None:
    write, _ = WRITERS[name]
    write(
        Scene(SIZE, {f"a.{'bmp' if ending == 'heic' else ending}": ONE.things["a.jpg"], "b.jpg": ONE.things["a.jpg"]}),
        tmp_path,
    )
    if ending == "heic":
        for path in tmp_path.rglob("*"):
            if path.is_file() and path.suffix in {".json", ".xml", ".txt", ".csv"}:
                path.write_text(path.read_text().replace("a.bmp", "a.heic"))
        next(tmp_path.rglob("a.bmp")).rename(next(tmp_path.rglob("a.bmp")).with_suffix(".heic"))
    found, remarks = heard(tmp_path)
    assert [picture.path.name for picture in found.pictures] == ["b.jpg"]
    if name == "csv":
        assert "labels.csv: 1 of 2 rows name no picture below its folder" in remarks
        assert any(f"a.{ending}: not a JPEG, PNG or WebP picture" in remark for remark in remarks)
    else:
        assert [one.reason for one in found.left_out] == ["not a JPEG, PNG or WebP picture"]
        assert "1 of 2 pictures are left out" in remarks[-1]


def test_so_is_one_in_the_place_of_a_numbered_picture(tmp_path: Path) -> None:
    points = tuple((float(place), float(place + 1), 2) for place in range(21))
    made.write_freihand(Scene(SIZE, {name: (Thing(None, points),) for name in "ab"}), tmp_path)
    folder = tmp_path / "training" / "rgb"
    (folder / "00000000.jpg").rename(folder / "00000000.bmp")
    (left_out,) = read_annotations(tmp_path).left_out
    assert "training/rgb/00000000.bmp is not a JPEG, PNG or WebP picture" in left_out.reason


def test_pictures_of_other_kinds_are_counted_in_a_folder_of_pictures(tmp_path: Path, cache: Path) -> None:
    made.draw_picture(tmp_path / "a.png", SIZE)
    made.draw_picture(tmp_path / "b.bmp", SIZE)
    found = scan_pictures(tmp_path, DataSplit(smallest_side=16), progress=Listener())
    assert (found.found, [one.file for one in found.skipped]) == (2, ["b.bmp"])
    (tmp_path / "a.png").unlink()
    with pytest.raises(InputError, match=r"no JPEG, PNG or WebP picture \(b\.bmp: not a JPEG, PNG or WebP picture\)"):
        scan_pictures(tmp_path, DataSplit(), progress=Listener())


# Files that a person names


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("val.json", '{"images": [', "val.json line 1 column 12 is not JSON"),
        ("val.json", '{"shapes": []}', "val.json images: Field required"),
        ("val.json", '{"images": [], "annotations": []}', "val.json categories: Field required"),
        ("hands_xyz.json", "[]", "hands_K.json is not a file in"),
        ("t.xml", "<dataset><images>", "t.xml line 1 is not XML"),
        ("t.xml", "<annotation></annotation>", "t.xml line 1: it begins with <annotation> and not <dataset>"),
        ("people.mat", "MATLAB", "people.mat is not a MATLAB 5.0 file"),
        ("faces.csv", "file,face_x\n", "faces.csv is none of labels.csv and groups.csv, which are read: rename it"),
        ("faces.tsv", "file\tface_x\n", "faces.tsv is none of labels.csv and groups.csv, which are read: rename it"),
        ("labels.csv", "file,colour\na.jpg,red\n", "labels.csv labels no picture of"),
        ("set.yaml", "names: 3\n", "set.yaml: names must be a list of class names"),
        ("gt.txt", "a.jpg\nmany\n", "gt.txt line 2: 'many' is not a number of faces"),
        ("c.txt", "0 0.5 0.5 0.1 0.1\n", "c.txt is the YOLO label file of no picture"),
        ("a.txt", "0 0.5 0.5\n", "a.txt line 1 has 3 numbers and a YOLO box five"),
    ],
)
def test_a_named_file_is_judged_by_its_own_format(tmp_path: Path, file: str, content: str, said: str) -> None:
    made.draw_picture(tmp_path / "a.jpg", SIZE)
    (tmp_path / file).write_text(content)
    assert said in sentence(tmp_path / file)


def test_a_folder_with_a_single_file_that_does_not_fit_is_told_why(tmp_path: Path) -> None:
    made.draw_picture(tmp_path / "a.jpg", SIZE)
    (tmp_path / "val.json").write_text('{"shapes": []}')
    message = sentence(tmp_path)
    assert "no annotations in a format that is read" in message
    assert "val.json images: Field required" in message


def test_annotations_that_are_cut_short_are_told_and_not_overlooked(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    file = tmp_path / "labels.json"
    file.write_text(file.read_text()[:100])
    listener = Listener()
    assert find_annotations(tmp_path, progress=listener) == []
    assert any("labels.json is not used: labels.json line 1" in remark for remark in listener.remarks)


def test_a_label_file_whose_ending_is_in_capitals_is_one(tmp_path: Path) -> None:
    made.write_yolo(ONE, tmp_path)
    labels = tmp_path / "train" / "labels"
    (labels / "a.txt").rename(labels / "a.TXT")
    assert made.boxes_of(read_annotations(tmp_path))["a.jpg"] == [BOX]


@pytest.mark.parametrize("inner", ["labels", "labels/deep"])
def test_a_single_label_of_yolo_may_be_named(tmp_path: Path, inner: str) -> None:
    folder = inner.removeprefix("labels")
    for name in "ab":
        made.draw_picture(tmp_path / f"images{folder}" / f"{name}.jpg", SIZE)
        label = tmp_path / inner / f"{name}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text("0 0.5 0.5 0.5 0.5\n")
    found = read_annotations(tmp_path / inner / "b.txt")
    assert [picture.name for picture in found.pictures] == [f"images{folder}/b.jpg"]


# The shared cases


@pytest.mark.parametrize(
    ("case", "box", "points"),
    [
        ("a2_class_as_float", (0.5, 0.25, 0.91667, 0.875), 0),
        ("a2_outline", (0.5, 0.25, 0.9, 0.9), 0),
        ("a2_hand_points", (0.5, 0.26, 0.9, 0.86), 21),
        ("a3_json_with_bom", (0.5, 0.25, 0.91667, 0.875), 0),
    ],
)
def test_the_shared_cases_are_read(shared_cases: Path, case: str, box: tuple[float, ...], points: int) -> None:
    (thing,) = read_annotations(shared_cases / case).pictures[0].objects
    assert thing.box == pytest.approx(box, abs=1e-4)
    assert len(thing.keypoints) == points


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (
            "a4_exif_not_turned",
            "val.json images[0] is of p.jpg as stored, with 96 x 64 pixels, and its EXIF orientation",
        ),
        ("a5_dlib_bmp", "b.bmp: not a JPEG, PNG or WebP picture"),
    ],
)
def test_or_refused_by_name(shared_cases: Path, case: str, said: str) -> None:
    assert said in sentence(shared_cases / case)
