"""Group labels and labelled faces from `groups.csv` and `labels.csv`: tables by strangers, read within bounds."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError
from zoo.progress import Progress

_KEY_COLUMNS = ("file", "filename", "path", "name")
_BOX_COLUMNS = tuple(tuple(f"{kind}_{part}" for part in "xywh") for kind in ("face", "chip"))
# From labels.csv only these are groups, so that names, ids or addresses never are. A prefix such as "perceived" may
# stand before them.
_ATTRIBUTES = frozenset(
    {
        *("gender", "sex", "age", "age_group", "age_range", "age_bin", "race", "ethnicity", "race_ethnicity"),
        *(
            "skin_tone",
            "skin_type",
            "skin_color",
            "skin_colour",
            "fitzpatrick",
            "fitzpatrick_type",
            "fitzpatrick_scale",
        ),
        *("monk", "monk_scale", "monk_skin_tone", "region", "subregion", "un_region", "un_subregion", "continent"),
    }
)
_PREFIX = re.compile(r"^(perceived|apparent|self_declared|labelled|labeled)_")
_GENDERS = {"m": "Male", "male": "Male", "man": "Male", "f": "Female", "female": "Female", "woman": "Female"}
_UNKNOWN = frozenset({"", "unknown", "unlabelled", "unlabeled", "n/a", "na", "nan", "none", "null", "?", "-"})

_MOST_BYTES = 64 << 20
_MOST_ROWS = 1_000_000
_MOST_COLUMNS = 64
_MOST_VALUE = 64
_MOST_GROUPS = 256


@dataclass(frozen=True)
class PixelBox:
    """A labelled face in pixels of the picture as shown, and the row that says so.

    `region`: it is where the face is to be looked for (`chip_x` and so on) and not the face's own outline.
    """

    x: float
    y: float
    width: float
    height: float
    where: str
    region: bool = False

    def shares(self, width: int, height: int) -> tuple[float, float, float, float]:
        """As (xmin, ymin, xmax, ymax), shares of a picture of `width` x `height` pixels, cut at its edges.

        Raises:
            InputError: the box lies outside the picture.
        """
        left, top = max(self.x / width, 0.0), max(self.y / height, 0.0)
        right, bottom = min((self.x + self.width) / width, 1.0), min((self.y + self.height) / height, 1.0)
        if left >= right or top >= bottom:
            raise InputError(
                f"{self.where}: the face box lies outside its picture of {width} x {height} pixels: correct it"
            )
        return (round(left, 6), round(top, 6), round(right, 6), round(bottom, 6))


@dataclass(frozen=True)
class Label:
    """What the tables say of one picture: its group by column, and its face."""

    groups: dict[str, str]
    box: PixelBox | None


@dataclass(frozen=True)
class _Columns:
    key: int
    groups: dict[str, int]
    box: tuple[int, ...] | None
    region: bool


def read_labels(root: Path, files: Sequence[str], pictures: Sequence[str], *, progress: Progress) -> dict[str, Label]:
    """The labels of `pictures` from all label `files`, both named by their path below `root`.

    A file labels the pictures below its folder, by path from there or by base name where that is unique. The deeper
    file wins column by column, and `groups.csv` over `labels.csv` beside it.

    Raises:
        InputError: a table cannot be read, lacks a key column, or has bad rows; the first is named by file and line.
    """
    labels: dict[str, Label] = {}
    for file in sorted(files, key=lambda name: (name.count("/"), name.endswith("groups.csv"), name)):
        for picture, label in _read_table(root, file, pictures, progress).items():
            below = labels.get(picture, Label({}, None))
            labels[picture] = Label({**below.groups, **label.groups}, label.box or below.box)
    return _pooled(labels)


def _read_table(root: Path, file: str, pictures: Sequence[str], progress: Progress) -> dict[str, Label]:
    path = root / file
    rows = _rows(path, file)
    try:
        _, header = next(rows)
    except StopIteration:
        raise InputError(f"{file} is empty: give it a header line and rows, or remove it") from None
    columns = _columns(file, header)
    if columns is None:
        return {}
    folder = file.rpartition("/")[0]
    match = _matcher(f"{folder}/" if folder else "", pictures)
    labels: dict[str, Label] = {}
    problems: list[str] = []
    read = unmatched = 0
    for line, row in rows:
        read += 1
        problem = f"it has {len(row)} fields, the header {len(header)}" if len(row) != len(header) else None
        found = [] if problem else match(row[columns.key])
        if len(found) > 1:
            problem = f"'{row[columns.key][:80]}' names {len(found)} pictures, so write its path"
        elif not problem and not found:
            unmatched += 1
            continue
        label = problem or _label(row, columns, f"{file} line {line}")
        if isinstance(label, Label) and labels.setdefault(found[0], label).groups != label.groups:
            label = f"'{row[columns.key][:80]}' has other groups on an earlier line"
        if isinstance(label, str):
            problems.append(f"{file} line {line}: {label}")
    if problems:
        more = f" (and {len(problems) - 1} more bad rows)" if len(problems) > 1 else ""
        raise InputError(f"{problems[0]}{more}: correct the table or remove it")
    _tell(file, read, unmatched, progress)
    return labels


def _tell(file: str, read: int, unmatched: int, progress: Progress) -> None:
    if unmatched == 0:
        return
    if unmatched == read and file.endswith("groups.csv"):
        raise InputError(f"{file}: none of its {read} rows names a picture below its folder: write paths from there")
    progress.say(f"{file}: {unmatched} of {read} rows name no picture below its folder")


def _rows(path: Path, file: str) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of each row that is not blank; the header comes first."""
    fix = "save it as UTF-8 CSV, or remove it"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{file} is larger than {_MOST_BYTES} bytes: split it or remove it")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            for count, row in enumerate(reader):
                if count > _MOST_ROWS:
                    raise InputError(f"{file} has more than {_MOST_ROWS} rows: split it or remove it")
                if any(field.strip() for field in row):
                    yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{file} line {reader.line_num} is not CSV ({error}): {fix}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 text: {fix}") from error
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}): {fix}") from error


