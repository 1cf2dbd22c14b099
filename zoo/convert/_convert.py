"""One variant's file from its weights: float16, sparse where it has a sparsity, static batch 1."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.convert._keras import keras_to_tflite
from zoo.convert._metadata import add_metadata
from zoo.errors import InputError, RefusedError
from zoo.records import RuleBreak
from zoo.spec import ModelSpec, Variant
from zoo.student import import_student, load_weights, measure_parity
from zoo.tflite import densified_twin, gzip_bytes, read_model
from zoo.xnnpack import readiness

TWIN = "twin"
"""What the densified twin of the sparse variant is called beside the variants."""
PARITY_TOLERANCE = 1e-4
"""Largest output difference, over the outputs' magnitude, between a file and the Keras model with float16 weights.

Float32 sums in another order differ by about 1e-6 here; a wrongly converted operator by far more.
"""


@dataclass(frozen=True)
class Converted:
    """A written file and how well LiteRT's outputs on it match Keras's; differences as in `Parity`."""

    variant: str
    path: Path
    gzip_bytes: int
    max_abs_difference: float
    relative_difference: float


def artifact_name(model: str, variant: str) -> str:
    """File name of a variant: `MODEL_VARIANT.tflite`."""
    return f"{model}_{variant}.tflite"


def convert_variant(spec: ModelSpec, variant: Variant, *, student: bytes, weights: Path, folder: Path) -> Converted:
    """Write `folder/MODEL_VARIANT.tflite` from the student's architecture and trained weights.

    Raises InputError where the weights are not this student's, RefusedError where the file's outputs do not match the
    Keras model's.
    """
    model = import_student(student, name=spec.student.start, batch=1).model
    load_weights(model, weights)
    round_to_float16(model)
    data = add_metadata(keras_to_tflite(model, "float16", sparse=variant.pruned), spec)
    parity = measure_parity(model, data)
    path = folder / artifact_name(spec.name, variant.name)
    if not parity.agrees(PARITY_TOLERANCE):
        raise RefusedError(
            f"{path.name}: LiteRT's outputs differ from Keras's by {parity.relative_difference:.2g} of their magnitude"
            f" (at most {PARITY_TOLERANCE:g} is allowed); the conversion is wrong, so nothing is released."
        )
    path.write_bytes(data)
    return Converted(variant.name, path, gzip_bytes(data), parity.max_abs_difference, parity.relative_difference)


def make_twin(spec: ModelSpec, *, sparse: Path, folder: Path) -> Path:
    """Write the densified twin of a sparse file: the control that shows what sparse storage alone does."""
    path = folder / artifact_name(spec.name, TWIN)
    path.write_bytes(densified_twin(sparse.read_bytes()))
    return path


def round_to_float16(model: Any) -> None:
    """Give Keras the numbers that the file will hold, so that parity is about operators, not about rounding."""
    from zoo.student._layers import Scale

    for layer in model.layers:
        if isinstance(layer, Scale):
            # No weights, as they are not trained; the converter rounds them all the same.
            layer.factors = np.asarray(layer.factors, np.float16).astype(np.float32).tolist()
        with np.errstate(over="ignore"):  # told below, by the layer's name
            rounded = [values.astype(np.float16).astype(np.float32) for values in layer.get_weights()]
        if not all(np.isfinite(values).all() for values in rounded):
            raise InputError(f"Layer '{layer.name}' has weights beyond float16's range; train with a smaller rate.")
        if rounded:
            layer.set_weights(rounded)


def student_readiness(model: Any) -> list[RuleBreak]:
    """The structural rules that a tf_keras network breaks, asked before anything is trained or pruned.

    Those of the file that conversion makes of it, as `zoo.xnnpack.readiness` tells them: the converter fuses and
    reorders operators, so that only its file counts. `model` has a fixed batch of 1.
    """
    return readiness(read_model(keras_to_tflite(model, "float16")))
