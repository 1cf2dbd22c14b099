"""YOLO labels: a text file a picture, one line an object (https://docs.ultralytics.com/datasets/).

A line is a class and a box; a class and an outline, as of segments or turned boxes; or a class, a box and the key
points that `kpt_shape` of `data.yaml` announces.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from zoo.bounded_yaml import load_yaml
from zoo.errors import InputError, shortened
from zoo.files import printable
from zoo.records import SkippedPicture
from zoo.sources._text import NotTextError, decode_text
from zoo.sources.annotations._folder import MOST_POINTS, Folder
from zoo.sources.annotations._listed import Listed, Marked, Parsed, Place

_MOST_LABEL_BYTES = 1 << 20
_MOST_NAMES_BYTES = 1 << 20
_MOST_CLASSES = 10_000
_YAMLS = ("data.yaml", "data.yml", "dataset.yaml")
_YAML_SUFFIXES = (".yaml", ".yml")
_CLASSES = "classes.txt"
_FIELDS = "class, x, y, width and height"
_BOX = 5
"""Numbers of a class and a box."""
_SLACK = 0.01
"""By which an outline or a key point may leave its picture; Ultralytics' own check allows as much."""


_COCO_PERSON = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"),
    "right_ankle",
)
_COCO_FLIPPED = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
"""Which point takes whose place in a mirrored picture, by which COCO's order is known (Ultralytics' coco-pose.yaml)."""


@dataclass(frozen=True)
class _Scheme:
    """What `data.yaml` or `classes.txt` says.

    `names`: of the classes, or None. `points`: how many key points a line has, each of 2 or 3 `numbers`; `point_names`
    are as many.
    """

    names: list[str] | None = None
    points: int = 0
    numbers: int = 3
    point_names: tuple[str, ...] = ()


def yolo_files(folder: Folder) -> list[str]:
    """The file of class names, or else the first label file; empty where no picture has one.

    A text file beside its picture may be anything, so there the first line must begin with a class and four numbers.
    """
    if folder.chosen is not None and PurePosixPath(folder.chosen).name not in (*_YAMLS, _CLASSES):
        return []
    labels = {picture: label for picture in folder.pictures if (label := _label_file(folder, picture))}
    beside = [name for picture, name in labels.items() if name == _beside(folder, picture)]
    apart = [name for picture, name in labels.items() if name != _beside(folder, picture)]
    if not apart and not _looks_right(folder, beside):
        return []
    return [_names_file(folder) or min(apart or beside)]


def read_yolo(folder: Folder, file: str) -> Parsed:
    """Read the chosen label file, or all: `images/.../a.jpg` has `labels/.../a.txt`, or else the one beside it.

    A picture without a label file shows nothing, as YOLO has it, if others of its folder have one; else nothing is said
    of it. Class names come from `data.yaml` or `classes.txt`; without them a class is named by its number. Paths in
    `data.yaml` are not followed. An outline becomes the box around it.

    Raises:
        InputError: a line is not an object, or its class has no name; the file and line are named.
    """
    names_file = _names_file(folder)
    scheme = _scheme(folder, names_file) if names_file else _Scheme()
    labels = {picture: _label_file(folder, picture) for picture in folder.pictures}
    if folder.chosen is not None and folder.chosen != names_file:
        labels = {picture: label for picture, label in labels.items() if label == folder.chosen}
        if not labels:
            raise InputError(
                f"{file} is the YOLO label file of no picture: give the folder that holds both, or data.yaml"
            )
    used = {label for label in labels.values() if label}
    annotated = {PurePosixPath(picture).parent for picture, label in labels.items() if label}
    pictures: dict[str, Listed] = {}
    for picture, label in labels.items():
        if label:
            pictures[picture] = _listed(folder, label, scheme)
        else:
            pictures[picture] = Listed(file, labelled=PurePosixPath(picture).parent in annotated)
    absent = [] if folder.chosen in used else _absent(folder, used)
    if not used:
        reason = f" ({absent[0].file}: {absent[0].reason})" if absent else ""
        raise InputError(
            f"{folder.root} has no label file of any picture{reason}: put labels/a.txt beside images/, or a.txt by "
            "a.jpg"
        )
    return Parsed(pictures, scheme.point_names, tuple(absent))


