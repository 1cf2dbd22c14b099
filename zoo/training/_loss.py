"""Distillation loss for detectors: the student answers as the teacher does, most of all where a detection is decided.

Targets are the teacher's raw outputs. With p the teacher's and q the student's probability of an anchor:

- scores, everywhere: KL(p || q) summed over anchors, over 1 + the number of confident anchors of the picture.
- operating point: the same KL with logits centred on the graph's threshold and sharpened (`SHARPNESS`), because a
  drop-in user cannot move the threshold, so that the side of it matters more than the distance from it.
- boxes and key points, where the teacher is confident: Huber of the difference over the face's side, weighted by p.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from zoo.spec import Loss

SHARPNESS = 3.0
"""Slope of the operating-point term: a logit off by 1/3 at the threshold counts as one nat-scale unit."""
BOX_DELTA = 0.05
"""Huber's knee, in shares of the face's side; beyond 5% the error counts linearly."""
SMALLEST_FACE = 8.0
"""Faces below this many input pixels are normalised as if they had it."""

LossFunction = Callable[[Any, Any], Any]


def score_loss(loss: Loss, *, threshold: float) -> LossFunction:
    """Loss of the score output: targets and answers are logits of shape (n, anchors, 1)."""
    import tensorflow as tf

    centre = math.log(threshold / (1 - threshold))

    def divergence(target: Any, answer: Any) -> Any:
        p = tf.sigmoid(target)
        cross = tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=answer)
        own = tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=target)
        return tf.reduce_sum(cross - own, axis=[1, 2])

    def function(target: Any, answer: Any) -> Any:
        confident = tf.reduce_sum(tf.cast(tf.sigmoid(target) > loss.confident, tf.float32), axis=[1, 2])
        everywhere = divergence(target, answer)
        decided = divergence(SHARPNESS * (target - centre), SHARPNESS * (answer - centre)) / SHARPNESS
        total = loss.scores * everywhere + loss.operating_point * decided
        return tf.reduce_mean(total / (1.0 + confident))

    return function


def box_loss(loss: Loss) -> LossFunction:
    """Loss of the box output (n, anchors, 16); targets (n, anchors, 17) are the teacher's boxes and its score logit."""
    import tensorflow as tf

    def function(target: Any, answer: Any) -> Any:
        boxes, p = target[..., :16], tf.sigmoid(target[..., 16:])
        weight = tf.where(p > loss.confident, p, tf.zeros_like(p))
        side = tf.maximum(tf.reduce_max(boxes[..., 2:4], axis=-1, keepdims=True), SMALLEST_FACE)
        error = tf.abs(answer - boxes) / side
        huber = tf.where(error < BOX_DELTA, 0.5 * error * error / BOX_DELTA, error - 0.5 * BOX_DELTA)
        return loss.boxes * tf.reduce_sum(weight * huber) / (16.0 * (tf.reduce_sum(weight) + 1.0))

    return function
