"""Pictures to train on: where they lie, what was found in them, and their pixels, kept while there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from zoo.spec import InputTensor

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3) uint8, RGB."""

PICTURE_CACHE_BYTES = 3 << 30
"""Decoded pictures kept in memory; those beyond it are decoded anew each time."""


@dataclass(frozen=True)
class Place:
    """A rotated rectangle: centre and size as shares of the picture's width and height, `rotation` in radians.

    What MediaPipe calls a NormalizedRect; a detection's box is one that is not rotated.
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0


@dataclass(frozen=True)
class PictureSource:
    """A picture on disk and the places where MediaPipe's graph found something in it."""

    path: Path
    places: tuple[Place, ...]


@dataclass(frozen=True)
class TrainingPicture:
    """A decoded picture and those places."""

    pixels: Pixels
    places: tuple[Place, ...]


def model_inputs(drawn: Sequence[Pixels], model_input: InputTensor) -> npt.NDArray[np.float32]:
    """Pictures (side, side, 3) of a batch as (n, side, side, 3) in the model's range."""
    return (np.stack(drawn).astype(np.float32) - np.float32(model_input.mean)) / np.float32(model_input.std)


class PictureReader:
    """Decodes pictures, shrunk to `largest_side` where they are larger."""

    def __init__(self, read_picture: Callable[[Path], Pixels], *, largest_side: int) -> None:
        self._read = read_picture
        self._largest_side = largest_side
        self._cache: dict[Path, Pixels] = {}
        self._cached_bytes = 0

    def __call__(self, source: PictureSource) -> TrainingPicture:
        """The picture, from memory where it is there."""
        pixels = self._cache.get(source.path)
        if pixels is None:
            pixels = self._shrunk(self._read(source.path))
            if self._cached_bytes + pixels.nbytes <= PICTURE_CACHE_BYTES:
                self._cache[source.path] = pixels
                self._cached_bytes += pixels.nbytes
        return TrainingPicture(pixels=pixels, places=source.places)

    def _shrunk(self, pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        scale = self._largest_side / max(height, width)
        if scale >= 1:
            return pixels
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
