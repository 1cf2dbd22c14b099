"""What each node computes, counted: multiply-adds, and the terms that time is predicted from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.tflite import constant, constant_chain
from zoo.xnnpack._graph import Node, NodeGraph, Window
from zoo.xnnpack._regions import Analysis

TERMS = (
    *("fully_connected", "convolution", "depthwise_3x3", "depthwise_5x5", "pointwise", "pointwise_reads"),
    *("sparse", "sparse_reads", "sparse_reads_aliased", "sparse_outputs", "sparse_unpruned", "sparse_blocks"),
    *("planar_convolution", "planar_depthwise_3x3", "planar_depthwise_5x5"),
)
"""What takes time. Multiply-adds: `fully_connected`, `convolution` (also transposed), `pointwise` in dense kernels;
`sparse`, `sparse_unpruned` and `sparse_blocks` in sparse ones. Values written: `depthwise`, `sparse_outputs`. Times
that a weight is read: `pointwise_reads` in dense kernels, `sparse_reads`, and those where channels alias. `planar`: in
NCHW."""

_TILE = 32
"""Positions that XNNPACK's sparse kernels hold at once: a weight is read once for each such tile."""
_DENSE_TILE = 4
"""Positions that XNNPACK's dense kernels hold at once in WebAssembly."""
_NINE_TENTHS = (9, 10)
_RANK = 4
_PICTURE_CHANNELS = 3
_ALIASING_POSITIONS = 1024
"""Where channels lie a multiple of 4 KiB apart, their values share the few places of the first-level cache."""


@dataclass(frozen=True)
class Work:
    """Multiply-adds of one inference: all of them, and those with weights that are not zero where it is a 1x1 one."""

    multiply_adds: int
    nonzero: int


@dataclass(frozen=True)
class SparseKernel:
    """How XNNPACK holds a 1x1 kernel for sparse inference: output channels taken at once (1, 2 or 4), and weights.

    `stored` of its `weights` are kept, zeros within blocks included; `rows` are its output channels.
    """

    block: int
    stored: int
    weights: int
    rows: int

    @property
    def unpruned(self) -> bool:
        """Whether it is held in blocks because it has few zeros at all."""
        return self.block > 1 and self.stored * _NINE_TENTHS[1] >= self.weights * _NINE_TENTHS[0]


