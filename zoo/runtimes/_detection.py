"""One detection as MediaPipe gives it, and its form on the line between two processes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Corners `(xmin, ymin, xmax, ymax)`, shares of the picture's width and height; may reach beyond [0, 1]."""

Point = tuple[float, float]
"""`(x, y)`, shares of the picture's width and height."""


@dataclass(frozen=True)
class Detection:
    """A found object: `score` in [0, 1], its box, and its key points in the graph's order."""

    score: float
    box: Box
    keypoints: tuple[Point, ...]

    @property
    def is_finite(self) -> bool:
        """Whether no number in it is NaN or infinite."""
        return all(math.isfinite(number) for number in to_numbers(self))


def to_numbers(detection: Detection) -> list[float]:
    """Flat: score, four box corners, then x and y of each key point."""
    return [detection.score, *detection.box, *(value for point in detection.keypoints for value in point)]


def from_numbers(numbers: Sequence[float]) -> Detection:
    """Reverse of `to_numbers`. Raises ValueError for a list that no detection makes."""
    if len(numbers) < 5 or len(numbers) % 2 == 0:
        raise ValueError(f"a detection has 5 numbers and two for each key point, not {len(numbers)}")
    score, x0, y0, x1, y1, *rest = (float(number) for number in numbers)
    points = tuple(zip(rest[0::2], rest[1::2], strict=True))
    return Detection(score=score, box=(x0, y0, x1, y1), keypoints=points)
