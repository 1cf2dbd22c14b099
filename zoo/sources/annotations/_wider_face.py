"""WIDER FACE in its official layout (S. Yang et al., CVPR 2016; readme.txt of `wider_face_split`)."""

from __future__ import annotations

from pathlib import PurePosixPath

from zoo.errors import InputError
from zoo.files import printable
from zoo.records import SkippedPicture
from zoo.sources.annotations._folder import MOST_PIXELS, Folder
from zoo.sources.annotations._listed import Listed, Marked, Parsed

_MOST_BYTES = 1 << 26
_MOST_FACES = 10_000
"""In one picture; the data set has up to 1,968."""
_END = "_bbx_gt.txt"
_NUMBERS = 10
_MOST_LETTERS = 32
"""Of a number; NumPy's savetxt writes 24."""
_INVALID = 7


def wider_face_files(folder: Folder) -> list[str]:
    """`wider_face_split/wider_face_val_bbx_gt.txt`, or else the training part's."""
    found = folder.files(f"wider_face_split/wider_face_*{_END}", f"wider_face_*{_END}")
    return [name for name in found if name.endswith(f"_val{_END}")] or found


def begins_with_picture(folder: Folder, file: str) -> bool:
    """Whether the first line of a text is a picture's name, as in WIDER FACE. Raises InputError as `Folder.text`."""
    first = folder.text(file, most=_MOST_BYTES).lstrip().split("\n", 1)[0].strip()
    return PurePosixPath(first).suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")


def read_wider_face(folder: Folder, file: str) -> Parsed:
    """Read one part: a line with the picture, one with the count, and one a face: x, y, width, height, then marks.

    A face marked invalid, or without an area, is to be ignored. Pictures lie in `WIDER_val/images`, by the part's name.

    Raises:
        InputError: a line is not what must stand there; it is named.
    """
    part = PurePosixPath(file).name.removesuffix(_END).removeprefix("wider_face_")
    bases = (f"WIDER_{part}/images", "images", "")
    lines = folder.text(file, most=_MOST_BYTES).split("\n")
    pictures: dict[str, Listed] = {}
    absent: list[SkippedPicture] = []
    place = 0
    while place < len(lines):
        key = lines[place].strip()
        place += 1
        if not key:
            continue
        where = f"{file} line {place}"
        name = folder.find(key, bases, where=where)
        faces, place = _faces(lines, place, file)
        if name is None:
            absent.append(folder.absent(key, bases))
        elif name in pictures:
            raise InputError(f"{where}: {name} is listed twice: remove one of the two entries")
        else:
            pictures[name] = Listed(where, faces)
    return Parsed(pictures, absent=tuple(absent))


def _faces(lines: list[str], place: int, file: str) -> tuple[list[Marked], int]:
    """The faces whose count is in `lines[place]`, and the place after them."""
    text = lines[place].strip() if place < len(lines) else ""
    count = _whole(text)
    if count is None or not 0 <= count <= _MOST_FACES:
        raise InputError(f"{file} line {place + 1}: '{printable(text[:40])}' is not a number of faces: correct it")
    place += 1
    if count == 0:
        # A picture without faces still has one line, of zeros.
        zeros = place < len(lines) and lines[place].split() and {*map(_whole, lines[place].split())} == {0}
        return [], place + bool(zeros)
    if place + count > len(lines):
        raise InputError(
            f"{file} line {place}: {count} faces are announced and the file ends before: give the whole file"
        )
    return [_face(lines[number], f"{file} line {number + 1}") for number in range(place, place + count)], place + count


def _face(line: str, where: str) -> Marked:
    words = line.split()
    numbers = [number for word in words if (number := _whole(word)) is not None]
    if len(numbers) != len(words) or len(numbers) not in (4, _NUMBERS):
        raise InputError(
            f"{where}: a face is four numbers and six marks, all whole, not '{printable(line.strip()[:60])}'"
        )
    x, y, width, height = numbers[:4]
    if width < 0 or height < 0 or max(map(abs, numbers[:4])) > MOST_PIXELS:
        raise InputError(f"{where}: the box has a negative side or lies outside of every picture: correct it")
    invalid = len(numbers) == _NUMBERS and bool(numbers[_INVALID])
    return Marked((x, y, x + width, y + height), "face", where, ignore=invalid)


def _whole(word: str) -> int | None:
    """A whole number, also where it is written as 7.0 or 7.000e+00; None where it is none."""
    try:
        number = float(word) if len(word) <= _MOST_LETTERS and word.isascii() else float("nan")
    except ValueError:
        return None
    return int(number) if abs(number) < 1e9 and number.is_integer() else None
