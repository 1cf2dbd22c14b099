"""PRELU out of operators that XNNPACK's sparse region holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zoo.adapt._layers import Layers, is_a
from zoo.tflite import GraphEditor, ModelEditor, Operator
from zoo.xnnpack import huge_values


@dataclass(frozen=True)
class PreluToPrimitives:
    """PRELU(x) = x + (1 - a) * relu(-x), and x + relu((a - 1) * x) where no channel's a is above 1.

    Proof: for x >= 0 the second summand is 0 in both. For x < 0 the first is x - (1 - a) * x = a * x, and with
    1 - a >= 0 it may go under the relu. Three operators, or two; a * x + (1 - a) * relu(x) takes four, and so does
    relu(x) + (-a) * relu(-x), the only form that is right to the last bit. Here 1 - a, the product and the sum are
    rounded: at most 2**-24 * (2 * |1 - a| + |a|) of |x|, which is why 1 - a stays in float32.
    """

    name: ClassVar[str] = "prelu_to_primitives"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Computes PRELU by MUL, RELU and ADD."
    needs: ClassVar[str] = (
        "a PRELU on float32 values of 4 dimensions, none of them huge, with one slope for all or one a channel"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every PRELU that has no slopes of its own for rows or columns; returns how many."""
        graph, places = editor.main, 0
        layers = Layers(graph)
        known = {each.index: slopes for each in graph.graph.operators if (slopes := _slopes(graph, each)) is not None}
        # x + relu(-x) of an infinite x is not a number.
        huge = huge_values(graph.model) if known else frozenset()
        for operator in graph.graph.operators:
            slopes = known.get(operator.index)
            if slopes is None or operator.inputs[0] in huge:
                continue
            layers.begin(operator)
            value = graph.inputs_of(operator)[0]
            if (slopes <= 1).all():
                hinge = layers.scale(value, slopes - 1, activation="RELU")
            else:
                negative = layers.scale(value, np.full(1, -1.0), activation="RELU")
                hinge = layers.scale(negative, 1 - slopes)
            graph.redirect(operator.outputs[0], layers.add(value, hinge))
            places += 1
        return places


def _slopes(graph: GraphEditor, operator: Operator) -> npt.NDArray[np.float64] | None:
    """One slope, or one a channel; None where the operator is no PRELU that this rewrite takes."""
    if not is_a(operator, "PRELU", inputs=2):
        return None
    value, slopes = graph.graph.tensors[operator.inputs[0]], graph.value(operator.inputs[1])
    if slopes is None or value.dtype != "float32" or len(value.shape) != 4:
        return None
    if slopes.size not in (1, value.shape[3]) or slopes.size != (slopes.shape or (1,))[-1]:
        return None
    return slopes.astype(np.float64).ravel()
