"""Group labels and labelled faces from `groups.csv` and `labels.csv`: tables by strangers, read within bounds."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from zoo.errors import InputError, shortened
from zoo.files import printable
from zoo.progress import Progress
from zoo.sources._matcher import PictureMatcher
from zoo.sources._separated import Row, read_rows
from zoo.sources._walk import Walked

_KEY_COLUMNS = ("file", "filename", "path", "name")
_BOX_COLUMNS = tuple(tuple(f"{kind}_{part}" for part in "xywh") for kind in ("face", "chip"))
# From labels.csv only these are groups, so that names, ids or addresses never are. A prefix such as "perceived" may
# stand before them.
_ATTRIBUTES = frozenset(
    {
        *("gender", "sex", "age", "age_group", "age_range", "age_bin", "race", "ethnicity", "race_ethnicity"),
        *("skin_tone", "skin_type", "skin_color", "skin_colour"),
        *("fitzpatrick", "fitzpatrick_type", "fitzpatrick_scale"),
        *("monk", "monk_scale", "monk_skin_tone", "region", "subregion", "un_region", "un_subregion", "continent"),
    }
)
_PREFIX = re.compile(r"^(perceived|apparent|self_declared|labelled|labeled)_")
_GENDERS = {"m": "Male", "male": "Male", "man": "Male", "f": "Female", "female": "Female", "woman": "Female"}
_UNKNOWN = frozenset({"", "unknown", "unlabelled", "unlabeled", "n/a", "na", "nan", "none", "null", "?", "-"})

_KNOWN = _ATTRIBUTES | {name for kind in _BOX_COLUMNS for name in kind} | {*_KEY_COLUMNS}
_NEAR = 0.8
"""How like a known name another must be to be held for a slip (`difflib.SequenceMatcher.ratio`)."""

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


def read_labels(
    root: Path,
    files: Sequence[str],
    pictures: Sequence[str],
    *,
    progress: Progress,
    unread: Sequence[str] = (),
    skipped: Mapping[str, str] | None = None,
) -> dict[str, Label]:
    """The labels of `pictures` from all label `files`, both named by their path below `root`.

    A file labels the pictures below its folder, by path from there or by base name where that is unique. The deeper
    file wins column by column, and `groups.csv` over `labels.csv` beside it. What is not used is told: tables that say
    nothing about groups or faces, `unread` tables of other names, rows without a picture or with one
    that was `skipped`, which has the reasons, and pictures without a row.

    Raises:
        InputError: a table cannot be read, lacks a key column, or has bad rows; the first is named by file and line.
    """
    labels: dict[str, Label] = {}
    read: list[str] = []
    useless: dict[str, Sequence[str]] = {}
    given = _Given(pictures, skipped or {}, progress)
    for file in sorted(files, key=lambda name: (name.count("/"), name.endswith("groups.csv"), name)):
        rows = read_rows(root / file, file, _known_names)
        try:
            _, header = next(rows)
        except StopIteration:
            raise InputError(f"{file} is empty: give it a header line and rows, or remove it") from None
        columns = _columns(file, header, progress)
        if columns is None:
            useless[file] = header
            continue
        read.append(file)
        for picture, label in _read_rows(file, rows, len(header), columns, given).items():
            below = labels.get(picture, Label({}, None))
            labels[picture] = Label({**below.groups, **label.groups}, label.box or below.box)
    _tell_unused(useless, unread, progress)
    _tell_without_row(read, labels, pictures, progress)
    return _pooled(labels)


def read_walked_labels(root: Path, walked: Walked, *, progress: Progress) -> dict[str, Label]:
    """`read_labels` of all that a walk through `root` saw."""
    return read_labels(
        root,
        walked.labels,
        list(walked.pictures),
        progress=progress,
        unread=walked.tables,
        skipped=walked.reasons,
    )


@dataclass(frozen=True)
class _Given:
    """What is the same for all tables: the pictures, those that are there and not read, and who is told."""

    pictures: Sequence[str]
    skipped: Mapping[str, str]
    progress: Progress


def _read_rows(file: str, rows: Iterator[Row], width: int, columns: _Columns, given: _Given) -> dict[str, Label]:
    match = PictureMatcher(_below(file), given.pictures)
    match_skipped = PictureMatcher(_below(file), given.skipped)
    unreadable: list[str] = []
    labels: dict[str, Label] = {}
    problems: list[str] = []
    read = unmatched = repeated = 0
    for line, row in rows:
        read += 1
        problem = f"it has {len(row)} fields, the header {width}" if len(row) != width else None
        matching = [] if problem else match(row[columns.key])
        if len(matching) > 1:
            problem = f"'{row[columns.key][:80]}' names {len(matching)} pictures, so write its path"
        elif not problem and not matching:
            unmatched += 1
            unreadable += match_skipped(row[columns.key])[:1]
            continue
        label = problem or _label(row, columns, f"{file} line {line}")
        if isinstance(label, Label):
            earlier = labels.get(matching[0])
            if earlier is not None:
                label = _joined(earlier, label, shortened(row[columns.key]))
                repeated += label == earlier
        if isinstance(label, str):
            problems.append(printable(f"{file} line {line}: {label}"))
        else:
            labels[matching[0]] = label
    if problems:
        more = f" (and {len(problems) - 1} more bad rows)" if len(problems) > 1 else ""
        raise InputError(f"{problems[0]}{more}: correct the table or remove it")
    for name in unreadable[:1]:
        rows_name = f"{len(unreadable)} of {read} rows name pictures that are not read"
        given.progress.say(f"{file}: {rows_name}; the first is {name}: {given.skipped[name]}")
    if unmatched == read > 0 and file.endswith("groups.csv"):
        raise InputError(f"{file}: none of its {read} rows names a picture below its folder: write paths from there")
    if read == 0:
        given.progress.say(f"{file} is not used: it has no row below its header")
    if unmatched:
        given.progress.say(f"{file}: {unmatched} of {read} rows name no picture below its folder")
    if repeated:
        given.progress.say(
            f"{file}: {repeated} of {read} rows are about a picture of an earlier row and add nothing to it"
        )
    return labels


def _joined(earlier: Label, label: Label, picture: str) -> Label | str:
    """Two rows about a picture, or why they cannot be held together: it has one face and one group a column."""
    if earlier.groups != label.groups:
        return f"'{picture}' has other groups on an earlier line"
    if earlier.box and label.box and replace(earlier.box, where="") != replace(label.box, where=""):
        return (
            f"'{picture}' has another face at {earlier.box.where}, and a table holds one a picture; keep one row, or "
            f"give faces in another format such as COCO"
        )
    return Label(label.groups, earlier.box or label.box)


def _tell_unused(useless: Mapping[str, Sequence[str]], unread: Sequence[str], progress: Progress) -> None:
    """Which tables say nothing that is used, and why: one sentence for each reason."""
    if useless:
        file, header = next(iter(useless.items()))
        columns = shortened(", ".join(printable(name.strip()) for name in header))
        tables = f"{file} is" if len(useless) == 1 else f"{len(useless)} tables are"
        such = "" if len(useless) == 1 else f"{file} with "
        progress.say(
            f"{tables} not used: no column is a group that is known, such as gender or age, or a face's box "
            f"({such}{columns}); name one so, or call the table groups.csv to have every column of it"
        )
    if unread:
        tables = f"{unread[0]} is" if len(unread) == 1 else f"{len(unread)} tables, such as {unread[0]}, are"
        progress.say(f"{tables} not read: labels and groups are read from labels.csv and groups.csv")


def _tell_without_row(
    read: Sequence[str], labels: Mapping[str, Label], pictures: Sequence[str], progress: Progress
) -> None:
    if not read:
        return
    prefixes = tuple({_below(file) for file in read})
    below = [name for name in pictures if name.startswith(prefixes)]
    without = [name for name in below if name not in labels]
    if without:
        tables = read[0] if len(read) == 1 else f"any of {len(read)} tables such as {read[0]}"
        progress.say(f"{len(without)} of {len(below)} pictures have no row in {tables}; the first is {without[0]}")


def _below(file: str) -> str:
    """What the names of all pictures that a table may label begin with."""
    return file[: file.rfind("/") + 1]


def _plain_name(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _known_names(header: Sequence[str]) -> int:
    """How many columns bear a name that is known here."""
    return sum(_PREFIX.sub("", _plain_name(name)) in _KNOWN for name in header)


def _columns(file: str, header: Sequence[str], progress: Progress) -> _Columns | None:
    """Which column is what; None where the table says nothing about groups or faces.

    What is nearly the name of a group, and so no group, is told.
    """
    names = [_plain_name(name) for name in header]
    if len(names) > _MOST_COLUMNS:
        raise InputError(
            f"{file} line 1: {len(names)} columns, more than {_MOST_COLUMNS}: remove those that are not groups"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{file} line 1: column '{printable(twice[0][:40])}' stands there twice: rename one")
    box = next((kind for kind in _BOX_COLUMNS if set(kind) <= set(names)), None)
    for kind in () if box else _BOX_COLUMNS:
        lacking = [name for name in kind if name not in names]
        if len(lacking) < len(kind):
            raise InputError(f"{file} line 1: a face's box is {', '.join(kind)}, and {lacking[0]} is not there: add it")
    key = next((name for name in _KEY_COLUMNS if name in names), None)
    coordinates = {name for kind in _BOX_COLUMNS for name in kind}
    others = [name for name in names if name and name != key and name not in coordinates]
    if not file.endswith("groups.csv"):
        for name in others:
            near = _near(_PREFIX.sub("", name), _ATTRIBUTES - set(others))
            if near is not None:
                progress.say(f"{file}: column '{shortened(printable(name))}' is no group that is known; is it {near}?")
        others = [name for name in others if _PREFIX.sub("", name) in _ATTRIBUTES]
        if not others and box is None:
            return None
    if key is None:
        meant = next((name for name in names if name not in others and name not in coordinates), names[0])
        meant = next((name for name in names if _near(name, _KEY_COLUMNS)), meant)
        raise InputError(
            f"{file} line 1: no column {', '.join(_KEY_COLUMNS)} names the picture: add one of them, or call "
            f"'{shortened(printable(meant))}' file if it does"
        )
    return _Columns(
        key=names.index(key),
        groups={name: names.index(name) for name in others},
        box=tuple(names.index(name) for name in box) if box else None,
        region=box == _BOX_COLUMNS[1],
    )


def _near(name: str, known: Collection[str]) -> str | None:
    """The known name that `name` nearly is; None where it is one, or like none."""
    if name in _KNOWN:
        return None
    return next(iter(get_close_matches(name[:_MOST_VALUE], sorted(known), 1, _NEAR)), None)


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
            name = shortened(printable(column))
            raise InputError(
                f"column '{name}' of the labels has {len(values)} different groups, more than {_MOST_GROUPS}: "
                f"remove it if it is a name or an id"
            )
    return {
        picture: Label(
            {column: spelling[column][value.casefold()] for column, value in label.groups.items()}, label.box
        )
        for picture, label in labels.items()
    }
