"""What a landmark model learns: to answer as the teacher does on the regions that MediaPipe's graph would feed.

Targets are the teacher's raw outputs; all but presence count as much as the teacher believes that something is there.

- landmarks and world landmarks: Huber of the difference over the size of the object (the longer side of the box around
  its points), mean over points; depth counts half. Numbers beyond the third of a point are logits: KL.
- presence and handedness: KL of the probabilities, which the model gives as such.
- mask: KL of the logits, mean over pixels.
- heat map: the same over cells, and again over those cells alone from which the graph refines the landmarks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.spec import Landmarks, ModelSpec
from zoo.training._divergence import logit_divergence
from zoo.training._lesson import LossFunction
from zoo.training._pictures import PictureReader, PictureSource, Pixels, TrainingPicture, model_inputs
from zoo.training._regions import draw_region
from zoo.training._teacher import Floats, Teacher

LARGEST_SIDE = 960
"""Larger pictures are shrunk when read: regions are parts of pictures, so more is kept than for a detector."""
KNEE = 0.02
"""Huber's knee, in shares of the object's size; beyond 2% the error counts linearly."""
DEPTH_WEIGHT = 0.5
REFINED_CELLS = 7
"""Cells along each side of the window about a landmark that MediaPipe's pose graph refines it from: `kernel_size` of
its RefineLandmarksFromHeatmapCalculator."""
EDGE = 1e-5
"""Probabilities are kept so far from 0 and 1, where float32 still tells them apart."""


class LandmarkLesson:
    """Regions of pictures, and places with nothing to find."""

    def __init__(
        self,
        spec: ModelSpec,
        landmarks: Landmarks,
        *,
        teacher: Path,
        pictures: Sequence[PictureSource],
        read_picture: Callable[[Path], Pixels],
    ) -> None:
        self._input, self._landmarks = spec.input, landmarks
        self._meanings = [output.meaning for output in spec.outputs]
        self._teacher = Teacher(teacher, [output.shape for output in spec.outputs])
        self._pictures = [picture for picture in pictures if picture.places] or list(pictures)
        self._read = PictureReader(read_picture, largest_side=LARGEST_SIDE)

    def inputs(self, rng: np.random.Generator, count: int) -> Floats:
        side, augmentation = self._input.shape[1], self._landmarks.augmentation
        drawn = [draw_region(rng, self._choose(rng), side=side, augmentation=augmentation) for _ in range(count)]
        return model_inputs(drawn, self._input)

    def answers(self, inputs: Floats) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        """The teacher's presence weighs every other output.

        The heat map's target has behind its logits, channel by channel, which cells refinement reads.
        """
        told = dict(zip(self._meanings, self._teacher(inputs), strict=True))
        presence = told["presence"].reshape(len(inputs)).astype(np.float32)
        every = np.ones_like(presence)
        if "heatmap" in told:
            points = told["landmarks"].reshape(len(inputs), self._landmarks.points, self._landmarks.values)
            shares = points[..., :2] / np.float32(self._input.shape[1])
            _, height, width, _ = told["heatmap"].shape
            read = refinement_windows(shares, (height, width))
            told["heatmap"] = np.concatenate([told["heatmap"], read], axis=-1)
        return tuple(told[meaning] for meaning in self._meanings), tuple(
            every if meaning == "presence" else presence for meaning in self._meanings
        )

    def losses(self) -> list[LossFunction]:
        values = self._landmarks.values
        makers: dict[str, Callable[[float], LossFunction]] = {
            "landmarks": lambda weight: point_loss(weight, values=values),
            "world_landmarks": lambda weight: point_loss(weight, values=3),
            "presence": probability_loss,
            "handedness": probability_loss,
            "mask": logit_loss,
            "heatmap": heatmap_loss,
        }
        return [makers[meaning](getattr(self._landmarks.loss, meaning)) for meaning in self._meanings]

    def _choose(self, rng: np.random.Generator) -> TrainingPicture:
        return self._read(self._pictures[int(rng.integers(len(self._pictures)))])


def point_loss(weight: float, *, values: int) -> LossFunction:
    """Loss of points (n, points * values), the first three values of each being x, y and depth."""
    import tensorflow as tf

    def function(target: Any, answer: Any) -> Any:
        wanted, given = (tf.reshape(one, (tf.shape(one)[0], -1, values)) for one in (target, answer))
        plane = wanted[..., :2]
        size = tf.reduce_max(tf.reduce_max(plane, axis=1) - tf.reduce_min(plane, axis=1), axis=-1)
        error = tf.abs(given - wanted)[..., :3] / tf.maximum(size, 1e-6)[:, None, None]
        huber = tf.where(error < KNEE, 0.5 * error * error / KNEE, error - 0.5 * KNEE)
        depth = tf.constant([1.0, 1.0, DEPTH_WEIGHT][: min(values, 3)], tf.float32)
        total = tf.reduce_mean(tf.reduce_sum(huber * depth, axis=-1), axis=-1)
        if values > 3:
            total += tf.reduce_mean(logit_divergence(wanted[..., 3:], given[..., 3:]), axis=[1, 2])
        return weight * total

    return function


def probability_loss(weight: float) -> LossFunction:
    """KL of a probability (n, 1) that the model gives as such."""
    import tensorflow as tf

    def logit(value: Any) -> Any:
        inside = tf.clip_by_value(value, EDGE, 1 - EDGE)
        return tf.math.log(inside) - tf.math.log1p(-inside)

    def function(target: Any, answer: Any) -> Any:
        return weight * tf.reduce_mean(logit_divergence(logit(target), logit(answer)), axis=-1)

    return function


def logit_loss(weight: float) -> LossFunction:
    """KL of logits (n, ...), mean over all but the examples."""
    import tensorflow as tf

    def function(target: Any, answer: Any) -> Any:
        return weight * tf.reduce_mean(logit_divergence(target, answer), axis=list(range(1, len(answer.shape))))

    return function


def heatmap_loss(weight: float) -> LossFunction:
    """KL of logits (n, h, w, k), mean over cells, plus the mean over cells that refinement reads.

    Targets (n, h, w, 2 * k): the teacher's logits, then `refinement_windows`. Nearly all cells are empty, so without
    the second mean a landmark's own cells would hardly count.
    """
    import tensorflow as tf

    def function(target: Any, answer: Any) -> Any:
        wanted, read = tf.split(target, 2, axis=-1)
        cells = logit_divergence(wanted, answer)
        refining = tf.reduce_sum(cells * read, axis=[1, 2, 3]) / tf.maximum(tf.reduce_sum(read, axis=[1, 2, 3]), 1.0)
        return weight * (tf.reduce_mean(cells, axis=[1, 2, 3]) + refining)

    return function


def refinement_windows(points: Floats, shape: tuple[int, int]) -> Floats:
    """(n, h, w, k), 1 in the cells that refinement reads for each point and 0 elsewhere; none for a point outside.

    `points`: (n, k, 2), x and y as shares of the input's side; `shape`: (h, w) of the heat map. Mirrors
    RefineLandmarksFromHeatMap of mediapipe 0.10.21 (refine_landmarks_from_heatmap_calculator.cc).
    """
    inside = ((points >= 0) & (points < 1)).all(axis=-1)
    near = []
    for axis, cells in ((1, shape[0]), (0, shape[1])):
        apart = np.arange(cells) - np.floor(points[..., axis] * cells)[..., None]
        near.append(np.abs(apart) <= REFINED_CELLS // 2)
    rows, columns = near
    windows = rows[:, :, :, None] & columns[:, :, None, :] & inside[:, :, None, None]
    return np.moveaxis(windows, 1, -1).astype(np.float32)
