"""The size of a picture from its header alone, so that annotations of many pictures are read in seconds."""

from __future__ import annotations

from pathlib import Path

from zoo.sources._decode import MOST_PIXELS, UnusableError

_FORMATS = ("JPEG", "PNG", "WEBP")
_ORIENTATION = 0x0112
_TURNED_ASIDE = frozenset({5, 6, 7, 8})


def shown_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as `read_picture` gives the picture, so after the EXIF turn.

    Raises:
        UnusableError: it is no JPEG, PNG or WebP, its header is damaged, or it has too many pixels.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=_FORMATS) as image:
            width, height = image.size
            turned = _orientation(image) in _TURNED_ASIDE
    except UnidentifiedImageError as error:
        raise UnusableError("not a JPEG, PNG or WebP picture") from error
    except Image.DecompressionBombError as error:
        raise UnusableError(f"more than the {MOST_PIXELS} pixels allowed") from error
    except Exception as error:
        # On damaged files Pillow raises whatever its parsers stumbled over, from struct.error to KeyError.
        raise UnusableError(f"damaged: {str(error)[:120] or type(error).__name__}") from error
    if width * height > MOST_PIXELS:
        raise UnusableError(f"{width} x {height} pixels, more than the {MOST_PIXELS} allowed")
    return (height, width) if turned else (width, height)


def _orientation(image: object) -> object:
    try:
        return image.getexif().get(_ORIENTATION)  # type: ignore[attr-defined]
    except Exception:
        # As `read_picture`: broken EXIF beside a sound picture is no turn.
        return None
