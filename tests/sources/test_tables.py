"""Tables as spreadsheets save them are read, or refused by name; what a table has and does not serve is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.sources.conftest import Listener, groups, scan
from zoo.errors import InputError
from zoo.sources.annotations import read_annotations

BOXES = "face_x,face_y,face_w,face_h"


@pytest.fixture
def folder(tmp_path: Path, cache: Path, make_picture: Callable[..., Path]) -> Path:
    """Three pictures of 96 x 96 pixels: a.png, b.png and c.png."""
    for seed, name in enumerate("abc"):
        make_picture(tmp_path / "set" / f"{name}.png", seed)
    return tmp_path / "set"


def said(folder: Path) -> list[str]:
    listener = Listener()
    scan(folder, listener)
    return listener.remarks


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as told:
        scan(folder)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 500
    return str(told.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("table", ["labels.csv", "groups.csv"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_separators_and_encodings_are_found_out(folder: Path, separator: str, table: str, encoding: str) -> None:
    rows = [["file", "race"], ["a.png", "Säure"], ["b.png", f'"x{separator} ""y"""']]
    (folder / table).write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    expected = {"a.png": {"race": "Säure"}, "b.png": {"race": " ".join(f'x{separator} "y"'.split())}}
    assert groups(folder) == expected


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_separator_that_the_first_line_declares_is_taken(folder: Path, first: str) -> None:
    (folder / "labels.csv").write_text(f"{first}\nfile;gender\na.png;F\nb.png;M;1\n")
    assert "labels.csv line 4: it has 3 fields, the header 2" in refusal(folder)
    (folder / "labels.csv").write_text(f"{first}\nfile;gender\na.png;F\n")
    assert groups(folder) == {"a.png": {"gender": "Female"}}


def test_faces_are_read_with_any_separator(folder: Path) -> None:
    (folder / "labels.csv").write_text(f"file,{BOXES}\na.png,24,0,48,96\n".replace(",", ";"))
    assert scan(folder)["a.png"].face == (0.25, 0.0, 0.75, 1.0)
    (thing,) = read_annotations(folder, format="csv").pictures[0].objects
    assert thing.box == (0.25, 0.0, 0.75, 1.0)


@pytest.mark.parametrize(
    ("separator", "name"), [(":", "colon"), (" ", "space"), ("^", "caret"), ("~", "tilde"), ("\uff0c", "wide comma")]
)
def test_other_separators_are_refused_by_name(folder: Path, separator: str, name: str) -> None:
    (folder / "labels.csv").write_text("file,gender\na.png,F\n".replace(",", separator), encoding="utf-8")
    assert f"labels.csv line 1: a {name} separates its columns" in refusal(folder)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("file,gender\na.png,F\n".encode("utf-16-le"), "holds zeros (it may be UTF-16 without a byte order mark)"),
        ("file,gender\na.png,F\n".encode("utf-16")[:-1], "is not the UTF-16 text that its byte order mark announces"),
        ("file,race\na.png,Säure\n".encode("latin-1"), "labels.csv is not UTF-8 text (line 2)"),
    ],
)
def test_text_in_another_encoding_is_refused_by_name(folder: Path, data: bytes, complaint: str) -> None:
    (folder / "labels.csv").write_bytes(data)
    assert complaint in refusal(folder)


