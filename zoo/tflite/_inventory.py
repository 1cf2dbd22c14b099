"""What is in a file: operators, weights by type, bytes by kind and layer, zeros, how sparse tensors are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.records import LayoutLevel, SparseLayout
from zoo.tflite._constants import constant_chain, is_constant, stored_values
from zoo.tflite._model import Model, Operator, Sparsity, Subgraph, Tensor
from zoo.tflite._parts import StoredPart, stored_parts

_SHORT_NAME_PARTS = 2
_SHORT_NAME_SIGNS = 60
_REAL_DTYPES = ("float16", "float32", "float64", "bfloat16")
_QUANTIZED_DTYPES = ("int4", "int8", "uint8", "int16", "int32")
_UNPACKING = ("DENSIFY", "DEQUANTIZE")


@dataclass(frozen=True)
class ZeroCount:
    """Zeros among a constant's elements, wherever it is stored."""

    weights: int
    zeros: int
    stored_sparse: bool

    @property
    def share(self) -> float:
        return self.zeros / self.weights if self.weights else 0.0


@dataclass(frozen=True)
class WeightedLayer:
    """An operator that reads weights. `shape` and `count` are those of the largest constant that it reads, its kernel.

    A convolution's kernel is (outputs, height, width, inputs), that of a depthwise one (1, height, width, outputs).
    """

    subgraph: int
    operator: Operator
    label: str
    shape: tuple[int, ...]
    count: ZeroCount

    @property
    def pointwise(self) -> bool:
        """Whether it is a 1x1 convolution."""
        return self.operator.name == "CONV_2D" and len(self.shape) == 4 and self.shape[1:3] == (1, 1)


@dataclass(frozen=True)
class Inventory:
    """What a file holds.

    `weights` are elements by stored type, of the constants that training sets. `parts` cover every byte of the file
    once, by kind: `sparse_values` and `sparse_indices` of sparse tensors, `dense_DTYPE` of other constants, `metadata`,
    and `structure`: the graph itself, names and padding; `StoredPart.layer` is an index of `layers`.
    """

    operators: dict[str, int]
    tensors: int
    sparse_tensors: int
    weights: dict[str, int]
    layers: tuple[WeightedLayer, ...]
    layouts: tuple[SparseLayout, ...]
    parts: tuple[StoredPart, ...]

    @property
    def parameters(self) -> int:
        return sum(self.weights.values())

    @cached_property
    def weight_bytes(self) -> dict[str, int]:
        """Bytes by kind; they add up to the file."""
        return self.sizes_by_kind([part.size for part in self.parts])

    def sizes_by_kind(self, sizes: Sequence[int]) -> dict[str, int]:
        """Sizes of the parts, such as those after compression, added up by kind."""
        totals: Counter[str] = Counter()
        for part, size in zip(self.parts, sizes, strict=True):
            totals[part.kind] += size if part.size else 0
        return {kind: size for kind, size in sorted(totals.items()) if size}

    @property
    def pointwise(self) -> tuple[WeightedLayer, ...]:
        """The 1x1 convolutions."""
        return tuple(layer for layer in self.layers if layer.pointwise)

    @property
    def pointwise_sparsity(self) -> float:
        """Share of zeros among all weights of 1x1 convolutions; 0 where there are none."""
        weights = sum(layer.count.weights for layer in self.pointwise)
        return sum(layer.count.zeros for layer in self.pointwise) / weights if weights else 0.0


def inventory(model: Model) -> Inventory:
    """Count what the file holds. Raises InputError where a weight does not fit its bytes."""
    graphs = model.subgraphs
    layers, layer_of = _layers(model)
    return Inventory(
        operators=dict(Counter(operator.name for graph in graphs for operator in graph.operators).most_common()),
        tensors=sum(len(graph.tensors) for graph in graphs),
        sparse_tensors=sum(tensor.sparsity is not None for graph in graphs for tensor in graph.tensors),
        weights=_weights(model),
        layers=layers,
        layouts=_layouts(model),
        parts=stored_parts(model, layer_of),
    )


def operator_label(graph: Subgraph, operator: Operator) -> str:
    """A short name for people: kind, position in the file, and the end of the output's name."""
    if not operator.outputs:
        return f"{operator.name} {operator.index}"
    name = graph.tensors[operator.outputs[0]].name.split(";")[0]
    short = "/".join(name.split("/")[-_SHORT_NAME_PARTS:])[:_SHORT_NAME_SIGNS]
    return f"{operator.name} {operator.index} ({short})"


