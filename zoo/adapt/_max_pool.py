"""MAX_POOL_2D out of operators that XNNPACK's sparse region holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zoo.adapt._layers import Layers, is_a
from zoo.tflite import GraphEditor, ModelEditor, Operator
from zoo.xnnpack import could_engage, huge_values

_WINDOW = ((1, 1), (1, 2), (2, 1), (2, 2))
"""Where the pool's four values 2i, 2i + 1 lie among the rows and columns 2i - 1 to 2i + 1 of a 3x3 kernel."""


@dataclass(frozen=True)
class MaxPoolToPrimitives:
    """max(a, b, c, d) = m + relu(n - m) with m = a + relu(b - a), n = c + relu(d - c): depthwise, MUL, ADD and RELU.

    Proof: max(a, b) = a + max(0, b - a), used three times. a and c are picked by a depthwise kernel with one 1;
    b - a and d - c are each one depthwise kernel with 1 and -1, the relu fused. n - m takes a MUL by -1, as SUB is not
    allowed. Every difference and sum is rounded once, so the error is a few units in the last place of the largest
    of the four: a pool that may read huge values beside others is left. Four depthwise layers on the full map were
    faster in XNNPACK (WebAssembly, 0.8 to 0.9 of the time) than one at stride 1 and two at stride 2, the other exact
    arrangement.
    """

    name: ClassVar[str] = "max_pool_to_primitives"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Computes a 2x2 MAX_POOL_2D by depthwise convolutions that pick and compare its values."
    needs: ClassVar[str] = (
        "a MAX_POOL_2D of 2x2 with stride 2 on float32 values of even height and width, none of them huge, that sparse "
        "kernels could take"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every pool that halves an even map; returns how many. Raises InputError for a quantized file."""
        graph, layers = editor.main, Layers(editor.main)
        pools = _pools(graph)
        huge = huge_values(graph.model) if pools else frozenset()
        pools = [pool for pool in pools if pool.inputs[0] not in huge]
        for pool in pools:
            layers.begin(pool)
            (value,) = graph.inputs_of(pool)
            a, b, c, d = _WINDOW
            above = layers.add(layers.halve(value, _taps({a: 1})), _positive_difference(layers, value, b, a))
            below = layers.add(layers.halve(value, _taps({c: 1})), _positive_difference(layers, value, d, c))
            more = layers.add(below, layers.scale(above, np.full(1, -1.0)), activation="RELU")
            graph.redirect(pool.outputs[0], layers.add(above, more, activation=_activation(pool)))
        return len(pools)


@dataclass(frozen=True)
class MaxPoolToDepthwise:
    """One depthwise 3x3 convolution of stride 2 for the pool, which starts as the mean of the pool's four values."""

    name: ClassVar[str] = "max_pool_to_depthwise"
    exact: ClassVar[bool] = False
    purpose: ClassVar[str] = "Puts a depthwise 3x3 convolution of stride 2 in the place of a 2x2 MAX_POOL_2D."
    needs: ClassVar[str] = (
        "a MAX_POOL_2D of 2x2 with stride 2 on float32 values of even height and width, that sparse kernels could take"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every pool that halves an even map; returns how many. Raises InputError for a quantized file."""
        graph, layers = editor.main, Layers(editor.main)
        pools = _pools(graph)
        for pool in pools:
            layers.begin(pool)
            (value,) = graph.inputs_of(pool)
            mean = _taps(dict.fromkeys(_WINDOW, 1 / len(_WINDOW)))
            graph.redirect(pool.outputs[0], layers.halve(value, mean, activation=_activation(pool)))
        return len(pools)


def _pools(graph: GraphEditor) -> list[Operator]:
    pools = [operator for operator in graph.graph.operators if _halves(graph, operator)]
    inside = could_engage(graph.model) if pools else frozenset()
    return [pool for pool in pools if pool.index in inside]


def _halves(graph: GraphEditor, operator: Operator) -> bool:
    if not is_a(operator, "MAX_POOL_2D", inputs=1) or {operator.options.window, operator.options.strides} != {(2, 2)}:
        return False
    tensor = graph.graph.tensors[operator.inputs[0]]
    even = len(tensor.shape) == 4 and all(size > 0 and size % 2 == 0 for size in tensor.shape[1:3])
    return even and tensor.dtype == "float32" and _activation(operator) in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def _positive_difference(layers: Layers, value: int, more: tuple[int, int], less: tuple[int, int]) -> int:
    return layers.halve(value, _taps({more: 1, less: -1}), activation="RELU")


def _taps(weights: dict[tuple[int, int], float]) -> npt.NDArray[np.float32]:
    taps = np.zeros((3, 3), np.float32)
    for place, weight in weights.items():
        taps[place] = weight
    return taps


def _activation(pool: Operator) -> str:
    return pool.options.activation or "NONE"