def test_a_line_of_countless_fields_is_refused_and_not_built(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,gender\na.png,F\n" + "ab," * 100_000)
    assert "labels.csv line 3 has more than 65536 letters" in refusal(folder)
    (folder / "labels.csv").write_text("ab," * 100_000)
    assert "labels.csv line 1 has more than 65536 letters" in refusal(folder)


def test_a_table_that_says_nothing_used_is_told_with_its_columns(folder: Path) -> None:
    (folder / "labels.csv").write_text("file;colour\na.png;red\n")
    (remark,) = said(folder)
    assert remark.startswith("labels.csv is not used: no column is a group that is known")
    assert "(file, colour)" in remark or "(file;colour)" in remark


def test_tables_of_other_names_are_told(folder: Path) -> None:
    for name in ("Labels.csv", "groups.tsv", "ages.xlsx"):
        (folder / name).write_text("file,gender\na.png,F\n")
    assert said(folder) == [
        "3 tables, such as Labels.csv, are not read: labels and groups are read from labels.csv and groups.csv"
    ]


@pytest.mark.parametrize(
    ("header", "near"),
    [("gendr", "gender"), ("perceived_gendre", "gender"), ("skin_tones", "skin_tone"), ("etnicity", "ethnicity")],
)
def test_a_column_that_is_nearly_known_is_told_with_the_near_name(folder: Path, header: str, near: str) -> None:
    (folder / "labels.csv").write_text(f"file,{header}\na.png,F\n")
    assert f"labels.csv: column '{header}' is no group that is known; is it {near}?" in said(folder)


@pytest.mark.parametrize("key", ["image", "file_names", "Bild"])
def test_a_missing_key_column_is_told_with_the_column_that_may_be_meant(folder: Path, key: str) -> None:
    (folder / "labels.csv").write_text(f"gender;{key}\nF;a.png\n")
    message = refusal(folder)
    assert "labels.csv line 1: no column file, filename, path, name names the picture" in message
    assert f"or call '{key.lower()}' file if it does" in message


def test_half_a_box_is_refused_with_what_is_not_there(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,face_x,face_y,face_width,face_height\na.png,1,2,3,4\n")
    message = refusal(folder)
    assert "labels.csv line 1: a face's box is face_x, face_y, face_w, face_h, and face_w is not there" in message


def test_a_second_face_of_a_picture_is_refused_and_not_dropped(folder: Path) -> None:
    (folder / "labels.csv").write_text(f"file,{BOXES}\na.png,1,2,30,40\nb.png,1,2,30,40\na.png,50,2,30,40\n")
    assert "labels.csv line 4: 'a.png' has another face at labels.csv line 2" in refusal(folder)


def test_rows_that_repeat_an_earlier_one_are_counted(folder: Path) -> None:
    rows = "a.png,1,2,30,40\nb.png,,,,\nb.png,5,6,7,8\nc.png,,,,\n"
    (folder / "labels.csv").write_text(f"file,{BOXES}\n{rows}a.png,1,2,30,40\n")
    assert said(folder) == ["labels.csv: 1 of 5 rows are about a picture of an earlier row and add nothing to it"]
    assert scan(folder)["b.png"].face is not None


def test_rows_without_a_picture_and_pictures_without_a_row_are_counted(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,gender\nz.png,F\na.png,F\ny.png,M\n")
    assert said(folder) == [
        "labels.csv: 2 of 3 rows name no picture below its folder",
        "2 of 3 pictures have no row in labels.csv; the first is b.png",
    ]


def test_a_table_without_rows_is_told(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,gender\n")
    assert "labels.csv is not used: it has no row below its header" in said(folder)


@pytest.mark.parametrize("form", ["é.png", "e\u0301.png"])
def test_a_name_in_another_unicode_form_is_the_same_name(tmp_path: Path, cache: Path, form: str) -> None:
    other = "e\u0301.png" if len(form) == 5 else "é.png"
    for red, name in enumerate((form, "b.png")):
        Image.new("RGB", (96, 96), (red, 90, 10)).save(tmp_path / name)
    (tmp_path / "labels.csv").write_text(f"file,gender\n{other},F\nb.png,M\n", encoding="utf-8")
    assert groups(tmp_path)[form] == {"gender": "Female"}


def test_the_shared_table_with_semicolons_is_read(shared_cases: Path, cache: Path) -> None:
    found = scan(shared_cases / "a1_labels_semicolon")
    assert {name: sorted(picture.groups.values()) for name, picture in found.items()} == {
        "p0.png": ["20-29", "Female"],
        "p1.png": ["30-39", "Male"],
        "p2.png": ["20-29", "Female"],
        "p3.png": ["30-39", "Male"],
    }
