"""Proof that the imported Keras model computes what the file does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError

Floats = npt.NDArray[np.float32]

GRIDS = (4, 8, 16, None)
"""Inputs compared, seeded: colours that run from knot to knot of so coarse a grid, and noise of every pixel.

Pictures are smooth. On noise alone a network's own scores may all be zeros, which agree with anything.
"""
SPREAD = 4.0
"""How many times the difference between LiteRT's own two sets of kernels is put down to rounding.

Both compute the same in float32, in another order. Where an output is a small difference of large values, as the
logits of the pose mask are, they disagree by 0.001 of its magnitude; a wrong operator by a tenth or more.
"""


@dataclass(frozen=True)
class Parity:
    """Largest absolute output difference, the outputs' largest magnitude, and their worst quotient over the outputs.

    `relative`: that quotient of each output, over its own largest magnitude on all inputs. `spread`: the same between
    LiteRT with XNNPACK and LiteRT without it.
    """

    max_abs_difference: float
    output_magnitude: float
    relative: tuple[float, ...]
    spread: tuple[float, ...]
    inputs_tried: int

    @property
    def relative_difference(self) -> float:
        return max(self.relative)

    def agrees(self, tolerance: float) -> bool:
        """Whether each output is within `tolerance` of its magnitude, or as near as LiteRT's own kernels allow."""
        return all(
            ours <= max(tolerance, SPREAD * theirs) for ours, theirs in zip(self.relative, self.spread, strict=True)
        )


def measure_parity(model: Any, source: bytes, *, seed: int = 0) -> Parity:
    """Compare a tf_keras model with LiteRT on the file's bytes, output by output, on inputs in [-1, 1].

    `model` takes (1, h, w, c) float32 and gives a list in the file's output order, or its only output. Raises
    InputError where an output's shape differs.
    """
    from ai_edge_litert.interpreter import OpResolverType

    file = _Runner(source, OpResolverType.AUTO)
    plain = _Runner(source, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    rng = np.random.default_rng(seed)
    difference, spread, magnitude = (np.zeros(len(file.names)) for _ in range(3))
    for grid in GRIDS:
        inputs = _inputs(rng, file.shape, grid)
        given = model(inputs, training=False)
        ours = [one.numpy() for one in (given if isinstance(given, list) else [given])]
        expected, other = file.run(inputs), plain.run(inputs)
        for name, one, two in zip(file.names, ours, expected, strict=True):
            if one.shape != two.shape:
                raise InputError(f"Output '{name}' is {two.shape}, the Keras model's {one.shape}.")
        difference = np.maximum(difference, _largest([a - b for a, b in zip(ours, expected, strict=True)]))
        spread = np.maximum(spread, _largest([a - b for a, b in zip(other, expected, strict=True)]))
        magnitude = np.maximum(magnitude, _largest(expected))
    return Parity(
        max_abs_difference=float(difference.max()),
        output_magnitude=float(magnitude.max()),
        relative=_quotients(difference, magnitude),
        spread=_quotients(spread, magnitude),
        inputs_tried=len(GRIDS),
    )


class _Runner:
    """A file in LiteRT, with one of its sets of kernels."""

    def __init__(self, source: bytes, kernels: Any) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=source, num_threads=2, experimental_op_resolver_type=kernels)
        self._interpreter.allocate_tensors()
        self._entry = self._interpreter.get_input_details()[0]
        self._exits = self._interpreter.get_output_details()
        self.shape = tuple(self._entry["shape"])
        self.names = [one["name"] for one in self._exits]

    def run(self, inputs: Floats) -> list[Floats]:
        self._interpreter.set_tensor(self._entry["index"], inputs)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(one["index"]) for one in self._exits]


def _inputs(rng: np.random.Generator, shape: Sequence[int], grid: int | None) -> Floats:
    """(1, h, w, c) in [-1, 1]: knots drawn uniformly, and straight lines between them; None: every pixel is a knot."""
    if grid is None:
        return rng.uniform(-1, 1, shape).astype(np.float32)
    _, height, width, channels = shape
    knots = rng.uniform(-1, 1, (grid, grid, channels))
    field: Floats = np.einsum("yi,ijc,xj->yxc", _between(height, grid), knots, _between(width, grid)).astype(np.float32)
    return field[None]


def _between(side: int, grid: int) -> npt.NDArray[np.float64]:
    """(side, grid): how much each knot weighs at each pixel of a line."""
    places = np.linspace(0, grid - 1, side)[:, None]
    weights: npt.NDArray[np.float64] = np.maximum(0.0, 1.0 - np.abs(places - np.arange(grid)))
    return weights


def _largest(values: Sequence[Floats]) -> npt.NDArray[np.float64]:
    return np.array([float(np.max(np.abs(one))) for one in values])


def _quotients(difference: npt.NDArray[np.float64], magnitude: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(d / m) if m else np.inf for d, m in zip(difference, magnitude, strict=True))
