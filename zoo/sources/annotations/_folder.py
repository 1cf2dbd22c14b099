"""The folder that annotations are read from: nothing outside of it is opened, and nothing without a bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zoo.errors import InputError
from zoo.sources._labels import Label
from zoo.sources._walk import FileState

MOST_PICTURES = 1_000_000
MOST_OBJECTS = 5_000_000
MOST_POINTS = 512
"""Key points of one object."""
MOST_PIXELS = 1e6
"""A coordinate beyond this, in pixels, is no place in a picture."""
MOST_NAME = 1024


@dataclass(frozen=True)
class Folder:
    """`root` is resolved. `pictures` and `labels` lie below it and are named by their path from there.

    `chosen`: the annotation file that the user named, which then is the only one.
    """

    root: Path
    pictures: Mapping[str, FileState]
    labels: Mapping[str, Label]
    chosen: str | None

    def files(self, *patterns: str) -> list[str]:
        """Regular files below the folder that match a glob pattern, or of them the chosen one; in sorted order."""
        found = {
            path.relative_to(self.root).as_posix()
            for pattern in patterns
            for path in self.root.glob(pattern)
            if not path.name.startswith(".") and self.has(path.relative_to(self.root).as_posix())
        }
        return sorted(found if self.chosen is None else found & {self.chosen})

    def has(self, name: str) -> bool:
        """Whether this is a regular file that lies in the folder, also after following links."""
        path = self.root / name
        try:
            return path.is_file() and path.resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):
            return False

    def read(self, name: str, *, most: int) -> bytes:
        """The bytes of an annotation file.

        Raises:
            InputError: it is no file of the folder, larger than `most` bytes, or cannot be read.
        """
        if not self.has(name):
            raise InputError(f"{name} is not a file in {self.root}: give the folder that holds it")
        try:
            with (self.root / name).open("rb") as file:
                data = file.read(most + 1)
        except OSError as error:
            raise InputError(f"{name} cannot be read ({error.strerror}): give it back its permissions") from error
        if len(data) > most:
            raise InputError(f"{name} is larger than the {most} bytes that are read: split it")
        return data

    def text(self, name: str, *, most: int) -> str:
        """As `read`, for UTF-8 text.

        Raises:
            InputError: as `read`, or it is not UTF-8; the line is named.
        """
        data = self.read(name, most=most)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InputError(f"{name} line {line} is not UTF-8 text: save it as UTF-8") from error

    def find(self, key: str, bases: Sequence[str], *, where: str) -> str | None:
        """The picture that an annotation file calls `key`, below the first of `bases` that has it; None without one.

        `bases` are folders from the root, "" for the root itself. `where` says who calls it so.

        Raises:
            InputError: the key leads out of the folder.
        """
        key = key.replace("\\", "/")
        parts = PurePosixPath(key).parts
        if not parts or len(key) > MOST_NAME or not key.isprintable():
            raise InputError(f"{where}: '{_short(key)}' is no picture's name: correct it")
        if ".." in parts or key.startswith("/") or ":" in parts[0]:
            raise InputError(f"{where}: '{_short(key)}' leads out of the folder: name pictures by their path in it")
        inside = "/".join(parts)
        names = (f"{base}/{inside}" if base else inside for base in bases)
        return next((name for name in names if name in self.pictures), None)


def _short(key: str) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in key[:80])
