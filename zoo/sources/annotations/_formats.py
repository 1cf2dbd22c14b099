"""Which formats there are, and which one a folder has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zoo.errors import InputError
from zoo.sources.annotations._coco import coco_files, read_coco
from zoo.sources.annotations._dlib import dlib_files, read_dlib
from zoo.sources.annotations._folder import Folder
from zoo.sources.annotations._freihand import freihand_files, read_freihand
from zoo.sources.annotations._listed import Parsed
from zoo.sources.annotations._lsp import lsp_files, read_lsp
from zoo.sources.annotations._table import read_table, table_files, table_has_faces
from zoo.sources.annotations._wider_face import read_wider_face, wider_face_files
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
    Format("yolo", "label files of five numbers a line in labels/, or beside the pictures", yolo_files, read_yolo),
    Format("dlib", "an XML file with a dataset of images and boxes", dlib_files, read_dlib),
    Format("lsp", "joints.mat", lsp_files, read_lsp),
    Format("freihand", "a ..._xyz.json and its ..._K.json", freihand_files, read_freihand),
    Format("wider_face", "wider_face_split/wider_face_val_bbx_gt.txt", wider_face_files, read_wider_face),
    Format("csv", "labels.csv or groups.csv that names the pictures", table_files, read_table),
)
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
        place = folder.root / folder.chosen if folder.chosen else folder.root
        shapes = "; ".join(f"{one.name}: {one.shape}" for one in _ALL)
        raise InputError(
            f"{place} has no annotations in a format that is read ({shapes}): name its format, or give another"
        )
    if len(fitting) > 1:
        both = " and ".join(f"{name} ({files[0]})" for name, (_, files) in fitting.items())
        raise InputError(f"{folder.root} has annotations in more than one format, {both}: name the one to read")
    ((one, files),) = fitting.values()
    return Found(one, _only(folder, one, files), f"detected: {one.shape}")


def fitting_formats(folder: Folder) -> list[Format]:
    """Every format that a folder has files of. A table counts where it says where faces are."""
    return [one for one in _ALL if one.find(folder) and (one.name != "csv" or table_has_faces(folder))]


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
