"""How far the student's probabilities are from the teacher's."""

from __future__ import annotations

from typing import Any


def logit_divergence(target: Any, answer: Any) -> Any:
    """KL of the Bernoulli distributions of two tensors of logits, element by element; 0 where they are equal."""
    import tensorflow as tf

    p = tf.sigmoid(target)
    cross = tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=answer)
    return cross - tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=target)
