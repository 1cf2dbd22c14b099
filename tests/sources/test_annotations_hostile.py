"""A wrong or hostile annotation file is one sentence that names the file and the place, and does no harm."""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from tests.sources import annotated as made
from tests.sources.annotated import Scene, Thing
from zoo.errors import InputError
from zoo.sources.annotations import HAND_POINTS, JOINTS, read_annotations

SIZE = (64, 48)
ONE = Scene(SIZE, {"a.jpg": (Thing((4, 5, 20, 30)),), "b.jpg": ()})
POSED = Scene(SIZE, {"a.jpg": (Thing((4, 5, 20, 30), ((5, 6, 2), (7, 8, 1))),)}, ("eye", "chin"))


def sentence(place: Path, **how: Any) -> str:
    """What is said of the place; always one printable line that ends with what to do."""
    with pytest.raises(InputError) as caught:
        read_annotations(place, **how)
    message = str(caught.value)
    assert message.isprintable()
    assert ": " in message
    assert len(message) < 700
    return message


@pytest.fixture
def coco(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], None]], str]:
    """Changes a sound COCO file and gives what is said of it."""

    def changed(change: Callable[[dict[str, Any]], None]) -> str:
        made.write_coco(POSED, tmp_path)
        file = tmp_path / "labels.json"
        content = json.loads(file.read_text())
        change(content)
        file.write_text(json.dumps(content))
        return sentence(tmp_path)

    return changed


