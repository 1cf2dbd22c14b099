"""Which operators the TFLite delegate hands to XNNPACK, and how those that it leaves alone cut the graph into parts.

Mirrors `xnnpack_delegate.cc` (`Delegate::PrepareOpsToDelegate`, `Subgraph::VisitNode`) as far as float models meet it,
and TensorFlow Lite's `graph_info.cc` (`PartitionGraphIntoIndependentNodeSubsets`). What is taken was read off LiteRT's
web runtime operator by operator: each reads a value of a sparse region beside its end, and outputs are wrong where the
operator is left alone (`tests/xnnpack/corpus/delegation.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from zoo.tflite import Model, Operator, constant_chain, is_constant

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
UNARY = (
    *("RELU", "RELU6", "RELU_N1_TO_1", "ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU"),
    *("LOG", "LOGISTIC", "NEG", "ROUND", "RSQRT", "SIN", "SQRT", "SQUARE", "TANH"),
)
_TAKEN = frozenset(
    (
        *(*CONVOLUTIONS, *UNARY, "ADD", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CONCATENATION", "DEPTH_TO_SPACE", "DIV"),
        *("DEQUANTIZE", "MAXIMUM", "MAX_POOL_2D", "MEAN", "MINIMUM", "MUL", "PAD", "PRELU", "QUANTIZE", "REDUCE_MAX"),
        *("REDUCE_MIN", "RESHAPE"),
        *("RESIZE_BILINEAR", "SLICE", "SOFTMAX", "SPACE_TO_DEPTH", "SQUARED_DIFFERENCE", "STRIDED_SLICE", "SUB", "SUM"),
        *("TRANSPOSE", "TRANSPOSE_CONV"),
    )
)
_ACTIVATIONS = (None, "NONE", "RELU", "RELU6", "RELU_N1_TO_1")
_REAL = ("float32", "float16")
_BIAS = 2


def left_alone(model: Model, operator: Operator) -> str | None:
    """Why the delegate leaves the operator to TensorFlow Lite's own kernels, as a clause; None where it takes it."""
    options = operator.options
    if operator.name not in _TAKEN:
        return "XNNPACK's delegate does not take it"
    if options.activation not in _ACTIVATIONS:
        return f"XNNPACK's delegate does not take a fused {options.activation}"
    if operator.name in UNARY and any(
        model.tensors[value].dtype not in _REAL for value in operator.inputs if value >= 0
    ):
        return "XNNPACK's delegate takes it on floating point alone"
    if operator.name == "SOFTMAX" and options.beta != 1:
        return "XNNPACK's delegate takes beta 1 alone"
    if operator.name == "LEAKY_RELU" and not options.alpha:
        return "XNNPACK's delegate does not take alpha 0"
    return None if stored_alike(model, operator) else "its kernel and bias are not stored alike"


def stored_alike(model: Model, operator: Operator) -> bool:
    """Whether kernel and bias are both stored as float16, or neither: the delegate unpacks both or none."""
    if operator.name not in CONVOLUTIONS or len(operator.inputs) <= _BIAS or -1 in operator.inputs[1:]:
        return True
    origins = [constant_chain(model.main, tensor)[-1] for tensor in operator.inputs[1 : _BIAS + 1]]
    if not all(is_constant(model, origin) for origin in origins):
        return True
    halves = [model.tensors[origin].dtype == "float16" for origin in origins]
    return halves[0] == halves[1]


@dataclass(frozen=True)
class Parts:
    """The parts into which operators that are left alone cut the graph. `numbers`: the part of each operator.

    `crossing`: the values that go from one part to another, which are external to XNNPACK on both sides.
    """

    numbers: Mapping[int, int]
    crossing: frozenset[int]


def parts(model: Model, static: frozenset[int], alone: Collection[int]) -> Parts:
    """Cut the graph. `static`: constants and what is unpacked from them; `alone`: operators that are left alone.

    TensorFlow Lite runs all that is ready and taken, then all that is ready and left alone, and so on, starting with
    the kind of the first operator: so parts alternate, and each operator is in the first one of its kind that does not
    come before what it reads.
    """
    moving = [operator for operator in model.operators if not static.issuperset(operator.outputs)]
    first_alone = bool(moving) and moving[0].index in alone
    made: dict[int, int] = {}
    numbers: dict[int, int] = {}
    crossed: set[int] = set()
    for operator in moving:
        number = max((made.get(value, 0) for value in operator.inputs), default=0)
        number += (number % 2 == 1) != ((operator.index in alone) != first_alone)
        numbers[operator.index] = number
        made.update(dict.fromkeys(operator.outputs, number))
        crossed.update(value for value in operator.inputs if made.get(value, number) != number)
    return Parts(numbers, frozenset(crossed))
