"""Keras to TFLite at one precision. The converter fuses and reorders operators; what it undoes is mended here."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from zoo.adapt import REWRITES, apply_rewrites

Stored = Literal["float32", "float16", "int8", "int8-weights"]
"""How a file stores its weights; `int8` computes in int8 too, `int8-weights` does where a kernel is made for it."""

CALIBRATION_INPUTS = 16
"""Seeded inputs whose values give the ranges of `int8`. Sizes and times do not depend on the ranges."""
_CALIBRATION_SEED = 11
_MENDED = ("pad_explicit", "constant_first")
"""Exact rewrites for what the converter does: it merges PADs of one value, and writes constants as second operands."""


def keras_to_tflite(model: Any, stored: Stored, *, sparse: bool = False) -> bytes:
    """The file of a tf_keras model with a fixed batch of 1 and an input in [-1, 1].

    `sparse` lets the converter store the zeros of pruned kernels away. `int8` is calibrated on uniform noise, which
    gives ranges, not quality, and takes and gives floats, as LiteRT's web runtime wants; `int8-weights` is what
    TensorFlow calls dynamic-range quantization.
    """
    import tensorflow as tf

    # A concrete function, not by way of a SavedModel, keeps the outputs in the model's order.
    signature = tf.TensorSpec(model.inputs[0].shape, tf.float32, name="input")
    function = tf.function(lambda picture: model(picture, training=False)).get_concrete_function(signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    converter.experimental_lower_to_saved_model = False
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY] if sparse else []
    if stored != "float32":
        converter.optimizations.append(tf.lite.Optimize.DEFAULT)
    if stored == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if stored == "int8":
        converter.representative_dataset = lambda: _noise(tuple(model.inputs[0].shape))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        data = bytes(converter.convert())
    if stored.startswith("int8"):
        # Rewrites are for float graphs.
        return data
    return apply_rewrites(data, [REWRITES[name] for name in _MENDED], skip_idle=True).data


def _noise(shape: tuple[int, ...]) -> Iterator[list[Any]]:
    rng = np.random.default_rng(_CALIBRATION_SEED)
    for _ in range(CALIBRATION_INPUTS):
        yield [rng.uniform(-1, 1, shape).astype(np.float32)]
