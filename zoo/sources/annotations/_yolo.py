"""YOLO boxes: a text file a picture, one line a box (https://docs.ultralytics.com/datasets/detect/)."""

from __future__ import annotations

import math
from pathlib import PurePosixPath

from zoo.bounded_yaml import load_yaml
from zoo.errors import InputError
from zoo.files import printable
from zoo.sources.annotations._folder import Folder
from zoo.sources.annotations._listed import Listed, Marked, Parsed

_MOST_LABEL_BYTES = 1 << 20
_MOST_NAMES_BYTES = 1 << 20
_MOST_CLASSES = 10_000
_YAMLS = ("data.yaml", "data.yml", "dataset.yaml")
_CLASSES = "classes.txt"
_FIELDS = "class, x, y, width and height"


def yolo_files(folder: Folder) -> list[str]:
    """The file of class names, or else the first label file; empty where no picture has one.

    A text file beside its picture may be anything, so there the first line must begin with a class and four numbers.
    """
    if folder.chosen is not None and PurePosixPath(folder.chosen).name not in (*_YAMLS, _CLASSES):
        return []
    labels = {picture: label for picture in folder.pictures if (label := _label_file(folder, picture))}
    beside = [name for picture, name in labels.items() if name == _beside(picture)]
    apart = [name for picture, name in labels.items() if name != _beside(picture)]
    if not apart and not _looks_right(folder, beside):
        return []
    return [_names_file(folder) or min(apart or beside)]


def read_yolo(folder: Folder, file: str) -> Parsed:
    """Read all label files: `images/.../a.jpg` has `labels/.../a.txt`, or else the one beside it.

    A picture without a label file shows nothing, as YOLO has it, if others of its folder have one; else nothing is said
    of it. Class names come from `data.yaml` or `classes.txt`;
    without them a class is named by its number. Paths in `data.yaml` are not followed.

    Raises:
        InputError: a line is not a box, or its class has no name; the file and line are named.
    """
    names_file = _names_file(folder)
    names = _class_names(folder, names_file) if names_file else None
    labels = {picture: _label_file(folder, picture) for picture in folder.pictures}
    used = {label for label in labels.values() if label}
    annotated = {PurePosixPath(picture).parent for picture, label in labels.items() if label}
    pictures: dict[str, Listed] = {}
    for picture, label in labels.items():
        if label:
            pictures[picture] = _listed(folder, label, names)
        else:
            pictures[picture] = Listed(file, labelled=PurePosixPath(picture).parent in annotated)
    if not used:
        raise InputError(
            f"{folder.root} has no label file of any picture: put labels/a.txt beside images/, or a.txt by a.jpg"
        )
    orphans = set(folder.files("labels/**/*.txt", "*/labels/**/*.txt")) - used
    absent = [name for name in sorted(orphans) if PurePosixPath(name).name != _CLASSES]
    return Parsed(pictures, absent=tuple(f"the picture of {name}" for name in absent))


def _label_file(folder: Folder, picture: str) -> str | None:
    parts = PurePosixPath(picture).with_suffix(".txt").parts
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            apart = "/".join((*parts[:place], "labels", *parts[place + 1 :]))
            if folder.has(apart):
                return apart
            break
    beside = _beside(picture)
    return beside if folder.has(beside) else None


def _beside(picture: str) -> str:
    return str(PurePosixPath(picture).with_suffix(".txt"))


def _looks_right(folder: Folder, labels: list[str]) -> bool:
    for name in sorted(labels):
        words = folder.read(name, most=_MOST_LABEL_BYTES).split(b"\n", 1)[0].split()
        if words:
            return words[0].isdigit() and len(words) >= 5
    return False


def _names_file(folder: Folder) -> str | None:
    return next((name for name in (*_YAMLS, _CLASSES, f"labels/{_CLASSES}") if folder.has(name)), None)


def _listed(folder: Folder, label: str, names: list[str] | None) -> Listed:
    listed = Listed(label)
    for number, line in enumerate(folder.text(label, most=_MOST_LABEL_BYTES).split("\n"), 1):
        if line.strip():
            listed.objects.append(_marked(line.split(), names, f"{label} line {number}"))
    return listed


def _marked(words: list[str], names: list[str] | None, where: str) -> Marked:
    if len(words) != 5:
        raise InputError(f"{where} has {len(words)} numbers and a YOLO box five: {_FIELDS}")
    try:
        index, (x, y, width, height) = int(words[0]), (float(word) for word in words[1:])
    except ValueError:
        raise InputError(f"{where} is not five numbers: a YOLO box is {_FIELDS}") from None
    if not all(math.isfinite(number) and 0 <= number <= 1 for number in (x, y, width, height)):
        raise InputError(f"{where}: {_FIELDS.partition(', ')[2]} are shares of the picture, from 0 to 1: correct it")
    if index < 0 or index >= (len(names) if names is not None else _MOST_CLASSES):
        raise InputError(f"{where}: class {index} has no name: correct it or add the name to data.yaml")
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Marked(box, names[index] if names is not None else str(index), where, shares=True)


def _class_names(folder: Folder, file: str) -> list[str]:
    text = folder.text(file, most=_MOST_NAMES_BYTES)
    if file.endswith(_CLASSES):
        found: object = [line.strip() for line in text.splitlines() if line.strip()]
    else:
        found = _yaml_names(text, file)
    if isinstance(found, dict) and all(isinstance(key, int) for key in found):
        # A mapping from 0 without gaps is the same as a list.
        found = [found.get(number) for number in range(len(found))]
    if not isinstance(found, list) or not 0 < len(found) <= _MOST_CLASSES:
        raise InputError(f"{file}: names must be a list of class names, or a mapping from 0: correct it")
    if not all(isinstance(name, str | int) and 0 < len(str(name)) <= 128 for name in found):
        raise InputError(f"{file}: every class name must be 1 to 128 letters: correct it")
    return [printable(str(name)) for name in found]


def _yaml_names(text: str, file: str) -> object:
    content = load_yaml(text, file)
    return content.get("names") if isinstance(content, dict) else None
