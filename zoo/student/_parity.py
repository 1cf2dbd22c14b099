"""Proof that the imported Keras model computes what the file does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError

INPUTS_TRIED = 4
"""Random inputs compared: uniform in [-1, 1], seeded."""


@dataclass(frozen=True)
class Parity:
    """Largest absolute output difference, the outputs' largest magnitude, and their worst quotient over the outputs."""

    max_abs_difference: float
    output_magnitude: float
    relative_difference: float
    inputs_tried: int


def measure_parity(model: Any, source: bytes, *, seed: int = 0) -> Parity:
    """Compare a tf_keras model with LiteRT on the file's bytes, output by output.

    `model` takes (1, h, w, c) float32 and gives a list in the file's output order, or its only output. Raises
    InputError where an output's shape differs.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=source, num_threads=2)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    exits = interpreter.get_output_details()
    rng = np.random.default_rng(seed)
    difference, magnitude, relative = 0.0, 0.0, 0.0
    for _ in range(INPUTS_TRIED):
        inputs = rng.uniform(-1, 1, tuple(entry["shape"])).astype(np.float32)
        interpreter.set_tensor(entry["index"], inputs)
        interpreter.invoke()
        given = model(inputs, training=False)
        for ours, theirs in zip(given if isinstance(given, list) else [given], exits, strict=True):
            expected = interpreter.get_tensor(theirs["index"])
            if tuple(ours.shape) != expected.shape:
                raise InputError(
                    f"Output '{theirs['name']}' is {expected.shape}, the Keras model's {tuple(ours.shape)}."
                )
            worst = float(np.max(np.abs(ours.numpy() - expected)))
            largest = float(np.max(np.abs(expected)))
            difference, magnitude = max(difference, worst), max(magnitude, largest)
            relative = max(relative, worst / largest if largest else np.inf)
    return Parity(difference, magnitude, relative, INPUTS_TRIED)
