"""Where XNNPACK gets a MEAN or SUM in NCHW wrong: no check keeps it out of a region, and nothing is reported.

Mirrors `src/subgraph/static-reduce.c` (`reshape_reduce_operator`, `rewrite_reduction_axes_for_nchw`), which takes the
dimensions of NCHW values for (batch, channel, width, height). Which axes come out right, at a region's end and inside,
was read off LiteRT's web runtime (`tests/xnnpack/corpus/heads.py`).
"""

from __future__ import annotations

import numpy as np

from zoo.tflite import Operator, constant_value
from zoo.xnnpack._graph import Node, NodeGraph

_BATCH, _HEIGHT, _WIDTH, _CHANNEL = range(4)
_SPACE = frozenset((_HEIGHT, _WIDTH))
_ALL = frozenset((_HEIGHT, _WIDTH, _CHANNEL))
_RANK = 4


def misreduced(graph: NodeGraph, node: Node, *, at_end: bool) -> str | None:
    """What is wrong about the axes of a MEAN or SUM in a region, as a clause; None where its numbers are right."""
    axes = _axes(graph, node)
    if axes is None:
        return "its axes are not known beforehand"
    named = f"it reduces axes {', '.join(str(axis) for axis in sorted(axes))}"
    if axes - {_BATCH} == _SPACE or axes == _ALL or (not at_end and axes in ({_WIDTH}, {_WIDTH, _CHANNEL})):
        return None
    if not at_end:
        return named
    height, width = graph.tensor(node.inputs[0]).shape[1:3]
    square_alone = axes in ({_HEIGHT, _CHANNEL}, {_WIDTH, _CHANNEL})
    if axes == {_CHANNEL} or (square_alone and height == width):
        return None
    return f"{named} of a {height}x{width} map" if square_alone else named


def reads_inside(graph: NodeGraph, node: Node, reader: Node) -> bool:
    """Whether a node of the region reads a mean in it right: a 1x1 convolution looks at no shape, others do."""
    return reader.is_pointwise or _axes(graph, node) == _ALL


def flattens(operator: Operator) -> bool:
    """Whether it reads numbers in their order alone, so that a mean's channels may be in any dimension."""
    if operator.name == "SQUEEZE":
        return not operator.options.squeeze_dims
    return operator.name == "RESHAPE" or (operator.name == "FULLY_CONNECTED" and not operator.options.keep_dims)


def _axes(graph: NodeGraph, node: Node) -> frozenset[int] | None:
    inputs = node.operator.inputs
    axes = constant_value(graph.model, inputs[1]) if len(inputs) > 1 and inputs[1] >= 0 else None
    if axes is None or axes.dtype.kind not in "iu":
        return None
    return frozenset(int(axis) % _RANK for axis in np.ravel(axes))