def work(analysis: Analysis, node: Node) -> Work:
    """What the node computes."""
    every = _multiply_adds(analysis.graph, node)
    count = analysis.counts.get(node.index)
    if count is None or not count.weights:
        return Work(every, every)
    return Work(every, every // count.weights * (count.weights - count.zeros))


def node_terms(analysis: Analysis, node: Node, *, sparse: bool) -> Counter[str]:
    """What takes time in the node, where it runs sparse or not. Raises InputError where a kernel cannot be read."""
    if not sparse:
        return dense_terms(analysis.graph, node)
    return sparse_terms(analysis.graph, node, sparse_kernel(analysis.graph, node) if node.is_pointwise else None)


def dense_terms(graph: NodeGraph, node: Node) -> Counter[str]:
    """What takes time where the node works in NHWC, with dense kernels."""
    amounts: Counter[str] = Counter()
    outputs = _outputs(graph, node)
    if node.window is not None and node.kind == "depthwise":
        amounts[_depthwise_term(node.window)] += outputs
    elif node.is_pointwise:
        amounts["pointwise"] += _multiply_adds(graph, node)
        places = max(positions(graph, node), 1)
        amounts["pointwise_reads"] += _multiply_adds(graph, node) // places * -(-places // _DENSE_TILE)
    elif node.operator.name == "FULLY_CONNECTED":
        amounts["fully_connected"] += _multiply_adds(graph, node)
    else:
        amounts["convolution"] += _multiply_adds(graph, node)
    return amounts


def sparse_terms(graph: NodeGraph, node: Node, kernel: SparseKernel | None) -> Counter[str]:
    """What takes time where the node works in NCHW. `kernel`: of a 1x1 convolution, as `sparse_kernel` gives it."""
    amounts: Counter[str] = Counter()
    shape, outputs = graph.tensor(node.outputs[0]).shape if node.outputs else (), _outputs(graph, node)
    channels = shape[3] if len(shape) == _RANK else 1
    if node.window is not None and node.kind == "depthwise":
        amounts["planar_depthwise_5x5" if node.window.kernel == (5, 5) else "planar_depthwise_3x3"] += outputs
    elif node.is_pointwise and kernel is not None:
        places = outputs // max(channels, 1)
        amounts["sparse_outputs"] += outputs
        if kernel.block == 1:
            reads = kernel.stored * _tiles(places)
            amounts["sparse"] += kernel.stored * places
            amounts["sparse_reads"] += reads
            amounts["sparse_reads_aliased"] += 0 if places % _ALIASING_POSITIONS else reads
        else:
            amounts["sparse_unpruned" if kernel.unpruned else "sparse_blocks"] += kernel.stored * places
    elif node.kind == "conv" and node.window is not None and node.window.input_channels == _PICTURE_CHANNELS:
        amounts["planar_convolution"] += _multiply_adds(graph, node)
    else:
        return dense_terms(graph, node)
    return amounts


def sparse_kernel(graph: NodeGraph, node: Node) -> SparseKernel:
    """How XNNPACK holds the kernel of a 1x1 convolution.

    Mirrors `xnn_analyze_f32_spmm` and `create_convolution2d_nchw_spmm` (XNNPACK `src/operators/convolution-nchw.c`):
    blocks of 4 or 2 where at least 90% of the weights in blocks with any are not zero, so also for kernels with few
    zeros at all. ARM64 has vector code for such blocks; WebAssembly has scalar code only, slower than dense kernels
    (`src/configs/spmm-config.c`); x86 has no blocks. Raises InputError where the kernel cannot be read.
    """
    held = constant(graph.model, constant_chain(graph.model.main, node.inputs[1])[-1])
    rows = held.reshape(held.shape[0], prod(held.shape[1:])) != 0
    nonzero = int(np.count_nonzero(rows))
    part, whole = _NINE_TENTHS
    for block in (4, 2):
        in_blocks = rows[: len(rows) // block * block]
        inside, blocks = int(np.count_nonzero(in_blocks)), _blocks(in_blocks, block)
        if inside * whole >= blocks * block * part:
            return SparseKernel(block, blocks * block + nonzero - inside, rows.size, len(rows))
    return SparseKernel(1, nonzero, rows.size, len(rows))


def scattered_kernel(weights: int, outputs: int, share: float) -> SparseKernel:
    """How XNNPACK would hold a 1x1 kernel with that share of its weights zero, in no pattern.

    With hardly any zeros, nine tenths of the weights in blocks are not zero, and it is held in blocks of 4.
    """
    kept = weights - round(share * weights)
    part, whole = _NINE_TENTHS
    if kept * whole >= weights * part:
        return SparseKernel(4, weights, weights, outputs)
    return SparseKernel(1, kept, weights, outputs)


def _blocks(rows: npt.NDArray[Any], block: int) -> int:
    """How many groups of `block` rows have a weight that is not zero, over all columns."""
    return int(np.count_nonzero(rows.reshape(len(rows) // block, block, rows.shape[1]).any(axis=1)))


def _multiply_adds(graph: NodeGraph, node: Node) -> int:
    outputs = _outputs(graph, node)
    if node.window is not None:
        per_output = prod(node.window.kernel) * (1 if node.kind == "depthwise" else node.window.input_channels)
        return outputs * per_output
    shapes = [graph.tensor(value).shape for value in node.inputs]
    if node.operator.name == "FULLY_CONNECTED" and len(shapes) > 1 and len(shapes[1]) == 2:
        return outputs * shapes[1][1]
    if node.operator.name == "TRANSPOSE_CONV" and len(shapes) > 2 and len(shapes[1]) == 4:
        return prod(shapes[2]) * prod(shapes[1][:3])
    return 0


def _outputs(graph: NodeGraph, node: Node) -> int:
    return prod(max(size, 0) for size in graph.tensor(node.outputs[0]).shape) if node.outputs else 0


def _depthwise_term(window: Window) -> str:
    return "depthwise_3x3" if prod(window.kernel) <= 9 else "depthwise_5x5"


def positions(graph: NodeGraph, node: Node) -> int:
    """Height times width, and the batch, of what a 1x1 convolution makes."""
    shape = graph.tensor(node.outputs[0]).shape
    return _outputs(graph, node) // max(shape[-1], 1) if shape else 0


def _tiles(positions: int) -> int:
    """Whole tiles, then one of each power of two that is left over."""
    return positions // _TILE + (positions % _TILE).bit_count()
