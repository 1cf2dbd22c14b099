"""Which files below a folder may be pictures, labels or credits, without being led out of it or around in it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import InputError
from zoo.records import SkippedPicture

_PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_UNREAD_SUFFIXES = frozenset(
    {
        *(".bmp", ".dib", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".jfif", ".jpe"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".dng", ".cr2", ".nef", ".arw"),
    }
)
NO_PICTURE = "not a JPEG, PNG or WebP picture"
"""Why a picture of another kind is left out."""
_LABEL_FILES = frozenset({"labels.csv", "groups.csv"})
_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".xls", ".xlsx", ".ods"})
_CREDIT_FILE = "SOURCE.md"
_ARCHIVE_LEFTOVER = "__MACOSX"


@dataclass(frozen=True)
class FileState:
    """What tells that a file has not changed: its size, and when its content and its entry last changed."""

    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass
class Walked:
    """Files below a root by name (path below it, with forward slashes), and what was passed over.

    `tables`: those that are not read, by their names.
    """

    pictures: dict[str, FileState] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)
    skipped: list[SkippedPicture] = field(default_factory=list)
    links: int = 0

    @property
    def reasons(self) -> dict[str, str]:
        """Why each picture was passed over, by its name."""
        return {one.file: one.reason for one in self.skipped}


def walk(root: Path) -> Walked:
    """List the tree below `root`, which is resolved. Hidden names are ignored; links to folders are counted only.

    A link to a file is followed if it stays inside `root`. Names and lists come in sorted order.

    Raises:
        InputError: a folder cannot be read.
    """
    walked = Walked()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    _sort_in(entry, root, f"{folder}{entry.name}", walked, waiting)
        except OSError as error:
            problem = f"{root / folder} cannot be read ({error.strerror})"
            raise InputError(f"{problem}: give it back its permissions") from error
    walked.pictures = dict(sorted(walked.pictures.items()))
    walked.labels.sort()
    walked.tables.sort()
    walked.credits.sort()
    walked.skipped.sort(key=lambda skipped: skipped.file)
    return walked


def _sort_in(entry: os.DirEntry[str], root: Path, name: str, walked: Walked, waiting: list[str]) -> None:
    if entry.name.startswith(".") or entry.name == _ARCHIVE_LEFTOVER:
        return
    if entry.is_dir(follow_symlinks=False):
        waiting.append(f"{name}/")
        return
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - thousands of names, and a Path each is slow
    if is_unread_picture(entry.name):
        walked.skipped.append(SkippedPicture(file=_shown(name), reason=NO_PICTURE))
        return
    is_picture = suffix in _PICTURE_SUFFIXES
    if not is_picture and entry.name not in _LABEL_FILES and entry.name != _CREDIT_FILE:
        walked.links += entry.is_symlink() and entry.is_dir()
        if suffix in _TABLE_SUFFIXES:
            walked.tables.append(_shown(name))
        return
    problem = _problem(entry, name, root)
    if problem is not None:
        if is_picture:
            walked.skipped.append(SkippedPicture(file=_shown(name), reason=problem))
        return
    if is_picture:
        state = entry.stat()
        walked.pictures[name] = FileState(state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    elif entry.name in _LABEL_FILES:
        walked.labels.append(name)
    else:
        walked.credits.append(name)


def is_unread_picture(name: str) -> bool:
    """Whether a name ends as those of pictures of kinds that are not read."""
    return os.path.splitext(name)[1].lower() in _UNREAD_SUFFIXES  # noqa: PTH122 - as above


def _shown(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _problem(entry: os.DirEntry[str], name: str, root: Path) -> str | None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    try:
        if entry.is_symlink() and not Path(entry.path).resolve(strict=True).is_relative_to(root):
            return "a link that leads out of the folder"
        if not entry.is_file():
            return "not a regular file"
    except (OSError, RuntimeError):
        return "a link that leads nowhere"
    return None
