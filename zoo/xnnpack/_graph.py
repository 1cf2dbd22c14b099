"""The graph as XNNPACK sees it: the delegate's lowering of TFLite operators, then XNNPACK's own fusions.

Mirrors `xnnpack_delegate.cc` (`Subgraph::VisitNode`) and `src/subgraph.c` (`xnn_subgraph_fusion`), as far as sparse
inference asks for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from zoo.tflite import Model, Operator, Tensor, constant_value, is_constant
from zoo.xnnpack._delegate import UNARY, left_alone, parts
from zoo.xnnpack._magnitudes import huge_values

Kind = Literal["conv", "depthwise", "add_or_mul", "unary", "resize", "mean", "depth_to_space", "pad", "other"]
Padding = tuple[int, int, int, int]
"""Top, right, bottom, left."""

_CLAMPS = ("RELU", "RELU6", "RELU_N1_TO_1")
_KINDS: dict[str, Kind] = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise",
    "ADD": "add_or_mul",
    "MUL": "add_or_mul",
    "RESIZE_BILINEAR": "resize",
    "MEAN": "mean",
    "SUM": "mean",
    "DEPTH_TO_SPACE": "depth_to_space",
    "PAD": "pad",
    **dict.fromkeys(UNARY, "unary"),
}
_ONE_INPUT = ("unary", "resize", "mean", "depth_to_space", "pad")
_TAKES_CLAMP = ("conv", "depthwise", "add_or_mul")


@dataclass(frozen=True)
class Window:
    """A convolution's geometry. `same`: padding was left to TensorFlow's SAME, which XNNPACK keeps as a flag."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    padding: Padding
    same: bool
    input_channels: int
    groups: int
    multiplier: int


@dataclass(frozen=True)
class Node:
    """One XNNPACK node. `inputs` are the tensors that it reads, constants included; `operator` names it.

    `alone`: why the delegate leaves it to another kernel, so that it is no node at all; None where it is one. `part`:
    the part of the graph that it is in; XNNPACK sees one at a time.
    """

    index: int
    kind: Kind
    operator: Operator
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    window: Window | None = None
    alone: str | None = None
    part: int = 0

    @property
    def is_pointwise(self) -> bool:
        """Whether it is a convolution whose weights count as 1x1."""
        return self.kind == "conv" and self.window is not None and self.window.kernel == (1, 1)


@dataclass(frozen=True)
class NodeGraph:
    """The nodes in order, the values that do not depend on the model's input, and those that XNNPACK has to hand over.

    `external`: inputs and outputs of the model, and of the parts into which operators that are left alone cut it.
    """

    model: Model
    nodes: tuple[Node, ...]
    static: frozenset[int]
    external: frozenset[int]

    def tensor(self, index: int) -> Tensor:
        return self.model.tensors[index]

    @cached_property
    def producers(self) -> dict[int, Node]:
        """The node that writes each value."""
        return {output: node for node in self.nodes for output in node.outputs}

    @cached_property
    def huge(self) -> frozenset[int]:
        """`huge_values` of the model."""
        return huge_values(self.model)

    @cached_property
    def consumers(self) -> dict[int, list[Node]]:
        """The nodes that read each value, once for each time they read it."""
        readers: dict[int, list[Node]] = {}
        for node in self.nodes:
            for value in node.inputs:
                readers.setdefault(value, []).append(node)
        return readers

    def dynamic_inputs(self, node: Node) -> list[int]:
        """The values that it reads and that depend on the model's input."""
        return [value for value in node.inputs if value not in self.static]


def lower(model: Model) -> NodeGraph:
    """The main subgraph as XNNPACK nodes, fused. Raises InputError where a padding constant cannot be read."""
    static = _static_tensors(model)
    nodes = [
        _node(model, operator)
        for operator in model.operators
        if not (operator.name in ("DENSIFY", "DEQUANTIZE") and operator.outputs and operator.outputs[0] in static)
    ]
    alone = {node.operator.index for node in nodes if node.alone is not None}
    cut = parts(model, static, alone)
    external = cut.crossing | {*model.inputs, *model.outputs}
    fused = _fuse(NodeGraph(model, tuple(_needed(nodes, external)), static, external))
    numbered = tuple(
        replace(node, index=index, part=cut.numbers.get(node.operator.index, 0)) for index, node in enumerate(fused)
    )
    return NodeGraph(model, numbered, static, external)


def _needed(nodes: list[Node], external: Collection[int]) -> list[Node]:
    """Without the nodes that nothing reads, which XNNPACK drops (`xnn_subgraph_optimize`)."""
    wanted, kept = set(external), list[Node]()
    for node in reversed(nodes):
        if node.alone is not None or not wanted.isdisjoint(node.outputs):
            wanted.update(node.inputs)
            kept.append(node)
    return kept[::-1]


def _static_tensors(model: Model) -> frozenset[int]:
    """Constants, and what DENSIFY and DEQUANTIZE make of them, which the delegate unpacks beforehand."""
    static = {tensor.index for tensor in model.tensors if is_constant(model, tensor.index)}
    for operator in model.operators:
        if operator.name in ("DENSIFY", "DEQUANTIZE") and all(value in static for value in operator.inputs):
            static.update(operator.outputs)
    return frozenset(static)