def put(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: Any) -> None:
        for part in path[:-1]:
            content = content[part]
        content[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            put("annotations", 0, "bbox", 1, to="4"),
            "labels.json annotations[0].bbox[1]: Input should be a valid",
        ),
        (put("annotations", 0, "bbox", 1, to=float("nan")), "annotations[0].bbox[1]: Input should be a finite number"),
        (
            put("annotations", 0, "bbox", 2, to=1e9),
            "annotations[0].bbox[2]: Input should be less than",
        ),
        (put("annotations", 0, "bbox", to=[1, 2, 3]), "annotations[0].bbox: List should have at least 4 items"),
        (put("annotations", 0, "bbox", to=[1, 2, -3, 4]), "annotations[0]: bbox has a negative width or height"),
        (put("annotations", 0, "bbox", to=[99, 2, 3, 4]), "annotations[0]: the box lies outside its picture"),
        (put("annotations", 0, "bbox", to=[-50, 2, 3, 4]), "annotations[0]: the box lies outside its picture"),
        (put("annotations", 0, "image_id", to=7), "annotations[0]: no picture has the id 7"),
        (put("annotations", 0, "category_id", to=8), "annotations[0]: no category has the id 8"),
        (put("annotations", 0, "keypoints", to=[1, 2, 2]), "annotations[0]: keypoints has 3 numbers and must have 6"),
        (put("annotations", 0, "keypoints", 2, to=5), "annotations[0]: a key point's visibility is 5"),
        (put("annotations", 0, "area", to=-1), "annotations[0].area: Input should be greater than or equal to 0"),
        (put("images", 0, "file_name", to="../../a.jpg"), "images[0]: '../../a.jpg' leads out of the folder"),
        (put("images", 0, "file_name", to="/etc/passwd"), "images[0]: '/etc/passwd' leads out of the folder"),
        (put("images", 0, "file_name", to="C:\\a.jpg"), "images[0]: 'C:\\a.jpg' leads out"),
        (put("images", 0, "file_name", to="a\x1b[31m.jpg"), "images[0]: 'a\ufffd[31m.jpg' is no picture's name"),
        (put("images", 0, "width", to=65), "of a picture of 65 x 48 pixels, and images/a.jpg is shown with 64 x 48"),
        (put("images", to={}), "labels.json images: Input should be a valid array"),
        (lambda content: content["images"].append(content["images"][0]), "images[1]: another picture has the id 0"),
        (
            lambda content: content["images"].append(content["images"][0] | {"id": 9}),
            "images[1]: images/a.jpg is listed twice",
        ),
        (
            lambda content: content["categories"].append({"id": 9, "name": "cat", "keypoints": ["tail"]}),
            "labels.json: 'face' and 'cat' have different key points",
        ),
    ],
)
def test_coco_names_the_entry(
    coco: Callable[[Callable[[dict[str, Any]], None]], str], change: Callable[[dict[str, Any]], None], said: str
) -> None:
    assert said.replace("C:\\a", "C:/a") in coco(change)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"annotations": [', '"annotations": [\n,', "labels.json line 2 column 1 is not JSON"),
        ('"id": 3,', f'"id": {"9" * 5000},', "labels.json "),
        ('"id": 3,', '"id": 1e999,', "labels.json categories[0].id"),
        ('"info": {}', f'"info": {"[" * 100_000}', "is not JSON (recursion limit exceeded)"),
        ('"face"', '"\ud800"', "is not JSON"),
    ],
)
def test_broken_json_names_line_and_column(tmp_path: Path, old: str, new: str, said: str) -> None:
    made.write_coco(ONE, tmp_path)
    file = tmp_path / "labels.json"
    file.write_bytes(file.read_text().replace(old, new).encode("utf-8", "surrogatepass"))
    assert said in sentence(tmp_path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    made.write_coco(ONE, outside)
    made.write_coco(ONE, root)
    (root / "images" / "a.jpg").unlink()
    (root / "images" / "a.jpg").symlink_to(outside / "images" / "a.jpg")
    assert [one.file for one in read_annotations(root).left_out] == ["a.jpg"]
    (root / "labels.json").unlink()
    (root / "labels.json").symlink_to(outside / "labels.json")
    assert "no annotations in a format that is read" in sentence(root)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 0.5 0.5 0.1", "train/labels/a.txt line 2 has 4 numbers and a YOLO box five"),
        ("0 0.1 0.1 0.2 0.2 0.3", "line 2 has 6 numbers and a YOLO box five: class, x, y, width and height; a sixth"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "line 2 has 8 numbers and a YOLO box five"),
        ("0 0.1 0.1 0.2 0.2 0.3 1.3", "line 2: an outline's x and y are shares of the picture"),
        ("0 0.5 0.5 0.4 0.4 0.5 0.5 2", "if the others are key points, write kpt_shape: [1, 3] into data.yaml"),
        ("0.5 0.5 0.5 0.1 0.1", "line 2: class 0.5 is no whole number"),
        ("inf 0.5 0.5 0.1 0.1", "line 2: class inf is no whole number"),
        ("1e300 0.5 0.5 0.1 0.1", "line 2: class 1e+300 has no name"),
        ("0,0.5,0.5,0.1,0.1", "line 2 is not five numbers, separated by spaces"),
        ("0 0.5 0.5 0.1 x", "line 2 is not five numbers"),
        ("0 nan 0.5 0.1 0.1", "line 2: x, y, width and height are shares of the picture, from 0 to 1"),
        ("0 12 8 30 20", "line 2: x, y, width and height are shares"),
        ("1 0.5 0.5 0.1 0.1", "line 2: class 1 has no name"),
        ("-1 0.5 0.5 0.1 0.1", "line 2: class -1 has no name"),
    ],
)
def test_yolo_names_the_line(tmp_path: Path, line: str, said: str) -> None:
    made.write_yolo(ONE, tmp_path)
    label = tmp_path / "train" / "labels" / "a.txt"
    label.write_text(f"{label.read_text()}\n{line}\n")
    assert said in sentence(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("names: [a\nb: {", "data.yaml line "),
        ("names: 3", "data.yaml: names must be a list of class names"),
        ("names: {0: a, 2: b}", "data.yaml: every class name must be"),
        ("names: [[a]]", "data.yaml: every class name must be"),
        ("names: !!python/object/apply:os.system ['touch /tmp/never']", "data.yaml line 1 is not valid YAML"),
        ("[" * 5000, "data.yaml line 1 cannot be taken"),
        ("names: []", "data.yaml: names must be a list"),
    ],
)
def test_yolos_names_are_checked(tmp_path: Path, text: str, said: str) -> None:
    made.write_yolo(ONE, tmp_path)
    (tmp_path / "data.yaml").write_text(text)
    assert said in sentence(tmp_path)


def test_a_yaml_of_a_billion_aliases_is_refused_at_once(tmp_path: Path) -> None:
    made.write_yolo(ONE, tmp_path)
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "data.yaml").write_text("\n".join(["a0: &a0 [lol]", *levels, "names: *a11"]))
    assert "data.yaml line 6 cannot be taken: it has more than 100,000 values" in sentence(tmp_path)


