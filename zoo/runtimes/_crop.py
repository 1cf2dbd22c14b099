"""The crop of a picture that a landmark model is fed, and the way back from points in it to points in the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from zoo.errors import InputError
from zoo.runtimes._landmarks import Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_SIDE = 4096
"""A crop with a longer side is not made; MediaPipe's models take 192 to 256."""

Border = Literal["replicate", "zero"]


def crop_region(
    picture: npt.NDArray[np.uint8], region: Region, side: int, *, border: Border = "replicate"
) -> npt.NDArray[np.float32]:
    """The (side, side, 3) float32 crop in [0, 1] of `picture` ((H, W, 3) uint8 RGB), to the last bit as the graph's.

    What `ImageToTensorCalculator` does on a CPU (image_to_tensor_utils.cc, image_to_tensor_converter_opencv.cc of
    mediapipe 0.10.21) with `keep_aspect_ratio`: the shorter side of the region in pixels grows to the longer one about
    the same centre, and the square is warped with bilinear steps. Beyond the picture the nearest pixel is repeated
    (`replicate`), or black (`zero`): hand and pose landmark models are fed the first, detectors the second.

    Raises InputError for a region without area or with numbers that are not finite, and a side outside 1 to 4,096.
    """
    import cv2
    import numpy as np

    if not 1 <= side <= MOST_SIDE:
        raise InputError(f"side is {side}; give the side of a model's input, 1 to {MOST_SIDE}")
    corners = np.array(_corners(_pixels(region, picture.shape)), np.float32)
    target = np.array([[0, side], [0, 0], [side, 0], [side, side]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    mode = cv2.BORDER_REPLICATE if border == "replicate" else cv2.BORDER_CONSTANT
    warped = cv2.warpPerspective(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=mode)
    return np.asarray(warped, np.float32) * np.float32(1 / 255)


def from_crop(points: Sequence[Sequence[float]], region: Region, shape: Sequence[int]) -> list[tuple[float, float]]:
    """Where points in a crop lie in the picture, as shares of its width and height.

    `points`: (x, y, ...) as shares of the crop's side; `shape`: (H, W, ...) of the picture. Raises InputError as
    `crop_region`.
    """
    height, width = shape[:2]
    x_center, y_center, side, rotation = _pixels(region, shape)
    sine, cosine = math.sin(rotation), math.cos(rotation)
    found = []
    for x, y, *_ in points:
        right, down = (x - 0.5) * side, (y - 0.5) * side
        found.append(
            ((x_center + cosine * right - sine * down) / width, (y_center + sine * right + cosine * down) / height)
        )
    return found


def _pixels(region: Region, shape: Sequence[int]) -> tuple[float, float, float, float]:
    """Centre x and y, side of the square, all in pixels, and the rotation."""
    height, width = shape[:2]
    numbers = (region.x_center, region.y_center, region.width, region.height, region.rotation)
    if not all(math.isfinite(number) for number in numbers) or region.width <= 0 or region.height <= 0:
        raise InputError(f"region {numbers} has no area; give one that a detector found")
    side = max(region.width * width, region.height * height)
    return region.x_center * width, region.y_center * height, side, region.rotation


def _corners(square: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    """Lower left, upper left, upper right and lower right of the square before it is turned, in pixels."""
    x_center, y_center, side, rotation = square
    half = side / 2
    sine, cosine = math.sin(rotation) * half, math.cos(rotation) * half
    return [
        (x_center - cosine - sine, y_center - sine + cosine),
        (x_center - cosine + sine, y_center - sine - cosine),
        (x_center + cosine + sine, y_center + sine - cosine),
        (x_center + cosine - sine, y_center + sine + cosine),
    ]