def _columns(file: str, header: Sequence[str]) -> _Columns | None:
    """Which column is what; None where the table says nothing about groups or faces."""
    names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in header]
    if len(names) > _MOST_COLUMNS:
        raise InputError(
            f"{file} line 1: {len(names)} columns, more than {_MOST_COLUMNS}: remove those that are not groups"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{file} line 1: column '{twice[0][:40]}' stands there twice: rename one")
    key = next((name for name in _KEY_COLUMNS if name in names), None)
    box = next((kind for kind in _BOX_COLUMNS if set(kind) <= set(names)), None)
    coordinates = {name for kind in _BOX_COLUMNS for name in kind}
    others = [name for name in names if name and name != key and name not in coordinates]
    if not file.endswith("groups.csv"):
        others = [name for name in others if _PREFIX.sub("", name) in _ATTRIBUTES]
        if not others and box is None:
            return None
    if key is None:
        raise InputError(f"{file} line 1: no column {', '.join(_KEY_COLUMNS)} names the picture: add one of them")
    return _Columns(
        key=names.index(key),
        groups={name: names.index(name) for name in others},
        box=tuple(names.index(name) for name in box) if box else None,
        region=box == _BOX_COLUMNS[1],
    )


class _matcher:  # noqa: N801 - called like a function
    """Finds the pictures that a key names: by path below the table's folder, else by base name."""

    def __init__(self, prefix: str, pictures: Sequence[str]) -> None:
        self._prefix = prefix
        below = [name for name in pictures if name.startswith(prefix)]
        self._paths = set(below)
        self._bases: dict[str, list[str]] = defaultdict(list)
        for name in below:
            self._bases[name.rpartition("/")[2]].append(name)

    def __call__(self, key: str) -> list[str]:
        key = key.strip().replace("\\", "/").removeprefix("./")
        path = f"{self._prefix}{key}"
        if path in self._paths:
            return [path]
        return self._bases.get(key.rpartition("/")[2], []) if "/" not in key else []


def _label(row: Sequence[str], columns: _Columns, where: str) -> Label | str:
    """The row's label, or what is wrong with the row."""
    groups: dict[str, str] = {}
    for column, index in columns.groups.items():
        value = " ".join(row[index].split())
        if len(value) > _MOST_VALUE or not value.isprintable():
            return f"{column} has {len(value)} characters or unprintable ones, which is no group's name"
        if value.lower() in _UNKNOWN:
            continue
        is_gender = _PREFIX.sub("", column) in ("gender", "sex")
        groups[column] = _GENDERS.get(value.lower(), value) if is_gender else value
    if columns.box is None or not any(row[index].strip() for index in columns.box):
        return Label(groups, None)
    try:
        x, y, width, height = (float(row[index]) for index in columns.box)
    except ValueError:
        return f"face box '{', '.join(row[index][:20] for index in columns.box)}' is not four numbers of pixels"
    if not (abs(x) < 1e6 and abs(y) < 1e6 and 0 < width < 1e6 and 0 < height < 1e6):
        return "the face box needs finite numbers of pixels and a width and height above 0"
    return Label(groups, PixelBox(x, y, width, height, where, columns.region))


def _pooled(labels: Mapping[str, Label]) -> dict[str, Label]:
    """Groups of one column that differ only in case are one, in the spelling that sorts first."""
    spelling: dict[str, dict[str, str]] = defaultdict(dict)
    for label in labels.values():
        for column, value in label.groups.items():
            known = spelling[column].get(value.casefold(), value)
            spelling[column][value.casefold()] = min(known, value)
    for column, values in spelling.items():
        if len(values) > _MOST_GROUPS:
            raise InputError(
                f"column '{column}' of the labels has {len(values)} different groups, more than {_MOST_GROUPS}: "
                f"remove it if it is a name or an id"
            )
    return {
        picture: Label(
            {column: spelling[column][value.casefold()] for column, value in label.groups.items()}, label.box
        )
        for picture, label in labels.items()
    }