def test_text_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    made.write_yolo(ONE, tmp_path)
    (tmp_path / "train" / "labels" / "a.txt").write_bytes(b"0 0.5 0.5 0.1 0.1\n\xff\xfe\n")
    assert "train/labels/a.txt line 2 is not UTF-8 text" in sentence(tmp_path)


LAUGHS = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<dataset>", f"<!DOCTYPE d [<!ENTITY a0 'ha'>{LAUGHS}]>\n<dataset>", "line 2: a DOCTYPE may define entities"),
        ("<dataset>", "<!DOCTYPE d SYSTEM 'file:///etc/passwd'>\n<dataset>", "line 2: a DOCTYPE may define entities"),
        ("</dataset>", "</datasets>", "faces.xml line 9 is not XML (mismatched tag"),
        ("<name>Made", "<name>&secret;", "is not XML (undefined entity"),
        (" left='4'", "", "line 4: <box> lacks left: add it"),
        ("left='4'", "left='nan'", "line 4: left='nan' is not a number of pixels"),
        ("left='4'", "left='1e99'", "line 4: left='1e99' is not a number of pixels"),
        ("width='20'", "width='-2'", "line 4: the box has a negative width"),
        ("left='4'", "left='900'", "faces.xml line 4: the box lies outside its picture"),
        ("file='b.jpg'", "file='a.jpg'", "line 7: a.jpg is listed twice"),
        ("file='b.jpg'", "file='../b.jpg'", "line 7: '../b.jpg' leads out of the folder"),
        ("file='b.jpg'", "width='2' height='2' file='b.jpg'", "line 7 is of a picture of 2 x 2 pixels"),
        ("encoding='ISO-8859-1'", "encoding='utf-ninety'", "faces.xml line 1 names an encoding that is not read"),
        ("<name>Made", "<x>" * 20 + "<name>Made", "elements lie more than 8 deep"),
    ],
)
def test_dlib_names_the_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    made.write_dlib(ONE, tmp_path)
    file = tmp_path / "faces.xml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    assert said in sentence(tmp_path)


def test_dlib_refuses_a_part_that_stands_twice(tmp_path: Path) -> None:
    made.write_dlib(POSED, tmp_path)
    file = tmp_path / "faces.xml"
    file.write_text(file.read_text().replace("name='chin'", "name='eye'"))
    assert "faces.xml line 6: the part eye stands twice in its box" in sentence(tmp_path)


def test_dlib_refuses_more_places_than_its_bytes_explain(tmp_path: Path) -> None:
    made.draw_picture(tmp_path / "a.jpg", SIZE)
    parts = "".join(f"<part name='{name}' x='1' y='1'/>" for name in range(500))
    box, *boxes = (
        f"<box top='0' left='0' width='9' height='9'>{inner}</box>"
        for inner in (parts, *["<part name='0' x='1' y='1'/>"] * 50_000)
    )
    (tmp_path / "faces.xml").write_text(
        f"<dataset><images><image file='a.jpg'>{box}{''.join(boxes)}</image></images></dataset>"
    )
    assert "faces.xml has 50001 boxes with parts, of 500 names" in sentence(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0--Parade/a.jpg\n", "line 2: '' is not a number of faces"),
        ("0--Parade/a.jpg\nmany\n", "line 2: 'many' is not a number of faces"),
        ("0--Parade/a.jpg\n99999\n", "line 2: '99999' is not a number of faces"),
        ("0--Parade/a.jpg\n3\n1 2 3 4", "line 2: 3 faces are announced and the file ends before"),
        ("0--Parade/a.jpg\n1\n1 2 3\n", "line 3: a face is four numbers and six marks, all whole, not '1 2 3'"),
        ("0--Parade/a.jpg\n1\n1 2 3.5 4\n", "line 3: a face is four numbers"),
        ("0--Parade/a.jpg\n1\n1 2 -3 4\n", "line 3: the box has a negative side"),
        ("0--Parade/a.jpg\n1\n1 2 3 99999999\n", "line 3: the box has a negative side or lies outside"),
        ("0--Parade/a.jpg\n0\n0--Parade/a.jpg\n0\n", "line 3: WIDER_val/images/0--Parade/a.jpg is listed twice"),
        ("../../a.jpg\n0\n", "line 1: '../../a.jpg' leads out of the folder"),
    ],
)
def test_wider_face_names_the_line(tmp_path: Path, text: str, said: str) -> None:
    made.write_wider_face(ONE, tmp_path)
    (tmp_path / "wider_face_split" / "wider_face_val_bbx_gt.txt").write_text(text)
    assert said in sentence(tmp_path)


