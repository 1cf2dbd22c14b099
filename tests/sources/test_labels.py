"""Tables beside pictures label them: with every column of groups.csv, with known attributes of labels.csv."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.conftest import Listener, groups, scan
from zoo.errors import InputError
from zoo.sources._labels import read_labels


@pytest.fixture
def folder(tmp_path: Path, cache: Path, make_picture: Callable[..., Path]) -> Path:
    """Four pictures: one/a.png and one/b.png, two/deep/a.png and two/c.png, each 100 x 100 pixels."""
    for seed, name in enumerate(("one/a.png", "one/b.png", "two/deep/a.png", "two/c.png")):
        make_picture(tmp_path / "set" / name, seed, side=100)
    return tmp_path / "set"


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as told:
        scan(folder)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_every_column_of_groups_csv_is_a_group(folder: Path) -> None:
    (folder / "one" / "groups.csv").write_text("file,Monk Tone,camera\na.png,3,phone\nb.png,9,\n")
    assert groups(folder) == {"one/a.png": {"monk_tone": "3", "camera": "phone"}, "one/b.png": {"monk_tone": "9"}}


def test_names_and_ids_in_labels_csv_never_become_groups(folder: Path) -> None:
    (folder / "one" / "labels.csv").write_text("file,name,id,perceived_gender,born\na.png,Ada,7,f,1815\n")
    assert groups(folder) == {"one/a.png": {"perceived_gender": "Female"}}


def test_a_labels_csv_without_known_attributes_is_left_alone(folder: Path) -> None:
    (folder / "labels.csv").write_text("class,id\ncat,1\n")
    assert groups(folder) == {}


@pytest.mark.parametrize("key", ["file", "filename", "name", "path", "Filename"])
def test_the_key_column_has_several_names(folder: Path, key: str) -> None:
    (folder / "one" / "groups.csv").write_text(f"{key},tone\na.png,3\n")
    assert groups(folder) == {"one/a.png": {"tone": "3"}}


def test_pictures_are_named_by_path_or_by_a_base_name_that_is_unique(folder: Path) -> None:
    (folder / "groups.csv").write_text("file,tone\none/a.png,1\n./two/deep/a.png,2\nb.png,3\n")
    assert groups(folder) == {"one/a.png": {"tone": "1"}, "two/deep/a.png": {"tone": "2"}, "one/b.png": {"tone": "3"}}
    (folder / "groups.csv").write_text("file,tone\na.png,1\n")
    assert "groups.csv line 2: 'a.png' names 2 pictures, so write its path" in refusal(folder)


def test_spellings_of_one_group_are_pooled_over_files(folder: Path) -> None:
    (folder / "one" / "labels.csv").write_text("file,gender,race\na.png,M,Indian\nb.png,male,unknown\n")
    (folder / "two" / "labels.csv").write_text("file,gender,race\nc.png,Male,indian\ndeep/a.png,F,  East   Asian \n")
    assert groups(folder) == {
        "one/a.png": {"gender": "Male", "race": "Indian"},
        "one/b.png": {"gender": "Male"},
        "two/c.png": {"gender": "Male", "race": "Indian"},
        "two/deep/a.png": {"gender": "Female", "race": "East Asian"},
    }


def test_the_nearer_table_wins_column_by_column(folder: Path) -> None:
    (folder / "groups.csv").write_text("file,tone,light\ntwo/c.png,1,day\n")
    (folder / "two" / "groups.csv").write_text("file,tone\nc.png,2\n")
    assert groups(folder) == {"two/c.png": {"tone": "2", "light": "day"}}


@pytest.mark.parametrize("kind", ["chip", "face"])
def test_a_box_in_pixels_becomes_a_face_in_shares(folder: Path, kind: str) -> None:
    header = ",".join(f"{kind}_{part}" for part in "xywh")
    (folder / "labels.csv").write_text(f"file,{header}\nb.png,10,20,50,100\ntwo/c.png,,,,\n")
    found = scan(folder)
    assert found["one/b.png"].face == (0.1, 0.2, 0.6, 1.0)
    assert found["two/c.png"].face is None


def test_rows_that_name_no_picture_are_told(folder: Path, listener: Listener) -> None:
    (folder / "groups.csv").write_text("file,tone\nb.png,1\nz.png,1\n")
    scan(folder, listener)
    assert "groups.csv: 1 of 2 rows name no picture below its folder" in listener.remarks
    (folder / "groups.csv").write_text("file,tone\nz.png,1\n")
    assert "groups.csv: none of its 1 rows names a picture" in refusal(folder)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("file,tone\none/a.png,1\none/b.png\n", "groups.csv line 3: it has 1 fields, the header 2"),
        ("file,tone\nb.png,1\nb.png,2\n", "groups.csv line 3: 'b.png' has other groups on an earlier line"),
        ("file,face_x,face_y,face_w,face_h\nb.png,a,1,1,1\n", "line 2: face box 'a, 1, 1, 1' is not four numbers"),
        ("file,face_x,face_y,face_w,face_h\nb.png,1,1,0,1\n", "line 2: the face box needs finite numbers"),
        ("file,face_x,face_y,face_w,face_h\nb.png,1,nan,1,1\n", "line 2: the face box needs finite numbers"),
        ("file,face_x,face_y,face_w,face_h\nb.png,200,1,9,9\n", "line 2: the face box lies outside its picture of 100"),
        (f"file,tone\nb.png,{'x' * 65}\n", "line 2: tone has 65 characters"),
        ("file,tone\nb.png,\x1b[31m\n", "line 2: tone has 5 characters or unprintable ones"),
        ('file,tone\nb.png,"open\n', "line 2 is not CSV"),
        ("file,tone,tone\nb.png,1,2\n", "line 1: column 'tone' stands there twice"),
        ("picture,tone\nb.png,1\n", "line 1: no column file, filename, path, name"),
        ("", "groups.csv is empty"),
        ("file," + ",".join(map(str, range(99))) + "\n", "line 1: 100 columns, more than 64"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_file_and_line(folder: Path, table: str, complaint: str) -> None:
    (folder / "groups.csv").write_text(table)
    assert complaint in refusal(folder)


def test_all_bad_rows_are_counted_in_one_error(folder: Path) -> None:
    (folder / "groups.csv").write_text("file,tone\n" + "b.png\n" * 5)
    assert "groups.csv line 2: it has 1 fields, the header 2 (and 4 more bad rows)" in refusal(folder)


def test_a_table_of_another_encoding_is_refused_but_a_byte_order_mark_is_not(folder: Path) -> None:
    (folder / "groups.csv").write_bytes("\ufefffile,tone\r\nb.png,dunkelhäutig\r\n".encode())
    assert groups(folder) == {"one/b.png": {"tone": "dunkelhäutig"}}
    (folder / "groups.csv").write_bytes("file,tone\nb.png,dunkelhäutig\n".encode("latin-1"))
    assert "groups.csv is not UTF-8" in refusal(folder)


def test_a_column_with_a_group_for_every_picture_is_refused() -> None:
    pictures = [f"{number}.png" for number in range(300)]
    with tempfile.TemporaryDirectory() as root:
        rows = "".join(f"{name},{name}\n" for name in pictures)
        (Path(root) / "groups.csv").write_text(f"file,who\n{rows}")
        with pytest.raises(InputError, match="column 'who' of the labels has 300 different groups"):
            read_labels(Path(root), ["groups.csv"], pictures, progress=Listener())


@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: b"file,tone,face_x\n" + text.encode()))
)
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(table: bytes) -> None:
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "groups.csv").write_bytes(table)
        with suppress(InputError):
            assert set(read_labels(Path(root), ["groups.csv"], ["a.png"], progress=Listener())) <= {"a.png"}
