"""Landmark models run on our own crops with LiteRT, to hold the graphs against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
KERNEL = 7
"""Of RefineLandmarksFromHeatmapCalculator in the pose graph."""


def litert(model: Path, crop: Values) -> list[Values]:
    """The model's outputs, without the batch, for a (side, side, 3) crop."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], crop[None])
    interpreter.invoke()
    return [interpreter.get_tensor(one["index"])[0] for one in interpreter.get_output_details()]


def refined(points: Values, heat: Values) -> Values:
    """(n, 2) points, shares of the crop, moved to the middle of the heat about them, as the pose graph does.

    refine_landmarks_from_heatmap_calculator.cc of mediapipe; `heat`: (height, width, n) logits.
    """
    height, width, _ = heat.shape
    reach = (KERNEL - 1) // 2
    moved = points.copy()
    for number, (x, y) in enumerate(points):
        column, row = int(x * width), int(y * height)
        if not (0 <= column < width and 0 <= row < height):
            continue
        rows = np.arange(max(0, row - reach), min(height, row + reach + 1))
        columns = np.arange(max(0, column - reach), min(width, column + reach + 1))
        weights = 1 / (1 + np.exp(-heat[np.ix_(rows, columns, [number])][..., 0].astype(np.float64)))
        if weights.max() >= 0.5:
            total = weights.sum()
            moved[number] = (weights.sum(0) @ columns / total / width, weights.sum(1) @ rows / total / height)
    return moved


def furthest(points: object, others: object, shape: tuple[int, ...]) -> float:
    """The largest distance, in pixels along an axis, between two lists of (x, y, ...) in shares of a picture."""
    one, two = (np.asarray(each, np.float64)[:, :2] for each in (points, others))
    return float(np.abs((one - two) * [shape[1], shape[0]]).max())
