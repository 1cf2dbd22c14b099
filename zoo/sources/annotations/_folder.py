"""The folder that annotations are read from: nothing outside of it is opened, and nothing without a bound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from zoo.errors import InputError
from zoo.files import printable
from zoo.records import SkippedPicture
from zoo.sources._labels import Label
from zoo.sources._text import NotTextError, decode_text, same_form
from zoo.sources._walk import NO_PICTURE, FileState, is_unread_picture

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

    `skipped`: pictures that are there and not read, each with the reason. `chosen`: the annotation file that the user
    named, which then is the only one.
    """

    root: Path
    pictures: Mapping[str, FileState]
    skipped: Mapping[str, str]
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
        """As `read`, for text in UTF-8 or what its byte order mark says.

        Raises:
            InputError: as `read`, or it is no text; the line is named.
        """
        try:
            return decode_text(self.read(name, most=most))
        except NotTextError as error:
            raise InputError(f"{name} line {error.line} {error}: save it as UTF-8") from error

    def as_there(self, name: str) -> str | None:
        """The name of a file as the folder has it, perhaps in another Unicode form; None where it has no such file."""
        if self.has(name):
            return name
        return None if name.isascii() else self._other_files.get(same_form(name))

    @cached_property
    def _other_files(self) -> Mapping[str, str]:
        """The files whose names are not plain ASCII, by these names in one form."""
        names = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*"))
        return {same_form(name): name for name in names if not name.isascii() and self.has(name)}

    def find(self, key: str, bases: Sequence[str], *, where: str) -> str | None:
        """The picture that an annotation file calls `key`, below the first of `bases` that has it; None without one.

        `bases` are folders from the root, "" for the root itself. `where` says who calls it so. A name in another
        Unicode form is the same name, where no picture bears the very letters.

        Raises:
            InputError: the key leads out of the folder, or names two pictures that differ in their Unicode form alone.
        """
        key = key.replace("\\", "/")
        parts = PurePosixPath(key).parts
        if not parts or len(key) > MOST_NAME or not key.isprintable():
            raise InputError(f"{where}: '{_short(key)}' is no picture's name: correct it")
        if ".." in parts or key.startswith("/") or ":" in parts[0]:
            raise InputError(f"{where}: '{_short(key)}' leads out of the folder: name pictures by their path in it")
        names = _below(bases, key)
        exact = next((name for name in names if name in self.pictures), None)
        if exact is not None or all(name.isascii() for name in names):
            return exact
        alike = next((self._forms[form] for form in map(same_form, names) if form in self._forms), [])
        if len(alike) > 1:
            raise InputError(
                f"{where}: '{_short(key)}' names {len(alike)} pictures that differ in their Unicode form: rename one"
            )
        return alike[0] if alike else None

    def absent(self, key: str, bases: Sequence[str]) -> SkippedPicture:
        """What is said of a picture that `find` did not find: another kind of picture, or none, and what is like it."""
        names = [same_form(name) for name in _below(bases, key)]
        reason = next((self._reasons[name] for name in names if name in self._reasons), None)
        if reason is None and is_unread_picture(key):
            # Not brought from the hub, or not there at all.
            reason = NO_PICTURE
        if reason is None:
            like, unread = self._stems.get(_stem(key)), self._skipped_stems.get(_stem(key))
            reason = "no such picture in the folder"
            if like is not None:
                reason += f", which has {like}"
            elif unread is not None:
                reason += f", and {unread} is {self.skipped[unread]}"
        return SkippedPicture(file=key, reason=reason)

    @cached_property
    def _reasons(self) -> Mapping[str, str]:
        """`skipped`, by these names in one form."""
        return {same_form(name): reason for name, reason in self.skipped.items()}

    @cached_property
    def _forms(self) -> Mapping[str, list[str]]:
        """The pictures whose names are not plain ASCII, by these names in one form."""
        forms: dict[str, list[str]] = defaultdict(list)
        for name in self.pictures:
            if not name.isascii():
                forms[same_form(name)].append(name)
        return forms

    @cached_property
    def _stems(self) -> Mapping[str, str]:
        """The first picture of each base name, whatever its ending and its capitals."""
        return {_stem(name): name for name in sorted(self.pictures, reverse=True)}

    @cached_property
    def _skipped_stems(self) -> Mapping[str, str]:
        """As `_stems`, of pictures that are not read."""
        return {_stem(name): name for name in sorted(self.skipped, reverse=True)}


def _below(bases: Sequence[str], key: str) -> list[str]:
    inside = "/".join(PurePosixPath(key.replace("\\", "/")).parts)
    return [f"{base}/{inside}" if base else inside for base in bases]


def _stem(name: str) -> str:
    return same_form(PurePosixPath(name.replace("\\", "/")).stem).casefold()


def _short(key: str) -> str:
    return printable(key[:80])