def count_zeros(model: Model, index: int, *, subgraph: int = 0) -> ZeroCount | None:
    """Zeros in what the tensor holds through DENSIFY and DEQUANTIZE; None where it is no constant.

    Sparse storage is counted without decoding. Raises InputError where the constant does not fit its bytes.
    """
    return ZeroCounter(model, subgraph=subgraph).count(index)


class ZeroCounter:
    """Counts zeros by tensor, once for each stored constant, however many operators read it."""

    def __init__(self, model: Model, *, subgraph: int = 0) -> None:
        self._model, self._subgraph = model, subgraph
        self._nonzero: dict[tuple[int, str], int] = {}

    def count(self, index: int) -> ZeroCount | None:
        """As `count_zeros`."""
        model, subgraph = self._model, self._subgraph
        graph = model.subgraphs[subgraph]
        origin = constant_chain(graph, index)[-1]
        if not is_constant(model, origin, subgraph=subgraph):
            return None
        tensor = graph.tensors[origin]
        values, weights = stored_values(model, origin, subgraph=subgraph), prod(tensor.shape)
        key = tensor.buffer, tensor.dtype
        if key not in self._nonzero:
            self._nonzero[key] = _count_nonzero(values)
        nonzero = min(self._nonzero[key], weights)
        return ZeroCount(weights, weights - nonzero, tensor.sparsity is not None)


def _count_nonzero(values: npt.NDArray[Any]) -> int:
    if values.dtype.kind == "f" and values.itemsize <= 8:
        # Without their sign, zeros of either sign are zero bits; NumPy counts integers 15 times as fast as float16.
        values = values.view(f"<u{values.itemsize}") << 1
    return int(np.count_nonzero(values))


def _layers(model: Model) -> tuple[tuple[WeightedLayer, ...], dict[int, int]]:
    """The layers, and by buffer the first of them that reads it."""
    layers: list[WeightedLayer] = []
    layer_of: dict[int, int] = {}
    for number, graph in enumerate(model.subgraphs):
        zeros = ZeroCounter(model, subgraph=number)
        for operator in graph.operators:
            if operator.name in _UNPACKING:
                continue
            origins = [constant_chain(graph, index)[-1] for index in operator.inputs if index >= 0]
            read = [index for index in origins if is_constant(model, index, subgraph=number)]
            weights = [graph.tensors[index] for index in read if _is_weight(graph.tensors[index])]
            if not weights:
                continue
            for index in read:
                layer_of.setdefault(graph.tensors[index].buffer, len(layers))
            kernel = max(weights, key=lambda tensor: prod(tensor.shape))
            count = zeros.count(kernel.index)
            if count is not None:
                layers.append(WeightedLayer(number, operator, operator_label(graph, operator), kernel.shape, count))
    return tuple(layers), layer_of


def _weights(model: Model) -> dict[str, int]:
    """Elements by type: real numbers, and integers that stand for them."""
    counted: dict[int, tuple[int, str]] = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if model.buffers and model.buffers[tensor.buffer].size and _is_weight(tensor):
                found = prod(tensor.shape), tensor.dtype
                counted[tensor.buffer] = max(found, counted.get(tensor.buffer, found))
    totals: Counter[str] = Counter()
    for elements, dtype in counted.values():
        totals[dtype] += elements
    return dict(totals.most_common())


def _is_weight(tensor: Tensor) -> bool:
    return tensor.dtype in _REAL_DTYPES or (tensor.quantization is not None and tensor.dtype in _QUANTIZED_DTYPES)


def _layouts(model: Model) -> tuple[SparseLayout, ...]:
    """One layout for all tensors that are stored alike, in the order of the file."""
    named: dict[tuple[Any, ...], list[str]] = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.sparsity is not None:
                named.setdefault(_layout(tensor, tensor.sparsity), []).append(tensor.name)
    return tuple(
        SparseLayout(dtype, list(order), list(block_map), list(sizes), list(levels), names)
        for (dtype, order, block_map, sizes, levels), names in named.items()
    )


def _layout(tensor: Tensor, sparsity: Sparsity) -> tuple[Any, ...]:
    levels = tuple(
        LayoutLevel("dense")
        if level.segments is None or level.indices is None
        else LayoutLevel("csr", level.segments.dtype.name, level.indices.dtype.name)
        for level in sparsity.levels
    )
    sizes = {dim: level.size for dim, level in zip(sparsity.traversal_order, sparsity.levels, strict=True)}
    blocks = tuple(sizes[len(tensor.shape) + place] for place in range(len(sparsity.block_map)))
    return tensor.dtype, sparsity.traversal_order, sparsity.block_map, blocks, levels