def _node(model: Model, operator: Operator) -> Node:
    kind, alone = _KINDS.get(operator.name, "other"), left_alone(model, operator)
    inputs = tuple(value for value in operator.inputs if value >= 0)
    window = None
    if kind in ("conv", "depthwise"):
        window = _window(model, operator, kind)
    elif operator.name == "FULLY_CONNECTED" and (window := _over_channels(model, operator)) is not None:
        kind = "conv"
    missing = not inputs or (kind in ("conv", "depthwise") and window is None)
    if missing or alone is not None:
        kind = "other"
    if kind in _ONE_INPUT:
        inputs = inputs[:1]
    elif kind == "add_or_mul" and operator.name == "MUL" and len(set(inputs)) == 1:
        # The delegate makes x * x a SQUARE.
        kind, inputs = "unary", inputs[:1]
    return Node(operator.index, kind, operator, inputs, operator.outputs, window, alone)


def _over_channels(model: Model, operator: Operator) -> Window | None:
    """FULLY_CONNECTED that keeps four dimensions is a 1x1 convolution to XNNPACK; any other one is not."""
    shapes = [model.tensors[index].shape if index >= 0 else () for index in (*operator.inputs[:2], *operator.outputs)]
    if not operator.options.keep_dims or [len(shape) for shape in shapes] != [4, 2, 4]:
        return None
    return Window((1, 1), (1, 1), (1, 1), (0, 0, 0, 0), same=False, input_channels=shapes[1][1], groups=1, multiplier=1)


def _window(model: Model, operator: Operator, kind: Kind) -> Window | None:
    options, shapes = operator.options, [model.tensors[i].shape if i >= 0 else () for i in operator.inputs[:2]]
    if options.strides is None or options.padding is None or [len(shape) for shape in shapes] != [4, 4]:
        return None
    channels, filters = shapes[0][3], shapes[1]
    strides, dilation, kernel = options.strides, options.dilation or (1, 1), (filters[1], filters[2])
    if min(*strides, *dilation, *kernel) < 1:
        return None
    if kernel == (1, 1):
        # Between the rows of a kernel of one row there is nothing to leave out.
        dilation = (1, 1)
    same, padding = options.padding == "SAME", (0, 0, 0, 0)
    if same and strides == (1, 1):
        # xnn_define_convolution_2d and its depthwise sister turn SAME into numbers at stride 1 only.
        same, padding = False, _same_padding(kernel, dilation)
    per_group = channels if kind == "depthwise" else filters[3]
    groups = channels // per_group if per_group > 0 and kind == "conv" else 1
    multiplier = filters[3] // channels if kind == "depthwise" and channels > 0 else 1
    return Window(kernel, strides, dilation, padding, same, per_group, groups, multiplier)


def _same_padding(kernel: tuple[int, int], dilation: tuple[int, int]) -> Padding:
    height, width = ((size - 1) * step for size, step in zip(kernel, dilation, strict=True))
    return height // 2, width - width // 2, height - height // 2, width // 2


def _fuse(graph: NodeGraph) -> list[Node]:
    """Take clamps into the node before them and PAD into the convolution after it, where nobody else reads between."""
    nodes = {node.index: node for node in graph.nodes}
    consumers = graph.consumers
    for index in sorted(nodes):
        node = nodes.get(index)
        if node is None or len(node.outputs) != 1 or node.outputs[0] in graph.external:
            continue
        readers = consumers.get(node.outputs[0], [])
        if len(readers) != 1 or readers[0].index not in nodes:
            continue
        reader = nodes[readers[0].index]
        if reader.operator.name in _CLAMPS and node.kind in _TAKES_CLAMP:
            nodes[index] = replace(node, outputs=reader.outputs)
            del nodes[reader.index]
        elif node.kind == "pad" and (padding := _spatial_padding(graph.model, node.operator)) is not None:
            fused = _padded(reader, node, padding)
            if fused is not None:
                nodes[reader.index] = fused
                del nodes[index]
    return [nodes[index] for index in sorted(nodes)]


def _padded(reader: Node, pad: Node, padding: Padding) -> Node | None:
    window = reader.window
    if window is None or window.same or reader.kind == "other" or reader.inputs[0] != pad.outputs[0]:
        return None
    top, right, bottom, left = (own + added for own, added in zip(window.padding, padding, strict=True))
    inputs = (pad.inputs[0], *reader.inputs[1:])
    return replace(reader, inputs=inputs, window=replace(window, padding=(top, right, bottom, left)))


def _spatial_padding(model: Model, operator: Operator) -> Padding | None:
    """What PAD adds to height and width; None where it is not known or where it pads batch or channels."""
    if len(operator.inputs) < 2 or operator.inputs[1] < 0 or model.tensors[operator.inputs[1]].shape != (4, 2):
        return None
    amounts = constant_value(model, operator.inputs[1])
    # The delegate leaves a PAD alone whose amounts are no integers or negative.
    if amounts is None or amounts.dtype.kind not in "iu" or np.any(amounts < 0) or np.any(amounts[[0, 3]]):
        return None
    (top, bottom), (left, right) = amounts[1].tolist(), amounts[2].tolist()
    return int(top), int(right), int(bottom), int(left)
