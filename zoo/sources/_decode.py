"""Pictures from strangers, decoded within bounds."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from zoo.errors import InputError
from zoo.sources._walk import NO_PICTURE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

MOST_BYTES = 64 << 20
"""A picture file larger than this is not read."""
MOST_PIXELS = 64_000_000
"""A picture with more pixels is not decoded (192 MB as RGB); a small file can claim any size."""
LOOK_SIDE = 16
"""Side of the difference hash: 16 x 16 = 256 bits."""

_FORMATS = ("JPEG", "PNG", "WEBP")


class UnusableError(Exception):
    """A picture that cannot be used; the text is the reason."""


@dataclass(frozen=True)
class Decoded:
    """What a scan keeps of a picture. `look` is its difference hash, LOOK_SIDE**2 bits: near pictures differ in few."""

    sha256: str
    width: int
    height: int
    look: int


def inspect_picture(path: Path) -> Decoded:
    """Read and decode the whole picture, so that a truncated one is found out.

    The difference hash compares each of 16 x 17 mean grey levels with its right neighbour (the "dHash" of
    N. Krawetz, "Kind of Like That", 2013, at twice its side: 64 bits confuse pictures of hands on a plain wall).

    Raises:
        UnusableError: it is no picture, is damaged, or exceeds a bound.
    """
    data = _read(path)
    image = _decode(data)
    from PIL import Image

    grey = image.convert("L").resize((LOOK_SIDE + 1, LOOK_SIDE), Image.Resampling.BOX).tobytes()
    look = 0
    for row in range(LOOK_SIDE):
        line = grey[row * (LOOK_SIDE + 1) : (row + 1) * (LOOK_SIDE + 1)]
        for left, right in pairwise(line):
            look = look << 1 | (right > left)
    return Decoded(sha256=hashlib.sha256(data).hexdigest(), width=image.width, height=image.height, look=look)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture as (H, W, 3) uint8 RGB in 0..255, turned as its EXIF says; transparency lies over white.

    Raises:
        InputError: it is no JPEG, PNG or WebP, is damaged, or exceeds MOST_BYTES or MOST_PIXELS.
    """
    import numpy as np

    try:
        image = _decode(_read(path))
    except UnusableError as error:
        raise InputError(f"{path} cannot be used as a picture ({error}): replace or remove it") from error
    return np.array(image, dtype=np.uint8)


def _read(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer that never comes.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UnusableError(f"cannot be opened: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise UnusableError("not a regular file")
        if state.st_size > MOST_BYTES:
            raise UnusableError(f"{state.st_size} bytes, more than the {MOST_BYTES} allowed")
        try:
            data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise UnusableError(f"cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise UnusableError(f"more than the {MOST_BYTES} bytes allowed")
    return data


def _decode(data: bytes) -> Image.Image:
    """The picture as an RGB image, turned as its EXIF says."""
    with opened_picture(io.BytesIO(data)) as image:
        image.load()
        return _rgb(_upright(image))


@contextmanager
def opened_picture(source: Path | BinaryIO) -> Iterator[Image.Image]:
    """A picture of which only the header was read yet.

    Raises UnusableError, also for what Pillow raises within the block: it is no JPEG, PNG or WebP, is damaged, or has
    too many pixels.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(source, formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UnusableError(f"{image.width} x {image.height} pixels, more than the {MOST_PIXELS} allowed")
            yield image
    except UnusableError:
        raise
    except UnidentifiedImageError as error:
        raise UnusableError(NO_PICTURE) from error
    except Image.DecompressionBombError as error:
        raise UnusableError(f"more than the {MOST_PIXELS} pixels allowed") from error
    except Exception as error:
        # On damaged files Pillow's decoders raise whatever their parsing stumbled over, from struct.error to KeyError.
        raise UnusableError(f"damaged: {str(error)[:120] or type(error).__name__}") from error


def _upright(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        # Broken EXIF beside a sound picture is common; the picture is then taken as it lies.
        return image.copy()


def _rgb(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow clips 16-bit grey at 255 instead of scaling it.
        return image.convert("I").point(lambda level: level / 256).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        shown = image.convert("RGBA")
        white = Image.new("RGBA", shown.size, "white")
        return Image.alpha_composite(white, shown).convert("RGB")
    return image.convert("RGB")
