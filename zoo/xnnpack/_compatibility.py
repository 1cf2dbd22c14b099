"""Which layouts a node can work in: the mirror of `xnn_check_nchw_compatibility` (XNNPACK `src/subgraph.c`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto

from zoo.records import Remedy
from zoo.xnnpack import _rules as rules
from zoo.xnnpack._delegate import stored_alike
from zoo.xnnpack._graph import Node, NodeGraph, Window
from zoo.xnnpack._rules import Rule

_REAL = ("float32", "float16")
_RANK, _COLOURS = 4, 3
_DEPTHWISE_PADDING = {(3, 3): 1, (5, 5): 2}
_DEPTHWISE_REMEDIES = {(3, 3): (rules.PAD_SYMMETRIC,), (5, 5): (rules.PAD_SYMMETRIC_INEXACT,)}
_OPERATOR_REMEDIES = {"PRELU": (rules.PRELU,), "MAX_POOL_2D": (rules.MAX_POOL, rules.MAX_POOL_INEXACT)}
_OF_MODERATE_VALUES = (rules.PRELU, rules.MAX_POOL)
"""Remedies that compare values by subtraction."""


class Layout(Flag):
    """Roles in a sparse region: inside it, its start (NHWC to NCHW), its end (NCHW to NHWC)."""

    NONE = 0
    INSIDE = auto()
    START = auto()
    END = auto()


@dataclass(frozen=True)
class Finding:
    """A node's possible roles, and the rule it breaks where it has none.

    `detail` says what was found there, `remedies` which rewrites fit there; None: all of the rule's.
    """

    layout: Layout
    rule: Rule | None = None
    detail: str = ""
    remedies: tuple[Remedy, ...] | None = None


def check(graph: NodeGraph, node: Node) -> Finding:
    """The roles that the node can take."""
    if node.alone is not None:
        rule = rules.OPERATOR_KNOWN if stored_alike(graph.model, node.operator) else rules.STORED_ALIKE
        return Finding(Layout.NONE, rule, node.alone, _operator_remedies(graph, node))
    if node.kind == "other":
        detail = "XNNPACK has no NCHW form of it"
        return Finding(Layout.NONE, rules.OPERATOR_KNOWN, detail, _operator_remedies(graph, node))
    if not all(graph.tensor(value).dtype in _REAL for value in (*node.inputs, *node.outputs)):
        return Finding(Layout.NONE, rules.FLOAT_VALUES, "it works on values that are not floating point")
    if node.kind == "conv" and node.window is not None:
        return _convolution(node.window, graph.tensor(node.inputs[0]).shape)
    if node.kind == "depthwise" and node.window is not None:
        return _depthwise(node.window, graph.tensor(node.inputs[0]).shape)
    if node.kind == "depth_to_space":
        return Finding(Layout.END)
    if node.kind == "mean":
        return _four_dimensions(graph, node, Layout.INSIDE | Layout.END)
    if node.kind == "unary":
        return _four_dimensions(graph, node, Layout.INSIDE)
    if node.kind == "resize":
        return _resize(graph, node)
    if node.kind == "add_or_mul":
        return _elementwise(graph, node)
    return _pad(graph, node)


def _operator_remedies(graph: NodeGraph, node: Node) -> tuple[Remedy, ...]:
    remedies = _OPERATOR_REMEDIES.get(node.operator.name, ())
    if remedies and node.inputs and node.operator.inputs[0] in graph.huge:
        return tuple(remedy for remedy in remedies if remedy not in _OF_MODERATE_VALUES)
    return remedies


def _convolution(window: Window, shape: Sequence[int]) -> Finding:
    if window.groups != 1:
        return Finding(Layout.NONE, rules.CONV_GROUPS, f"{window.groups} groups")
    if window.dilation != (1, 1):
        return Finding(Layout.NONE, rules.DILATION, f"dilation {_size(window.dilation)}")
    if window.kernel == (1, 1):
        if window.strides != (1, 1):
            return Finding(Layout.NONE, rules.POINTWISE_STRIDE, f"stride {_size(window.strides)} on a 1x1 kernel")
        if window.padding != (0, 0, 0, 0):
            return Finding(Layout.NONE, rules.POINTWISE_PADDING, f"{_padding(window)} on a 1x1 kernel")
        return Finding(Layout.INSIDE)
    if window.kernel != (3, 3):
        on_picture = window.input_channels == _COLOURS and window.strides == (2, 2)
        detail = f"kernel {_size(window.kernel)}"
        return Finding(Layout.NONE, rules.CONV_KERNEL, detail, (rules.FIRST_BLOCKS,) if on_picture else ())
    if window.strides != (2, 2):
        return Finding(Layout.NONE, rules.STEM_STRIDE, f"3x3 kernel with stride {_size(window.strides)}")
    if window.input_channels != _COLOURS:
        return Finding(Layout.NONE, rules.STEM_CHANNELS, f"3x3 kernel on {window.input_channels} channels")
    if window.padding != (1, 1, 1, 1):
        return _unequal(window, shape, rules.STEM_PADDING, (rules.FIRST_BLOCKS, rules.PAD_SYMMETRIC_INEXACT))
    return Finding(Layout.START)


def _depthwise(window: Window, shape: Sequence[int]) -> Finding:
    if window.dilation != (1, 1):
        return Finding(Layout.NONE, rules.DILATION, f"dilation {_size(window.dilation)}")
    if window.same:
        return _unequal(window, shape, rules.DEPTHWISE_SAME, _DEPTHWISE_REMEDIES.get(window.kernel, ()))
    if window.multiplier != 1:
        return Finding(Layout.NONE, rules.DEPTHWISE_MULTIPLIER, f"depth multiplier {window.multiplier}")
    if window.strides not in ((1, 1), (2, 2)):
        return Finding(Layout.NONE, rules.DEPTHWISE_STRIDE, f"stride {_size(window.strides)}")
    pad = _DEPTHWISE_PADDING.get(window.kernel)
    if pad is None:
        return Finding(Layout.NONE, rules.DEPTHWISE_KERNEL, f"kernel {_size(window.kernel)}")
    if window.padding != (pad, pad, pad, pad):
        return _unequal(window, shape, rules.DEPTHWISE_PADDING, _DEPTHWISE_REMEDIES.get(window.kernel, ()))
    return Finding(Layout.INSIDE)


def _unequal(window: Window, shape: Sequence[int], rule: Rule, remedies: tuple[Remedy, ...]) -> Finding:
    """Padding that is not the same number on all sides. `remedies` mend it at stride 2 where no PAD can."""
    height, width = ((0, 0), (0, 0)) if len(shape) != _RANK else _padded(window, shape)
    equal = height[0] == height[1] and width[0] == width[1]
    if len(shape) != _RANK:
        detail = f"{_size(window.kernel)} kernel, stride {_size(window.strides)}, on values of unknown size"
    else:
        detail = (
            f"{_size(window.kernel)}, stride {_size(window.strides)}, uses {'SAME' if window.same else 'explicit'} "
            f"padding on {shape[1]}x{shape[2]}: pads {_sides(height, width)}"
        )
    if equal:
        return Finding(Layout.NONE, rule, detail, (rules.PAD_EXPLICIT,) if window.same else ())
    if len(shape) == _RANK and not window.same and _as_good_as_equal(window, shape, (height, width)):
        return Finding(Layout.NONE, rule, detail, (rules.PAD_EXPLICIT,))
    if not remedies or window.strides != (2, 2):
        return Finding(Layout.NONE, rule, detail, ())
    best_first = sorted((*remedies, rules.HALF_TURN), key=lambda one: not one.exact)
    return Finding(Layout.NONE, rule, detail, tuple(best_first))


def _padded(window: Window, shape: Sequence[int]) -> list[tuple[int, int]]:
    """Zeros before and behind the rows, then the columns, as TensorFlow's SAME or the explicit PAD has them."""
    if not window.same:
        top, right, bottom, left = window.padding
        return [(top, bottom), (left, right)]
    sides = []
    for size, taps, stride, dilation in zip(shape[1:3], window.kernel, window.strides, window.dilation, strict=True):
        missing = max((-(-size // stride) - 1) * stride + (taps - 1) * dilation + 1 - size, 0)
        sides.append((missing // 2, missing - missing // 2))
    return sides


def _as_good_as_equal(window: Window, shape: Sequence[int], padded: Sequence[tuple[int, int]]) -> bool:
    """Whether as many zeros behind as before give the same outputs: fewer than a stride make no further one."""
    steps = zip(shape[1:3], padded, window.kernel, window.strides, window.dilation, strict=True)
    unread = [
        (before - after + (size + before + after - (taps - 1) * dilation - 1) % stride, stride)
        for size, (before, after), taps, stride, dilation in steps
    ]
    return all(0 <= more < stride for more, stride in unread)


def _sides(height: tuple[int, int], width: tuple[int, int]) -> str:
    if height == width:
        return f"{height[0]} before, {height[1]} after"
    return f"{height[0]} above, {height[1]} below, {width[0]} left, {width[1]} right"


def _pad(graph: NodeGraph, node: Node) -> Finding:
    """A PAD that no convolution took in."""
    shapes = [graph.tensor(value).shape for value in (node.operator.inputs[0], node.outputs[0])]
    of_channels = all(len(shape) == _RANK for shape in shapes) and shapes[0][3] != shapes[1][3]
    detail = "no single VALID convolution after it takes this PAD in"
    remedy = rules.CHANNEL_PAD if of_channels else rules.PAD_EXPLICIT
    return Finding(Layout.NONE, rules.OPERATOR_KNOWN, detail, (remedy,))


def _four_dimensions(graph: NodeGraph, node: Node, layout: Layout) -> Finding:
    rank = len(graph.tensor(node.inputs[0]).shape)
    return Finding(layout) if rank == 4 else Finding(Layout.NONE, rules.ELEMENTWISE_RANK, f"{rank} dimensions")


def _resize(graph: NodeGraph, node: Node) -> Finding:
    shape = graph.tensor(node.inputs[0]).shape
    if len(shape) == 4 and shape[1] > 1 and shape[2] > 1:
        return Finding(Layout.INSIDE)
    return Finding(Layout.NONE, rules.RESIZE_SIZE, f"it resizes from {list(shape)}")


def _elementwise(graph: NodeGraph, node: Node) -> Finding:
    shapes = [graph.tensor(value).shape for value in node.inputs]
    if len(shapes) != 2 or any(len(shape) != 4 for shape in shapes):
        return Finding(Layout.NONE, rules.ELEMENTWISE_RANK, f"shapes {' and '.join(str(list(s)) for s in shapes)}")
    # Upstream looks at the first operand's shape for either constant, so a constant second operand is refused nearly
    # always; the runtimes do the same.
    if any(value in graph.static for value in node.inputs) and sum(size != 1 for size in shapes[0]) > 1:
        return Finding(Layout.NONE, rules.STATIC_OPERAND, f"a constant operand next to {list(shapes[0])}")
    return Finding(Layout.INSIDE)


def _size(pair: tuple[int, int]) -> str:
    return f"{pair[0]}x{pair[1]}"


def _padding(window: Window) -> str:
    if window.same:
        return "padding SAME"
    top, right, bottom, left = window.padding
    return f"padding {top} above, {right} right, {bottom} below, {left} left"
