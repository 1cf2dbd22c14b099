"""What a detector learns: to answer as the teacher does, most of all where a detection is decided.

Targets are the teacher's raw outputs. With p the teacher's and q the student's probability of an anchor:

- scores, everywhere: KL(p || q) summed over anchors, over 1 + the number of confident anchors of the picture.
- operating point: the same KL with logits centred on the graph's threshold and sharpened (`SHARPNESS`), because a
  drop-in user cannot move the threshold, so that the side of it matters more than the distance from it.
- boxes and key points, where the teacher is confident: Huber of the difference over the object's side, weighted by p.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.spec import DetectionLoss, Detector, ModelSpec
from zoo.training._augment import MOSAIC_TILES, draw_input
from zoo.training._divergence import logit_divergence
from zoo.training._lesson import LossFunction
from zoo.training._pictures import PictureReader, PictureSource, Pixels, TrainingPicture, model_inputs
from zoo.training._replicas import over_replicas
from zoo.training._teacher import Floats, Teacher

LARGEST_SIDE = 640
"""Larger pictures are shrunk when read: at a 192-pixel input nothing finer is seen."""
SHARPNESS = 3.0
"""Slope of the operating-point term: a logit off by 1/3 at the threshold counts as one nat-scale unit."""
BOX_DELTA = 0.05
"""Huber's knee, in shares of the object's side; beyond 5% the error counts linearly."""
SMALLEST_OBJECT = 8.0
"""Objects below this many input pixels are normalised as if they had it."""


class DetectionLesson:
    """Pictures with the teacher's detections to aim at, and pictures without."""

    def __init__(
        self,
        spec: ModelSpec,
        detector: Detector,
        *,
        teacher: Path,
        pictures: Sequence[PictureSource],
        read_picture: Callable[[Path], Pixels],
    ) -> None:
        self._input, self._detector = spec.input, detector
        self._meanings = [output.meaning for output in spec.outputs]
        self._teacher = Teacher(teacher, [output.shape for output in spec.outputs])
        self._with_objects = [picture for picture in pictures if picture.places]
        self._without = [picture for picture in pictures if not picture.places]
        self._read = PictureReader(read_picture, largest_side=LARGEST_SIDE)

    def inputs(self, rng: np.random.Generator, count: int) -> Floats:
        side, augmentation = self._input.shape[1], self._detector.augmentation
        drawn = [draw_input(rng, self._choose(rng), side=side, augmentation=augmentation) for _ in range(count)]
        return model_inputs(drawn, self._input)

    def answers(self, inputs: Floats) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        """The box target has the score's logit behind its values, by which its loss is weighted."""
        told = dict(zip(self._meanings, self._teacher(inputs), strict=True))
        told["boxes"] = np.concatenate([told["boxes"], told["scores"]], axis=-1)
        every = np.ones(len(inputs), np.float32)
        return tuple(told[meaning] for meaning in self._meanings), tuple(every for _ in self._meanings)

    def losses(self) -> list[LossFunction]:
        loss = self._detector.loss
        by_meaning = {
            "boxes": box_loss(loss),
            "scores": score_loss(loss, threshold=self._detector.score_threshold),
        }
        return [by_meaning[meaning] for meaning in self._meanings]

    def _choose(self, rng: np.random.Generator) -> list[TrainingPicture]:
        augmentation = self._detector.augmentation
        count = MOSAIC_TILES**2 if rng.random() < augmentation.mosaic_share else 1
        chosen = []
        for _ in range(count):
            negative = rng.random() < augmentation.negative_share
            pool = (self._without or self._with_objects) if negative else (self._with_objects or self._without)
            chosen.append(self._read(pool[int(rng.integers(len(pool)))]))
        return chosen


def score_loss(loss: DetectionLoss, *, threshold: float) -> LossFunction:
    """Loss of the score output: targets and answers are logits of shape (n, anchors, 1)."""
    import tensorflow as tf

    centre = math.log(threshold / (1 - threshold))

    def divergence(target: Any, answer: Any) -> Any:
        return tf.reduce_sum(logit_divergence(target, answer), axis=[1, 2])

    def function(target: Any, answer: Any) -> Any:
        confident = tf.reduce_sum(tf.cast(tf.sigmoid(target) > loss.confident, tf.float32), axis=[1, 2])
        everywhere = divergence(target, answer)
        decided = divergence(SHARPNESS * (target - centre), SHARPNESS * (answer - centre)) / SHARPNESS
        total = loss.scores * everywhere + loss.operating_point * decided
        return total / (1.0 + confident)

    return function


def box_loss(loss: DetectionLoss) -> LossFunction:
    """Loss of the box output (n, anchors, v); targets (n, anchors, v + 1): the teacher's values and its score's logit.

    The mean is over all confident anchors of the batch, so that a picture with one face weighs less than one with ten.
    """
    import tensorflow as tf

    def function(target: Any, answer: Any) -> Any:
        boxes, p = target[..., :-1], tf.sigmoid(target[..., -1:])
        weight = tf.where(p > loss.confident, p, tf.zeros_like(p))
        side = tf.maximum(tf.reduce_max(boxes[..., 2:4], axis=-1, keepdims=True), SMALLEST_OBJECT)
        error = tf.abs(answer - boxes) / side
        huber = tf.where(error < BOX_DELTA, 0.5 * error * error / BOX_DELTA, error - 0.5 * BOX_DELTA)
        values = tf.cast(tf.shape(boxes)[-1], tf.float32)
        examples, confident = over_replicas([tf.cast(tf.shape(boxes)[0], tf.float32), tf.reduce_sum(weight)])
        by_example = tf.reduce_sum(weight * huber, axis=[1, 2])
        return loss.boxes * examples * by_example / (values * (confident + 1.0))

    return function