def lspet(root: Path, joints: Any, **save: Any) -> Path:
    made.draw_picture(root / "images" / "im00001.jpg", SIZE)
    file = root / "joints.mat"
    savemat(file, {"joints": joints}, **save)
    return file


GOOD = np.ones((14, 3, 1))


@pytest.mark.parametrize(
    ("joints", "said"),
    [
        (np.ones((13, 3, 1)), "joints must be numbers of shape 3 x 14 x N or 14 x 3 x N"),
        (np.ones(3), "joints must be numbers of shape"),
        ("joints", "joints must be numbers of shape"),
        (np.full((14, 3, 1), "x", object), "joints must be numbers of shape"),
        (GOOD * 7, "joints[0]: a joint's flag is 7 and must be 0 or 1"),
        (GOOD * np.array([np.nan, 1, 1])[:, None], "joints[0]: a coordinate is not a number within 1e+06 pixels"),
        (GOOD * np.array([1, 1e12, 1])[:, None], "joints[0]: a coordinate is not a number within 1e+06 pixels"),
    ],
    ids=["13 joints", "one axis", "text", "objects", "flag", "nan", "far"],
)
def test_lsp_names_the_person(tmp_path: Path, joints: Any, said: str) -> None:
    lspet(tmp_path, joints)
    assert said in sentence(tmp_path)


def test_lsp_refuses_what_is_not_its_file(tmp_path: Path) -> None:
    file = lspet(tmp_path, GOOD)
    whole = file.read_bytes()
    file.write_bytes(whole[:200])
    assert "joints.mat is damaged" in sentence(tmp_path)
    file.write_bytes(b"PK\x03\x04" + whole)
    assert "joints.mat is not a MATLAB 5.0 file" in sentence(tmp_path)
    with file.open("wb") as sparse:
        sparse.truncate((1 << 24) + 1)
    assert "larger than the 16777216 bytes that are read" in sentence(tmp_path)


def test_lsp_refuses_a_bomb_before_unpacking_it(tmp_path: Path) -> None:
    file = lspet(tmp_path, GOOD)
    packed = zlib.compress(bytes(1 << 27), 9)
    file.write_bytes(file.read_bytes()[:128] + (15).to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed)
    assert file.stat().st_size < 1 << 20
    assert "joints.mat unpacks to more than 67108864 bytes" in sentence(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda xyz, k: k.pop(), "training_xyz.json has 1 entries and training_K.json 0"),
        (lambda xyz, k: xyz[0].pop(), "training_xyz.json [0]: List should have at least 21 items"),
        (lambda xyz, k: xyz[0][3].pop(), "training_xyz.json [0][3]: List should have at least 3 items"),
        (lambda xyz, k: xyz[0][3].__setitem__(2, -0.7), "training_xyz.json[0]: a point lies behind its camera"),
        (lambda xyz, k: xyz[0][3].__setitem__(2, 1e-12), "training_xyz.json[0]: a point lies behind its camera"),
        (lambda xyz, k: k[0][0].__setitem__(0, float("inf")), "training_K.json [0][0][0]: Input should be a finite"),
    ],
)
def test_freihand_names_the_entry(tmp_path: Path, change: Callable[[Any, Any], None], said: str) -> None:
    made.write_freihand(Scene(SIZE, {"a": (Thing(None, tuple((9.0, 9.0, 2) for _ in HAND_POINTS)),)}), tmp_path)
    files = tmp_path / "training_xyz.json", tmp_path / "training_K.json"
    xyz, k = (json.loads(file.read_text()) for file in files)
    change(xyz, k)
    for file, content in zip(files, (xyz, k), strict=True):
        file.write_text(json.dumps(content))
    assert said in sentence(tmp_path)


def test_a_bad_table_names_its_line(tmp_path: Path) -> None:
    made.write_csv(ONE, tmp_path)
    (tmp_path / "labels.csv").write_text("file,face_x,face_y,face_w,face_h\na.jpg,1,2,many,4\n")
    assert "labels.csv line 2: face box '1, 2, many, 4' is not four numbers of pixels" in sentence(tmp_path)


