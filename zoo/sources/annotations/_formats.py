"""Which formats there are, and which one a folder has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from zoo.errors import InputError, shortened
from zoo.sources.annotations._coco import coco_files, read_coco
from zoo.sources.annotations._dlib import dlib_files, read_dlib
from zoo.sources.annotations._folder import Folder
from zoo.sources.annotations._freihand import FREIHAND_ENDINGS, freihand_files, read_freihand
from zoo.sources.annotations._listed import Parsed
from zoo.sources.annotations._lsp import lsp_files, read_lsp
from zoo.sources.annotations._table import read_table, table_files, table_has_faces
from zoo.sources.annotations._wider_face import begins_with_picture, read_wider_face, wider_face_files
from zoo.sources.annotations._yolo import read_yolo, yolo_files


@dataclass(frozen=True)
class Format:
    """`find` lists the annotation files of a folder that fit, and `read` reads one; `shape` tells it to a person."""

    name: str
    shape: str
    find: Callable[[Folder], Sequence[str]]
    read: Callable[[Folder, str], Parsed]


@dataclass(frozen=True)
class Found:
    """A format, its annotation file, and how it came to be chosen."""

    format: Format
    file: str
    how: str


_ALL = (
    Format("coco", "a JSON file with images, annotations and categories", coco_files, read_coco),
    Format(
        "yolo", "label files in labels/, or beside the pictures, with a class and a box a line", yolo_files, read_yolo
    ),
    Format("dlib", "an XML file with a dataset of images and boxes", dlib_files, read_dlib),
    Format("lsp", "joints.mat", lsp_files, read_lsp),
    Format("freihand", "a ..._xyz.json and its ..._K.json", freihand_files, read_freihand),
    Format("wider_face", "wider_face_split/wider_face_val_bbx_gt.txt", wider_face_files, read_wider_face),
    Format("csv", "labels.csv or groups.csv that names the pictures", table_files, read_table),
)
_BY_ENDING = {
    **{".json": "coco", ".xml": "dlib", ".mat": "lsp", ".csv": "csv", ".tsv": "csv"},
    **{".yaml": "yolo", ".yml": "yolo", ".txt": "yolo"},
}
"""What a file is read as that fits no format by its content."""
_MOST_REASON = 200
FORMATS = tuple(one.name for one in _ALL)
"""The names that `read_annotations` takes."""


def find_format(folder: Folder, *, named: str | None) -> Found:
    """The named format, or the only one that fits.

    Raises:
        InputError: no such format, none fits, or more than one format or file does; all are named.
    """
    if named is not None:
        return _named(folder, named)
    fitting = {one.name: (one, files) for one in _ALL if (files := one.find(folder))}
    if len(fitting) > 1 and folder.chosen is None and not table_has_faces(folder):
        # The table then gives the groups of what another format annotates.
        fitting.pop("csv", None)
    if not fitting:
        if folder.chosen is not None and (form := _by_name(folder, folder.chosen)):
            # Reading says best what is wrong with a file that a person named.
            return Found(form, folder.chosen, f"by its name: {form.shape}")
        raise InputError(_no_format(folder))
    if len(fitting) > 1:
        both = " and ".join(f"{name} ({files[0]})" for name, (_, files) in fitting.items())
        raise InputError(f"{folder.root} has annotations in more than one format, {both}: name the one to read")
    ((one, files),) = fitting.values()
    return Found(one, _only(folder, one, files), f"detected: {one.shape}")


def fitting_formats(folder: Folder) -> list[Format]:
    """Every format that a folder has files of. A table counts where it says where faces are."""
    return [one for one in _ALL if one.find(folder) and (one.name != "csv" or table_has_faces(folder))]


def _no_format(folder: Folder) -> str:
    """That nothing fits, and what is wrong with a file that may have been meant, if there is only one."""
    place = folder.root / folder.chosen if folder.chosen else folder.root
    shapes = "; ".join(f"{one.name}: {one.shape}" for one in _ALL)
    meant = [] if folder.chosen else folder.files(*(f"*{ending}" for ending in _BY_ENDING))
    reason = ""
    if len(meant) == 1 and (form := _by_name(folder, meant[0])):
        try:
            form.read(folder, meant[0])
        except InputError as error:
            reason = f"; {shortened(error, _MOST_REASON)}"
    return f"{place} has no annotations in a format that is read ({shapes}){reason}: name its format, or give another"


def _by_name(folder: Folder, file: str) -> Format | None:
    """The format that a file's name, or the first line of a text, promises."""
    path = PurePosixPath(file)
    name = _BY_ENDING.get(path.suffix.lower())
    if name == "coco" and path.name.endswith(FREIHAND_ENDINGS):
        name = "freihand"
    if name == "yolo" and path.suffix.lower() == ".txt" and begins_with_picture(folder, file):
        name = "wider_face"
    return next((one for one in _ALL if one.name == name), None)


def _named(folder: Folder, name: str) -> Found:
    one = next((one for one in _ALL if one.name == name), None)
    if one is None:
        raise InputError(f"'{name[:40]}' is no annotation format: name one of {', '.join(FORMATS)}")
    if folder.chosen is not None:
        # The person says what the file is, so reading tells best what is wrong with it.
        return Found(one, folder.chosen, "named")
    files = one.find(folder)
    if not files:
        raise InputError(f"{folder.root} has no {name} annotations ({one.shape}): give another folder or format")
    return Found(one, _only(folder, one, files), "named")


def _only(folder: Folder, one: Format, files: Sequence[str]) -> str:
    if len(files) > 1:
        listed = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
        raise InputError(
            f"{folder.root} has {len(files)} {one.name} files ({listed}): give the path of the one to read"
        )
    return files[0]