def _absent(folder: Folder, used: set[str]) -> list[SkippedPicture]:
    """The label files without a picture, or those of pictures that are not read."""
    unread = {label: name for name in folder.skipped if (label := _label_file(folder, name)) and label not in used}
    absent = [SkippedPicture(file=name, reason=folder.skipped[name]) for _, name in sorted(unread.items())]
    orphans = (
        set(folder.files(*(f"{top}labels/**/*.{end}" for top in ("", "*/") for end in ("txt", "TXT"))))
        - used
        - set(unread)
    )
    for name in sorted(orphans):
        if PurePosixPath(name).name != _CLASSES:
            absent.append(SkippedPicture(file=f"the picture of {name}", reason="no such picture in the folder"))
    return absent


def _label_file(folder: Folder, picture: str) -> str | None:
    """The label file of a picture: in the tree of labels, or else beside it; its ending may be in capitals."""
    parts = PurePosixPath(picture).with_suffix(".txt").parts
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            apart = _as_there(folder, "/".join((*parts[:place], "labels", *parts[place + 1 :])))
            if apart is not None:
                return apart
            break
    return _beside(folder, picture)


def _beside(folder: Folder, picture: str) -> str | None:
    return _as_there(folder, str(PurePosixPath(picture).with_suffix(".txt")))


def _as_there(folder: Folder, name: str) -> str | None:
    return folder.as_there(name) or folder.as_there(f"{name.removesuffix('.txt')}.TXT")


def _looks_right(folder: Folder, labels: Sequence[str | None]) -> bool:
    for name in sorted(name for name in labels if name):
        try:
            words = decode_text(folder.read(name, most=_MOST_LABEL_BYTES)).split("\n", 1)[0].split()
            numbers = [float(word) for word in words]
        except (NotTextError, ValueError):
            return False
        if numbers:
            return numbers[0].is_integer() and len(numbers) >= _BOX
    return False


def _names_file(folder: Folder) -> str | None:
    if folder.chosen is not None and folder.chosen.lower().endswith((*_YAML_SUFFIXES, _CLASSES)):
        return folder.chosen
    return next((name for name in (*_YAMLS, _CLASSES, f"labels/{_CLASSES}") if folder.has(name)), None)


def _listed(folder: Folder, label: str, scheme: _Scheme) -> Listed:
    listed = Listed(label)
    for number, line in enumerate(folder.text(label, most=_MOST_LABEL_BYTES).split("\n"), 1):
        if line.strip():
            listed.objects.append(_marked(line.split(), scheme, f"{label} line {number}"))
    return listed


def _marked(words: list[str], scheme: _Scheme, where: str) -> Marked:
    try:
        index, *numbers = (float(word) for word in words)
    except ValueError:
        hint = ", separated by spaces" if any("," in word for word in words) else ""
        raise InputError(f"{where} is not five numbers{hint}: a YOLO box is {_FIELDS}") from None
    if not index.is_integer():
        raise InputError(f"{where}: class {index:g} is no whole number: correct it")
    if index < 0 or index >= (len(scheme.names) if scheme.names is not None else _MOST_CLASSES):
        raise InputError(f"{where}: class {index:g} has no name: correct it or add the name to data.yaml")
    category = str(int(index)) if scheme.names is None else scheme.names[int(index)]
    if len(words) == _BOX:
        return Marked(_box(numbers, where), category, where, shares=True)
    if scheme.points:
        if len(words) != _BOX + scheme.points * scheme.numbers:
            raise InputError(
                f"{where} has {len(words)} numbers, and a box with the {scheme.points} key points of {scheme.numbers} "
                f"numbers that data.yaml announces has {_BOX + scheme.points * scheme.numbers}: correct either"
            )
        points = _points(numbers[4:], scheme.numbers, where)
        return Marked(_box(numbers[:4], where), category, where, points, shares=True)
    _check_outline(numbers, where)
    across, down = numbers[0::2], numbers[1::2]
    return Marked((min(across), min(down), max(across), max(down)), category, where, shares=True)


def _box(numbers: Sequence[float], where: str) -> tuple[float, float, float, float]:
    if not all(math.isfinite(number) and 0 <= number <= 1 for number in numbers):
        raise InputError(f"{where}: {_FIELDS.partition(', ')[2]} are shares of the picture, from 0 to 1: correct it")
    x, y, width, height = numbers
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _points(numbers: Sequence[float], each: int, where: str) -> list[Place]:
    """The key points. Of two numbers, none is hidden, and one that lies at 0, 0 or outside is not labelled."""
    points: list[Place] = []
    for place in range(0, len(numbers), each):
        x, y = numbers[place : place + 2]
        seen = numbers[place + 2] if each == 3 else 2.0 * (x >= 0 and y >= 0 and (x, y) != (0, 0))
        if seen not in (0, 1, 2):
            raise InputError(f"{where}: a key point's visibility is {seen:g} and must be 0, 1 or 2: correct it")
        if seen and not _inside((x, y)):
            raise InputError(f"{where}: key points are shares of the picture, from 0 to 1: correct it")
        points.append((x, y, int(seen)))
    return points


