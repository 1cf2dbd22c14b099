"""Values that may be huge or infinite beside moderate ones, told from constants and operators alone.

max(a, b) = a + relu(b - a) and its like cancel where one of the two is huge: what is small is rounded away. A border
of the lowest number before a pool, a mask that is added, or a logarithm are the usual sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.tflite import Model, Operator, constant_value

MOST_BESIDE = 64.0
"""The largest constant that may stand beside values of a network in one map: 2**-24 of it is 4e-6."""
_MOST_EVERYWHERE = 1e18
"""The largest that may be added to, or multiplied with, all of a map alike; squares of more overflow."""

_BOUNDED = ("RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LOGISTIC", "TANH", "SOFTMAX", "L2_NORMALIZATION", "SIN", "COS")
_BOUNDED_ACTIVATIONS = ("RELU6", "RELU_N1_TO_1", "TANH", "SIGN_BIT")
_SUMS = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL", "MUL", "SUB", "NEG", "MEAN"),
    *("SUM", "AVERAGE_POOL_2D", "RESIZE_BILINEAR", "SQUARE", "SQUARED_DIFFERENCE", "ADD_N", "HARD_SWISH", "GELU"),
)
"""Operators that make anything of a huge value, and nothing huge of moderate ones."""
_MOVES = (
    *("ADD", "PAD", "PADV2", "MIRROR_PAD", "CONCATENATION", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE"),
    *("STRIDED_SLICE", "SPLIT", "SPLIT_V", "PACK", "UNPACK", "GATHER", "GATHER_ND", "TILE", "REVERSE_V2", "CAST"),
    *("DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "RESIZE_NEAREST_NEIGHBOR"),
    *("MAX_POOL_2D", "REDUCE_MAX", "REDUCE_MIN", "SELECT", "SELECT_V2", "WHERE", "QUANTIZE", "DEQUANTIZE", "DENSIFY"),
    *("FLOOR", "CEIL", "ROUND", "SQRT", "ABS", "PRELU", "LEAKY_RELU", "ELU", "BROADCAST_TO", "ROLL"),
)
"""Operators whose values are about as large as those that they read."""
_BESIDE = ("PADV2", "CONCATENATION", "SELECT", "SELECT_V2", "PACK")
"""Operators that put a constant beside other values, not on all of them alike."""
_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "PRELU")


@dataclass(frozen=True)
class _Reach:
    """Whether a value may hold numbers far below, or far above, those of a network."""

    low: bool = False
    high: bool = False

    @property
    def huge(self) -> bool:
        return self.low or self.high


_MODERATE, _ANY = _Reach(), _Reach(low=True, high=True)


def huge_values(model: Model) -> frozenset[int]:
    """The values of the main graph that may hold huge or infinite numbers, if its inputs and weights do not.

    An operator that is not known is taken to make some. Raises InputError where a constant cannot be read.
    """
    reach: dict[int, _Reach] = {}
    for operator in model.operators:
        made = _made(model, operator, reach)
        if made.huge:
            reach.update(dict.fromkeys(operator.outputs, made))
        else:
            for value in operator.outputs:
                reach.pop(value, None)
    return frozenset(reach)


def _made(model: Model, operator: Operator, reach: dict[int, _Reach]) -> _Reach:
    name, activation = operator.name, operator.options.activation
    if name in _BOUNDED or activation in _BOUNDED_ACTIVATIONS:
        return _MODERATE
    read = [_read(model, operator, value, reach) for value in operator.inputs if value >= 0]
    low, high = any(each.low for each in read), any(each.high for each in read)
    if name == "RELU":
        made = _Reach(high=high)
    elif name == "MAXIMUM":
        made = _Reach(all(each.low for each in read), high)
    elif name == "MINIMUM":
        made = _Reach(low, all(each.high for each in read))
    elif name == "MAX_POOL_2D" and _sees_more_than_border(model, operator):
        made = reach.get(model.main.producers[operator.inputs[0]].inputs[0], _MODERATE)
    elif name in _SUMS:
        made = _ANY if low or high else _MODERATE
    elif name in _MOVES:
        made = _Reach(low, high)
    elif name == "DIV":
        divisor = constant_value(model, operator.inputs[1]) if len(operator.inputs) > 1 else None
        known = divisor is not None and divisor.size > 0 and np.abs(divisor).min() > 1 / _MOST_EVERYWHERE
        made = _ANY if low or high or not known else _MODERATE
    else:
        made = _ANY
    return _Reach(high=made.high) if activation == "RELU" else made


def _read(model: Model, operator: Operator, value: int, reach: dict[int, _Reach]) -> _Reach:
    if value in reach:
        return reach[value]
    if operator.name in _WEIGHTS or model.tensors[value].dtype not in ("float32", "float16"):
        return _MODERATE
    numbers = constant_value(model, value)
    if numbers is None or not numbers.size:
        return _MODERATE
    has_positions = any(size > 1 for size in numbers.shape[:-1])
    most = MOST_BESIDE if has_positions or operator.name in _BESIDE else _MOST_EVERYWHERE
    # "Not a number" is neither below nor above.
    return _Reach(low=not numbers.min() >= -most, high=not numbers.max() <= most)


def _sees_more_than_border(model: Model, pool: Operator) -> bool:
    """Whether a PADV2 with a low number lies before it that no window of the pool covers alone."""
    border = model.main.producers.get(pool.inputs[0]) if pool.inputs else None
    if border is None or border.name != "PADV2" or len(border.inputs) < 3 or pool.options.window is None:
        return False
    amounts, number = constant_value(model, border.inputs[1]), constant_value(model, border.inputs[2])
    if amounts is None or number is None or amounts.shape != (4, 2) or number.size != 1:
        return False
    sides: Sequence[Sequence[int]] = amounts.tolist()
    outside = any(any(pair) for pair in (sides[0], sides[3]))
    covered = all(max(pair) < size for pair, size in zip(sides[1:3], pool.options.window, strict=True))
    return not outside and covered and float(number.ravel()[0]) <= MOST_BESIDE
