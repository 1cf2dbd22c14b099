"""Feature distillation: a network that is being pruned is also held to what its dense self computes inside.

Outputs are few numbers a picture; maps are hundreds of thousands, so that a short training on few pictures goes further.
Romero et al., FitNets: Hints for Thin Deep Nets (2015); the normalised form for sparse networks is SquareHead, Kurtic et
al., Sparse Fine-tuning for Inference Acceleration of Large Language Models (2023), section 3.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras as keras

SMALLEST_SQUARE = 1e-6
"""Added to a map's mean square, for maps that are zero everywhere."""


def with_features(model: Any, dense: Any, weight: float) -> Any:
    """The same network over the same layers, with `weight` times the mean distance of its maps from `dense`'s as a loss.

    `dense` has the same layers under the same names and shares none; it is frozen. Compared are the sums that join a
    convolution's output, which end the blocks of MediaPipe's networks. Raises ValueError where there is none.
    """
    names = [layer.name for layer in dense.layers if _joins_convolution(layer)]
    if not names:
        raise ValueError("no sum joins a convolution's output, so there are no features to compare")
    teacher = keras.Model(dense.inputs, [dense.get_layer(name).output for name in names], name="dense_features")
    teacher.trainable = False
    taught = keras.Model(model.inputs, model.outputs)
    wanted = teacher(model.inputs)
    pairs = zip(wanted if isinstance(wanted, list) else [wanted], names, strict=True)
    distances = [map_distance(tf.stop_gradient(features), model.get_layer(name).output) for features, name in pairs]
    taught.add_loss(weight * tf.reduce_mean(tf.add_n(distances)) / len(distances))
    return taught


def map_distance(wanted: Any, given: Any) -> Any:
    """(n,): the mean squared difference of two maps (n, h, w, c) over the mean square of the first, by example."""
    wanted, given = tf.cast(wanted, tf.float32), tf.cast(given, tf.float32)
    apart, square = (tf.reduce_mean(tf.square(value), axis=[1, 2, 3]) for value in (given - wanted, wanted))
    return apart / (square + SMALLEST_SQUARE)


def _joins_convolution(layer: Any) -> bool:
    return isinstance(layer, keras.layers.Add) and any(
        isinstance(tensor.node.layer, keras.layers.Conv2D) for tensor in layer.input
    )
