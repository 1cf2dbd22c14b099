"""What is in a file: operators, parameters, bytes by kind, and zeros in the kernels that pruning makes sparse."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod

import numpy as np

from zoo.tflite._constants import constant_chain, is_constant, stored_values
from zoo.tflite._model import Model, Operator, Subgraph, Tensor

_SHORT_NAME_PARTS = 2
_SHORT_NAME_SIGNS = 60
_REAL_DTYPES = ("float16", "float32", "float64", "bfloat16")
_QUANTIZED_DTYPES = ("int4", "int8", "uint8", "int16", "int32")


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
class PointwiseKernel:
    """The kernel of a 1x1 convolution, `shape` = (outputs, 1, 1, inputs)."""

    operator: Operator
    label: str
    shape: tuple[int, ...]
    count: ZeroCount


@dataclass(frozen=True)
class Inventory:
    """What a file holds. `weight_bytes` covers every byte of the file once.

    Its kinds: `sparse_values` and `sparse_indices` of sparse tensors, `dense_DTYPE` of other constants, `metadata`, and
    `structure`: the graph itself, names and padding.
    """

    operators: dict[str, int]
    tensors: int
    sparse_tensors: int
    parameters: int
    weight_bytes: dict[str, int]
    pointwise: tuple[PointwiseKernel, ...]

    @property
    def pointwise_sparsity(self) -> float:
        """Share of zeros among all weights of 1x1 convolutions; 0 where there are none."""
        weights = sum(kernel.count.weights for kernel in self.pointwise)
        return sum(kernel.count.zeros for kernel in self.pointwise) / weights if weights else 0.0


def inventory(model: Model) -> Inventory:
    """Count what the file holds. Raises InputError where a 1x1 kernel does not fit its bytes."""
    graphs = model.subgraphs
    return Inventory(
        operators=dict(Counter(operator.name for graph in graphs for operator in graph.operators).most_common()),
        tensors=sum(len(graph.tensors) for graph in graphs),
        sparse_tensors=sum(tensor.sparsity is not None for graph in graphs for tensor in graph.tensors),
        parameters=_parameters(model),
        weight_bytes=_weight_bytes(model),
        pointwise=_pointwise_kernels(model),
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
    origin = constant_chain(model.subgraphs[subgraph], index)[-1]
    if not is_constant(model, origin, subgraph=subgraph):
        return None
    tensor = model.subgraphs[subgraph].tensors[origin]
    values = stored_values(model, origin, subgraph=subgraph)
    weights = prod(tensor.shape)
    nonzero = min(int(np.count_nonzero(values)), weights)
    return ZeroCount(weights, weights - nonzero, tensor.sparsity is not None)


class ZeroCounter:
    """Counts zeros by tensor, once for each stored constant, however many operators read it."""

    def __init__(self, model: Model, *, subgraph: int = 0) -> None:
        self._model, self._subgraph = model, subgraph
        self._known: dict[tuple[int, tuple[int, ...]], ZeroCount | None] = {}

    def count(self, index: int) -> ZeroCount | None:
        """As `count_zeros`."""
        graph = self._model.subgraphs[self._subgraph]
        origin = graph.tensors[constant_chain(graph, index)[-1]]
        key = origin.buffer, origin.shape
        if key not in self._known:
            self._known[key] = count_zeros(self._model, index, subgraph=self._subgraph)
        return self._known[key]


def _pointwise_kernels(model: Model) -> tuple[PointwiseKernel, ...]:
    kernels = []
    for number, graph in enumerate(model.subgraphs):
        zeros = ZeroCounter(model, subgraph=number)
        for operator in graph.operators:
            if operator.name != "CONV_2D" or len(operator.inputs) < 2 or operator.inputs[1] < 0:
                continue
            shape = graph.tensors[operator.inputs[1]].shape
            if len(shape) != 4 or shape[1:3] != (1, 1):
                continue
            count = zeros.count(operator.inputs[1])
            if count is not None:
                kernels.append(PointwiseKernel(operator, operator_label(graph, operator), shape, count))
    return tuple(kernels)


def _parameters(model: Model) -> int:
    """Elements of the constants that training sets: real numbers, and integers that stand for them."""
    counted: dict[int, int] = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if model.buffers and model.buffers[tensor.buffer].size and _is_weight(tensor):
                counted[tensor.buffer] = max(prod(tensor.shape), counted.get(tensor.buffer, 0))
    return sum(counted.values())


def _is_weight(tensor: Tensor) -> bool:
    return tensor.dtype in _REAL_DTYPES or (tensor.quantization is not None and tensor.dtype in _QUANTIZED_DTYPES)


def _weight_bytes(model: Model) -> dict[str, int]:
    kinds: dict[int, str] = {entry.buffer: "metadata" for entry in model.metadata}
    index_bytes = 0
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.sparsity is not None:
                index_bytes += tensor.sparsity.index_bytes
                kinds[tensor.buffer] = "sparse_values"
            else:
                kinds.setdefault(tensor.buffer, f"dense_{tensor.dtype}")
    totals: Counter[str] = Counter({"sparse_indices": index_bytes})
    for buffer, kind in kinds.items():
        totals[kind] += model.buffers[buffer].size if buffer < len(model.buffers) else 0
    totals["structure"] = max(len(model.data) - sum(totals.values()), 0)
    return {kind: size for kind, size in sorted(totals.items()) if size}
