"""Inputs of a detector from pictures: an object brought to a drawn size and place, or the whole picture as MediaPipe
fits it.

Every draw comes from a generator that the caller seeds by the update's number, so that a resumed training sees the same
inputs as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.spec import Augmentation
from zoo.training._colours import blur_some, recolour
from zoo.training._pictures import Pixels, TrainingPicture
from zoo.training._similarity import Matrix, mirrored, place_point, warp

MOSAIC_TILES = 2
"""A mosaic is a square of 2 by 2 tiles."""
EXACT_NATIVE_SHARE = 0.5
"""Of the whole-picture inputs, how many are exactly what MediaPipe's graph would feed (mirrored or not)."""
LARGEST_ENLARGEMENT = 3.0
"""Objects are not enlarged further: beyond it the input is a blur that no camera gives."""


def draw_input(
    rng: np.random.Generator, pictures: Sequence[TrainingPicture], *, side: int, augmentation: Augmentation
) -> Pixels:
    """Make one input of (side, side, 3) from one picture, or a mosaic when four are given."""
    if len(pictures) == 1:
        canvas = _draw_tile(rng, pictures[0], tile=side, side=side, augmentation=augmentation)
    else:
        canvas = np.zeros((side, side, 3), np.uint8)
        tile = side // MOSAIC_TILES
        for index, picture in enumerate(pictures):
            row, column = divmod(index, MOSAIC_TILES)
            canvas[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile] = _draw_tile(
                rng, picture, tile=tile, side=side, augmentation=augmentation
            )
    return recolour(rng, canvas, augmentation)


def _draw_tile(
    rng: np.random.Generator, picture: TrainingPicture, *, tile: int, side: int, augmentation: Augmentation
) -> Pixels:
    flipped = augmentation.flip and rng.random() < 0.5
    if not picture.places or rng.random() < augmentation.native_share:
        matrix = _whole_picture(rng, picture, tile, augmentation)
    else:
        matrix = _aim_at_object(rng, picture, tile, side, augmentation)
    if flipped:
        matrix = mirrored(matrix, tile)
    return blur_some(rng, warp(picture.pixels, matrix, side=tile), augmentation)


def _whole_picture(rng: np.random.Generator, picture: TrainingPicture, tile: int, augmentation: Augmentation) -> Matrix:
    height, width = picture.pixels.shape[:2]
    scale, angle, shift_x, shift_y = tile / max(height, width), 0.0, 0.0, 0.0
    if rng.random() >= EXACT_NATIVE_SHARE:
        scale *= float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
        angle = float(rng.uniform(-1, 1)) * augmentation.rotation_degrees
        shift_x, shift_y = (float(rng.uniform(-0.15, 0.15)) * tile for _ in range(2))
    return place_point(
        source=(width / 2, height / 2), target=(tile / 2 + shift_x, tile / 2 + shift_y), scale=scale, angle=angle
    )


def _aim_at_object(
    rng: np.random.Generator, picture: TrainingPicture, tile: int, side: int, augmentation: Augmentation
) -> Matrix:
    height, width = picture.pixels.shape[:2]
    place = picture.places[int(rng.integers(len(picture.places)))]
    size = max(place.width * width, place.height * height, 1.0)
    smallest, largest = augmentation.object_side
    wanted = float(np.exp(rng.uniform(np.log(smallest), np.log(largest)))) * side
    scale = min(wanted, 0.95 * tile) / size
    target = tuple(float(rng.uniform(0.12, 0.88)) * tile for _ in range(2))
    return place_point(
        source=(place.x * width, place.y * height),
        target=(target[0], target[1]),
        scale=min(scale, LARGEST_ENLARGEMENT),
        angle=float(rng.uniform(-1, 1)) * augmentation.rotation_degrees,
    )
