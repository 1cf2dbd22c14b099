"""Whether two runs of one model gave the same outputs. A model that disagrees is not timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.bench._rounding import NO_ROUNDING, Rounding
from zoo.records import OutputParity

Array = npt.NDArray[Any]

RELATIVE_TOLERANCE = 1e-3
"""The largest difference of an output tensor's elements, as a share of the reference's largest magnitude.

Right kernels differ in the order and fusing of float32 sums only. Over the 13 models of the mediapipe 0.10.21 package
that LiteRT runs, with XNNPACK on an AVX-512 host and in WebAssembly, the difference is 1.8e-4 of the magnitude for the
full pose landmark model and 6e-6 or less for all others. A wrong answer, such as the zeros of a region that XNNPACK
failed to reshape, differs by about the magnitude itself. 1e-3 is five times the one and a thousandth of the other.
"""

SMALLEST_TOLERANCE = 1e-6
"""For an output that is zero in the reference, where a share of the magnitude allows nothing."""


@dataclass(frozen=True)
class NamedArray:
    """An output tensor: its name in the runtime that made it, and its values, any shape and number type.

    `rounding`: how far right kernels may be apart here, where the model itself rounds; see `_rounding.py`.
    """

    name: str
    values: Array
    rounding: Rounding = NO_ROUNDING


@dataclass(frozen=True)
class Comparison:
    """The worst output's parity, None where nothing could be compared; `reason` is a clause, empty if it agrees."""

    parity: OutputParity | None
    reason: str


REFERENCE_KERNELS = "LiteRT's reference kernels on this machine"


def compare_outputs(
    found: Sequence[NamedArray], reference: Sequence[NamedArray], *, source: str = REFERENCE_KERNELS
) -> Comparison:
    """Hold a model's outputs against the reference's, tensor by tensor; `source` says in words whose these are.

    Tensors are matched by shape, as runtimes order outputs differently; those that share a shape are matched by the
    assignment with the smallest total difference, as names are not kept by all runtimes.
    """
    shapes = sorted(array.values.shape for array in found)
    wanted = sorted(array.values.shape for array in reference)
    if shapes != wanted:
        return Comparison(None, f"its outputs have the shapes {shapes}, the reference's {wanted}")
    for array in found:
        if not np.isfinite(array.values).all():
            return Comparison(None, f"its output '{array.name}' holds values that are not finite")
    if not any(np.any(array.values) for array in reference):
        # Runtimes that fail silently answer with zeros; a reference of zeros cannot tell them from those that work.
        return Comparison(None, "the reference's outputs are all zero, so nothing can be compared")
    rounding = max((array.rounding for array in reference), key=lambda one: (one.share, one.step))
    results = [
        _compare(mine, theirs, rounding)
        for shape in dict.fromkeys(wanted)
        for mine, theirs in _pairs(
            [array.values for array in found if array.values.shape == shape],
            [array.values for array in reference if array.values.shape == shape],
        )
    ]
    worst = max(results, key=lambda parity: parity.max_abs_difference / parity.tolerance)
    if worst.agrees:
        return Comparison(worst, "")
    return Comparison(
        worst,
        f"its output differs from {source} by up to {worst.max_abs_difference:.3g} where "
        f"{worst.tolerance:.3g} is tolerated (largest magnitude {worst.output_magnitude:.3g})",
    )


def _pairs(found: list[Array], reference: list[Array]) -> list[tuple[Array, Array]]:
    if len(found) == 1:
        return [(found[0], reference[0])]
    from scipy.optimize import linear_sum_assignment

    cost = [[_largest_difference(mine, theirs) for theirs in reference] for mine in found]
    rows, columns = linear_sum_assignment(np.array(cost))
    return [(found[row], reference[column]) for row, column in zip(rows, columns, strict=True)]


def _compare(found: Array, reference: Array, rounding: Rounding) -> OutputParity:
    magnitude = float(np.abs(reference.astype(np.float64)).max(initial=0.0))
    # Integer outputs are quantised: kernels may round a value to either neighbour.
    smallest = 1.0 if np.issubdtype(reference.dtype, np.integer) else max(SMALLEST_TOLERANCE, rounding.step)
    tolerance = max(max(RELATIVE_TOLERANCE, rounding.share) * magnitude, smallest)
    difference = _largest_difference(found, reference)
    return OutputParity(
        max_abs_difference=difference,
        output_magnitude=magnitude,
        tolerance=tolerance,
        agrees=difference <= tolerance,
    )


def _largest_difference(found: Array, reference: Array) -> float:
    return float(np.abs(found.astype(np.float64) - reference.astype(np.float64)).max(initial=0.0))
