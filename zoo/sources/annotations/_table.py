"""A folder of pictures with `labels.csv` or `groups.csv`: one face a picture, and groups."""

from __future__ import annotations

from pathlib import PurePosixPath

from zoo.errors import InputError
from zoo.sources.annotations._folder import Folder
from zoo.sources.annotations._listed import Listed, Marked, Parsed

_NAMES = ("labels.csv", "groups.csv")


def table_files(folder: Folder) -> list[str]:
    """The first of the tables; empty where no picture has a label from any."""
    return folder.files(*(f"**/{name}" for name in _NAMES))[:1] if folder.labels else []


def table_has_faces(folder: Folder) -> bool:
    """Whether a table says where a face is, and not only which group a picture belongs to."""
    return any(label.box for label in folder.labels.values())


def read_table(folder: Folder, file: str) -> Parsed:
    """The labels of all tables, which are read already, as objects of the category `face`.

    A picture without a box is one about whose faces nothing is said.

    Raises:
        InputError: it has another name than is read, or no table labels any picture.
    """
    if PurePosixPath(file).name not in _NAMES:
        raise InputError(f"{file} is none of {' and '.join(_NAMES)}, which are read: rename it")
    if not folder.labels:
        raise InputError(
            f"{file} labels no picture of {folder.root}: give a column `file` with paths from its folder, and a face's "
            "box in face_x, face_y, face_w, face_h, or groups"
        )
    pictures: dict[str, Listed] = {}
    for name in folder.pictures:
        label = folder.labels.get(name)
        box = label.box if label else None
        pictures[name] = Listed(box.where if box else file, labelled=box is not None)
        if box is not None:
            corners = (box.x, box.y, box.x + box.width, box.y + box.height)
            pictures[name].objects.append(Marked(corners, "face", box.where, region=box.region))
    return Parsed(pictures)