def _check_outline(numbers: Sequence[float], where: str) -> None:
    """Refuse what is no outline, and say what it may be."""
    count = len(numbers) + 1
    problem = f"{where} has {count} numbers and a YOLO box five: {_FIELDS}"
    if _may_be_points(numbers):
        points = (count - _BOX) // 3
        raise InputError(f"{problem}; if the others are key points, write kpt_shape: [{points}, 3] into data.yaml")
    if count == _BOX + 1:
        raise InputError(f"{problem}; a sixth, as of a prediction's score or a track, is not read: remove it")
    if count < _BOX or count % 2 == 0:
        raise InputError(f"{problem}, or an outline of x and y three times or more: correct it")
    if not _inside(numbers):
        raise InputError(f"{where}: an outline's x and y are shares of the picture, from 0 to 1: correct it")


def _may_be_points(numbers: Sequence[float]) -> bool:
    """Whether it can be a box with points in it, each with its visibility."""
    box, rest = numbers[:4], numbers[4:]
    x, y, width, height = (*box, 0.0, 0.0, 0.0, 0.0)[:4]
    if not rest or len(rest) % 3 or min(width, height) <= 0 or any(mark not in (0, 1, 2) for mark in rest[2::3]):
        return False
    triples = zip(rest[0::3], rest[1::3], rest[2::3], strict=True)
    return all(not seen or (abs(u - x) <= width and abs(v - y) <= height) for u, v, seen in triples)


def _inside(numbers: Sequence[float]) -> bool:
    return all(-_SLACK <= number <= 1 + _SLACK for number in numbers)


def _scheme(folder: Folder, file: str) -> _Scheme:
    text = folder.text(file, most=_MOST_NAMES_BYTES)
    if file.endswith(_CLASSES):
        return _Scheme(_checked_names([line.strip() for line in text.splitlines() if line.strip()], file))
    content = load_yaml(text, file)
    fields = content if isinstance(content, dict) else {}
    names = _checked_names(fields.get("names"), file)
    points, numbers = _kpt_shape(fields, file)
    return _Scheme(names, points, numbers, _point_names(fields, points))


def _kpt_shape(fields: Mapping[object, object], file: str) -> tuple[int, int]:
    shape = fields.get("kpt_shape")
    if shape is None:
        return 0, 3
    whole = isinstance(shape, list) and len(shape) == 2 and all(isinstance(side, int) for side in shape)
    if not whole or not 0 < shape[0] <= MOST_POINTS or shape[1] not in (2, 3):  # type: ignore[index]
        raise InputError(f"{file}: kpt_shape must be a number of key points and 2 or 3, such as [21, 3]: correct it")
    return shape[0], shape[1]  # type: ignore[index]


def _point_names(fields: Mapping[object, object], points: int) -> tuple[str, ...]:
    """The names of the key points: those of `kpt_names`, of COCO's persons where they are that, or else numbers."""
    named = fields.get("kpt_names")
    if isinstance(named, dict) and len(named) == 1:
        # By class; all classes have the same number of points.
        named = next(iter(named.values()))
    if isinstance(named, list) and len(named) == points and all(isinstance(name, str) for name in named):
        return tuple(printable(shortened(name)) for name in named)
    if points == len(_COCO_PERSON) and fields.get("flip_idx") == _COCO_FLIPPED:
        return _COCO_PERSON
    return tuple(str(number) for number in range(points))


def _checked_names(found: object, file: str) -> list[str]:
    if isinstance(found, dict) and all(isinstance(key, int) for key in found):
        # A mapping from 0 without gaps is the same as a list.
        found = [found.get(number) for number in range(len(found))]
    if not isinstance(found, list) or not 0 < len(found) <= _MOST_CLASSES:
        raise InputError(f"{file}: names must be a list of class names, or a mapping from 0: correct it")
    if not all(isinstance(name, str | int) and 0 < len(str(name)) <= 128 for name in found):
        raise InputError(f"{file}: every class name must be 1 to 128 letters: correct it")
    return [printable(str(name)) for name in found]
