"""The size of a picture from its header alone, so that annotations of many pictures are read in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.sources._decode import opened_picture

_ORIENTATION = 0x0112
_TURNS = range(2, 9)
_TURNED_ASIDE = range(5, 9)

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True)
class PictureHeader:
    """`stored`: the size as the pixels lie in the file. `turn`: its EXIF orientation, 2 to 8, or 1 without one."""

    stored: Size
    turn: int

    @property
    def shown(self) -> Size:
        """The size as `read_picture` gives the picture, so after the EXIF turn."""
        return self.stored[::-1] if self.turn in _TURNED_ASIDE else self.stored


def read_header(path: Path) -> PictureHeader:
    """What the header of a picture says.

    Raises:
        UnusableError: it is no JPEG, PNG or WebP, its header is damaged, or it has too many pixels.
    """
    with opened_picture(path) as image:
        return PictureHeader(image.size, _orientation(image))


def stored_not_shown(where: str, name: str, header: PictureHeader) -> str:
    """The sentence about labels that `where` has of a picture as it is stored."""
    stored, shown = (f"{width} x {height}" for width, height in (header.stored, header.shown))
    return (
        f"{where} is of {name} as stored, with {stored} pixels, and its EXIF orientation {header.turn} turns it to "
        f"{shown}: annotate the pictures as shown, or remove their EXIF orientation"
    )


def _orientation(image: object) -> int:
    try:
        turn = image.getexif().get(_ORIENTATION)  # type: ignore[attr-defined]
    except Exception:
        # As `read_picture`: broken EXIF beside a sound picture is no turn.
        return 1
    return turn if isinstance(turn, int) and turn in _TURNS else 1
