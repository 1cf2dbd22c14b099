"""Inputs of a landmark model: the region that MediaPipe's graph would feed, turned, scaled and moved a little."""

from __future__ import annotations

import math

import cv2
import numpy as np

from zoo.spec import RegionAugmentation
from zoo.training._colours import blur_some, recolour
from zoo.training._pictures import Pixels, Place, TrainingPicture
from zoo.training._similarity import mirrored, place_point, warp

SMALLEST_SHARE, LARGEST_SHARE = 0.2, 0.9
"""Side of a place with nothing to find, as shares of the picture's shorter side."""


def draw_region(
    rng: np.random.Generator, picture: TrainingPicture, *, side: int, augmentation: RegionAugmentation
) -> Pixels:
    """Make one input (side, side, 3) from a region of the picture, or from anywhere if it has none."""
    height, width = picture.pixels.shape[:2]
    if not picture.places or rng.random() < augmentation.negative_share:
        place = _anywhere(rng, width, height)
    else:
        place = picture.places[int(rng.integers(len(picture.places)))]
        if rng.random() >= augmentation.exact_share:
            place = _changed(rng, place, width, height, augmentation)
    pixels = cut(picture.pixels, place, side=side, flip=augmentation.flip and bool(rng.random() < 0.5))
    return recolour(rng, blur_some(rng, pixels, augmentation), augmentation)


def cut(pixels: Pixels, place: Place, *, side: int, flip: bool = False) -> Pixels:
    """The square that MediaPipe cuts out of a picture for a region: see `zoo.runtimes.crop_region`.

    The longer side in pixels counts, and beyond the picture its edge is repeated.
    """
    height, width = pixels.shape[:2]
    matrix = place_point(
        source=(place.x * width, place.y * height),
        target=(side / 2, side / 2),
        scale=side / max(place.width * width, place.height * height, 1.0),
        angle=-math.degrees(place.rotation),
    )
    return warp(pixels, mirrored(matrix, side) if flip else matrix, side=side, border=cv2.BORDER_REPLICATE)


def _changed(
    rng: np.random.Generator, place: Place, width: int, height: int, augmentation: RegionAugmentation
) -> Place:
    smallest, largest = augmentation.scale
    scale = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    x, y = (float(rng.uniform(-1, 1)) * augmentation.shift for _ in range(2))
    turn = float(rng.uniform(-1, 1)) * math.radians(augmentation.rotation_degrees)
    return Place(
        x=place.x + x * place.width,
        y=place.y + y * place.height,
        width=place.width * scale,
        height=place.height * scale,
        rotation=place.rotation + turn,
    )


def _anywhere(rng: np.random.Generator, width: int, height: int) -> Place:
    size = min(width, height) * float(rng.uniform(SMALLEST_SHARE, LARGEST_SHARE))
    return Place(
        x=float(rng.random()),
        y=float(rng.random()),
        width=size / width,
        height=size / height,
        rotation=float(rng.uniform(-math.pi, math.pi)),
    )
