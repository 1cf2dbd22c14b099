"""Similarities of the plane: what turns, scales and moves a part of a picture into a training input."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from zoo.training._pictures import Pixels

Matrix = npt.NDArray[np.float64]


def place_point(
    *, source: tuple[float, float], target: tuple[float, float], scale: float, angle: float
) -> npt.NDArray[np.float64]:
    """Build the 3x3 similarity that turns by `angle` degrees, scales, and brings the point `source` to `target`."""
    turn = np.deg2rad(angle)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.asarray(target) - linear @ np.asarray(source)
    return matrix


def mirrored(matrix: Matrix, width: int) -> Matrix:
    """The same, mirrored left to right in a result of that width."""
    return np.array([[-1.0, 0.0, width], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) @ matrix


def warp(pixels: Pixels, matrix: Matrix, *, side: int, border: int = cv2.BORDER_CONSTANT) -> Pixels:
    """The square of `side` pixels that the matrix makes of a picture, black beyond it or as OpenCV's `border` says.

    Plain bilinear sampling is what MediaPipe's ImageToTensorCalculator does on the CPU.
    """
    warped = cv2.warpAffine(pixels, matrix[:2], (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(warped, np.uint8)
