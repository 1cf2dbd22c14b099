"""Training inputs from pictures: a face brought to a drawn size and place, or the whole picture as MediaPipe fits it.

Every draw comes from a generator that the caller seeds by the update's number, so that a resumed training sees the same
inputs as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from zoo.spec import Augmentation

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3) uint8, RGB."""
Box = tuple[float, float, float, float]
"""xmin, ymin, xmax, ymax, normalised to the picture."""

MOSAIC_TILES = 2
"""A mosaic is a square of 2 by 2 tiles."""
EXACT_NATIVE_SHARE = 0.5
"""Of the whole-picture inputs, how many are exactly what MediaPipe's graph would feed (mirrored or not)."""
LARGEST_ENLARGEMENT = 3.0
"""Faces are not enlarged further: beyond it the input is a blur that no camera gives."""


@dataclass(frozen=True)
class TrainingPicture:
    """A decoded picture and the faces that the teacher found in it."""

    pixels: Pixels
    faces: tuple[Box, ...]


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
    return _recolour(rng, canvas, augmentation)


def _draw_tile(
    rng: np.random.Generator, picture: TrainingPicture, *, tile: int, side: int, augmentation: Augmentation
) -> Pixels:
    mirrored = augmentation.flip and rng.random() < 0.5
    if not picture.faces or rng.random() < augmentation.native_share:
        matrix = _whole_picture(rng, picture, tile, augmentation)
    else:
        matrix = _aim_at_face(rng, picture, tile, side, augmentation)
    if mirrored:
        matrix = np.array([[-1.0, 0.0, tile], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) @ matrix
    # Constant black outside and plain bilinear sampling are what MediaPipe's ImageToTensorCalculator does on the CPU.
    warped = cv2.warpAffine(picture.pixels, matrix[:2], (tile, tile), flags=cv2.INTER_LINEAR)
    if rng.random() < augmentation.blur_share:
        warped = cv2.GaussianBlur(warped, (0, 0), float(rng.uniform(0.4, 1.2)))
    return np.asarray(warped, np.uint8)


def _whole_picture(
    rng: np.random.Generator, picture: TrainingPicture, tile: int, augmentation: Augmentation
) -> npt.NDArray[np.float64]:
    height, width = picture.pixels.shape[:2]
    scale, angle, shift_x, shift_y = tile / max(height, width), 0.0, 0.0, 0.0
    if rng.random() >= EXACT_NATIVE_SHARE:
        scale *= float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
        angle = float(rng.uniform(-1, 1)) * augmentation.rotation_degrees
        shift_x, shift_y = (float(rng.uniform(-0.15, 0.15)) * tile for _ in range(2))
    return _place(
        source=(width / 2, height / 2), target=(tile / 2 + shift_x, tile / 2 + shift_y), scale=scale, angle=angle
    )


def _aim_at_face(
    rng: np.random.Generator, picture: TrainingPicture, tile: int, side: int, augmentation: Augmentation
) -> npt.NDArray[np.float64]:
    height, width = picture.pixels.shape[:2]
    xmin, ymin, xmax, ymax = picture.faces[int(rng.integers(len(picture.faces)))]
    face = max((xmax - xmin) * width, (ymax - ymin) * height, 1.0)
    smallest, largest = augmentation.face_side
    wanted = float(np.exp(rng.uniform(np.log(smallest), np.log(largest)))) * side
    scale = min(wanted, 0.95 * tile) / face
    target = tuple(float(rng.uniform(0.12, 0.88)) * tile for _ in range(2))
    return _place(
        source=((xmin + xmax) / 2 * width, (ymin + ymax) / 2 * height),
        target=(target[0], target[1]),
        scale=min(scale, LARGEST_ENLARGEMENT),
        angle=float(rng.uniform(-1, 1)) * augmentation.rotation_degrees,
    )


def _place(
    *, source: tuple[float, float], target: tuple[float, float], scale: float, angle: float
) -> npt.NDArray[np.float64]:
    """Build the 3x3 similarity that turns, scales and brings the point `source` to `target`."""
    turn = np.deg2rad(angle)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.asarray(target) - linear @ np.asarray(source)
    return matrix


def _recolour(rng: np.random.Generator, pixels: Pixels, augmentation: Augmentation) -> Pixels:
    brightness = float(rng.uniform(-1, 1)) * augmentation.brightness * 255
    contrast = 1 + float(rng.uniform(-1, 1)) * augmentation.contrast
    saturation = 1 + float(rng.uniform(-1, 1)) * augmentation.saturation
    image = pixels.astype(np.float32)
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601 luma
    image = grey[..., None] + saturation * (image - grey[..., None])
    image = (image - 127.5) * contrast + 127.5 + brightness
    return np.clip(image, 0, 255).astype(np.uint8)