def test_a_named_format_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    made.write_coco(ONE, tmp_path)
    (tmp_path / "results.json").write_text("[]")
    assert "results.json as a whole: Input should be an object" in sentence(tmp_path / "results.json", format="coco")
    assert "results.json as a whole: Input should be an object" in sentence(tmp_path / "results.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    made.write_dlib(ONE, tmp_path)
    (tmp_path / "faces.xml").unlink()
    os.mkfifo(tmp_path / "faces.xml")
    assert "no annotations in a format that is read" in sentence(tmp_path)


HANDS = Scene(SIZE, {"a": (Thing(None, tuple((9.0, 8.0, 2) for _ in HAND_POINTS)),)})
BODY = Scene(SIZE, {"a": (Thing(None, tuple((9.0, 8.0, 2) for _ in JOINTS)),)})


@pytest.mark.parametrize(
    ("write", "scene", "name"),
    [
        (made.write_coco, POSED, "labels.json"),
        (made.write_yolo, ONE, "train/labels/a.txt"),
        (made.write_yolo, ONE, "data.yaml"),
        (made.write_dlib, POSED, "faces.xml"),
        (made.write_wider_face, ONE, "wider_face_split/wider_face_val_bbx_gt.txt"),
        (made.write_csv, ONE, "labels.csv"),
        (made.write_lsp, BODY, "joints.mat"),
        (made.write_freihand, HANDS, "training_xyz.json"),
        (made.write_freihand, HANDS, "training_K.json"),
    ],
)
def test_bytes_gone_wrong_are_read_or_refused(
    tmp_path: Path, write: Callable[[Scene, Path], None], scene: Scene, name: str
) -> None:
    write(scene, tmp_path)
    sound = (tmp_path / name).read_bytes()
    edits = st.lists(st.tuples(st.integers(0, len(sound) - 1), st.binary(max_size=6), st.integers(0, 12)), max_size=4)

    @given(edits)
    @settings(max_examples=40, deadline=None)
    def holds(edits: list[tuple[int, bytes, int]]) -> None:
        data = sound
        for place, new, gone in edits:
            data = data[:place] + new + data[place + gone :]
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "set"
            shutil.copytree(tmp_path, root)
            (root / name).write_bytes(data)
            found, said = None, ""
            try:
                found = read_annotations(root)
            except InputError as error:
                said = str(error)
            assert said.isprintable()
            assert len(said) < 700
            for picture in found.pictures if found else ():
                assert picture.path.is_relative_to(root.resolve())
                for thing in picture.objects:
                    places = [value for point in thing.keypoints for value in point]
                    assert np.isfinite([*(thing.box or ()), *places]).all()

    holds()


def test_what_a_matlab_file_can_hold_is_not_run(tmp_path: Path) -> None:
    """A file with a function handle or an object is read as no numbers."""
    stream = io.BytesIO()
    savemat(stream, {"joints": {"field": np.arange(3)}})
    lspet(tmp_path, GOOD).write_bytes(stream.getvalue())
    assert "joints must be numbers of shape" in sentence(tmp_path)


def test_more_pictures_or_objects_than_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made.write_dlib(ONE, tmp_path)
    assert read_annotations(tmp_path).objects == 1
    monkeypatch.setattr("zoo.sources.annotations._listed.MOST_OBJECTS", 0)
    assert "more than 1000000 pictures or 0 objects" in sentence(tmp_path)


@pytest.mark.parametrize(
    ("format_name", "said"),
    [
        ("freihand", "labels.json is not named ..._xyz.json, beside a ..._K.json"),
        ("csv", "labels.json is none of labels.csv and groups.csv"),
        ("lsp", "labels.json is not a MATLAB 5.0 file"),
        ("dlib", "labels.json line 1 is not XML"),
        ("wider_face", "labels.json line 1: "),
        ("yolo", "labels.json is the YOLO label file of no picture"),
    ],
)
def test_a_file_named_as_what_it_is_not(tmp_path: Path, format_name: str, said: str) -> None:
    made.write_coco(ONE, tmp_path)
    assert said in sentence(tmp_path / "labels.json", format=format_name)
