"""Operators that do the same to a turned map, turned: half a turn may pass through them.

A map is a float32 value of 4 dimensions with a height or width above 1; turned, its entry (i, j) is where
(height - 1 - i, width - 1 - j) was. Every operator that is not known here ends the turned part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zoo.adapt._windows import pad_amounts, window_of
from zoo.tflite import GraphEditor, Operator

_RANK = 4
_HEIGHT, _WIDTH, _CHANNEL = 1, 2, 3
_BY_POSITION = (
    *("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC", "NEG"),
    *("RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN", "SQRT", "SQUARE", "TANH"),
    *("L2_NORMALIZATION", "LOG_SOFTMAX", "SOFTMAX"),
)
"""One input; each position by itself, the last three over its channels."""
TOGETHER = ("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "POW", "PRELU", "SQUARED_DIFFERENCE", "SUB")
"""Two inputs, each position by itself; the smaller one is spread over the larger."""
_REDUCING = ("MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "SUM")


def is_map(graph: GraphEditor, tensor: int) -> bool:
    """Whether the value has positions that half a turn would move."""
    entry = graph.graph.tensors[tensor]
    fixed = len(entry.shape) == _RANK and -1 not in entry.signature[_HEIGHT:_CHANNEL] and min(entry.shape) > 0
    return fixed and entry.dtype == "float32" and has_positions(entry.shape)


def has_positions(shape: Sequence[int]) -> bool:
    """Whether a value of this shape, spread over maps from the last dimension on, differs from position to position."""
    return any(size != 1 for size in shape[-_CHANNEL:-1])


def is_constant(graph: GraphEditor, tensor: int) -> bool:
    """Whether the file stores the value."""
    return graph.stored_dtype(tensor) is not None


def commutes(graph: GraphEditor, operator: Operator) -> bool:
    """Whether the operator, its constants turned, makes turned maps of turned maps, or the same of them if no maps."""
    rule = _RULES.get(operator.name)
    whole = operator.inputs[:2] if rule is _convolution else operator.inputs
    return rule is not None and len(operator.outputs) == 1 and -1 not in whole and rule(graph, operator)


def _by_position(graph: GraphEditor, operator: Operator) -> bool:
    return len(operator.inputs) == 1 and graph.shape(operator.inputs[0]) == graph.shape(operator.outputs[0])


def _together(graph: GraphEditor, operator: Operator) -> bool:
    """Whatever differs between positions must be a map that is turned or a constant that can be."""
    if len(operator.inputs) != 2 or not is_map(graph, operator.outputs[0]):
        return False
    return all(
        is_map(graph, value) or is_constant(graph, value) or not has_positions(graph.shape(value))
        for value in operator.inputs
    )


def _concatenation(graph: GraphEditor, operator: Operator) -> bool:
    over_channels = operator.options.axis in (_CHANNEL, -1)
    return over_channels and all(is_map(graph, value) or is_constant(graph, value) for value in operator.inputs)


def _convolution(graph: GraphEditor, operator: Operator) -> bool:
    """Rows that nothing reads behind the last one would be rows to skip before the first: no padding does that."""
    window = window_of(graph, operator)
    readable = window is not None and is_constant(graph, operator.inputs[1])
    return readable and window is not None and window.rows.after >= 0 and window.columns.after >= 0


def _pool(graph: GraphEditor, operator: Operator) -> bool:
    """Padding of a pool is not zeros, so that it has to be the same on both sides."""
    options, shape, made = operator.options, graph.shape(operator.inputs[0]), graph.shape(operator.outputs[0])
    if options.window is None or options.strides is None or len(shape) != _RANK or len(made) != _RANK:
        return False
    for size, outputs, window, stride in zip(shape[1:3], made[1:3], options.window, options.strides, strict=True):
        excess = (outputs - 1) * stride + window - size
        if excess % 2 or excess < 0 or (excess and options.padding != "SAME"):
            return False
    return True


def _pad(graph: GraphEditor, operator: Operator) -> bool:
    return pad_amounts(graph, operator) is not None


def _resize_bilinear(graph: GraphEditor, operator: Operator) -> bool:
    """Centres or corners of the outer pixels lie over one another; otherwise, and for a single one, the first do."""
    single = any(
        made == 1 != size
        for size, made in zip(graph.shape(operator.inputs[0])[1:3], graph.shape(operator.outputs[0])[1:3], strict=True)
    )
    return bool(operator.options.half_pixel_centers) or (bool(operator.options.align_corners) and not single)


def _resize_nearest(graph: GraphEditor, operator: Operator) -> bool:
    """Every pixel becomes a block; other sizes and corners break ties towards one side."""
    sizes = zip(graph.shape(operator.inputs[0])[1:3], graph.shape(operator.outputs[0])[1:3], strict=True)
    return not operator.options.align_corners and all(made % size == 0 for size, made in sizes)


def _blocks(graph: GraphEditor, operator: Operator) -> bool:
    """The order of the blocks' channels has to be turned too, also where one position is left, which is no map."""
    block, values = operator.options.block_size or 0, (operator.inputs[0], operator.outputs[0])
    deep = graph.shape(values[operator.name == "SPACE_TO_DEPTH"])
    return all(is_map(graph, value) for value in values) and block > 1 and deep[_CHANNEL] % block**2 == 0


def _reduce(graph: GraphEditor, operator: Operator) -> bool:
    axes = graph.value(operator.inputs[1]) if len(operator.inputs) == 2 else None
    if axes is None or len(graph.shape(operator.inputs[0])) != _RANK:
        return False
    gone = {int(axis) % _RANK for axis in np.ravel(axes)}
    return {_HEIGHT, _WIDTH} <= gone or bool(operator.options.keep_dims)


def _slice(graph: GraphEditor, operator: Operator) -> bool:
    """Of channels alone."""
    begin = graph.value(operator.inputs[1]) if len(operator.inputs) == 3 else None
    whole = graph.shape(operator.inputs[0])[1:3] == graph.shape(operator.outputs[0])[1:3]
    return begin is not None and begin.shape == (_RANK,) and not begin[1:3].any() and whole


_RULES: dict[str, Callable[[GraphEditor, Operator], bool]] = {
    **dict.fromkeys(_BY_POSITION, _by_position),
    **dict.fromkeys(TOGETHER, _together),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _convolution),
    **dict.fromkeys(("AVERAGE_POOL_2D", "L2_POOL_2D", "MAX_POOL_2D"), _pool),
    **dict.fromkeys(("MIRROR_PAD", "PAD", "PADV2"), _pad),
    **dict.fromkeys(("DEPTH_TO_SPACE", "SPACE_TO_DEPTH"), _blocks),
    **dict.fromkeys(_REDUCING, _reduce),
    "CONCATENATION": _concatenation,
    "RESIZE_BILINEAR": _resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": _resize_nearest,
    "SLICE": _slice,
}
