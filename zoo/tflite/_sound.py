"""Whether a model that was read holds together: constants fit their bytes, and values are made before they are read.

LiteRT checks the same when it opens a file (`InterpreterBuilder`, `tools/verifier.cc`), or runs on into wrong memory.
What comes after reading relies on it: counts that are no fancy, loops over the graph that end.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from zoo.tflite._flatbuffer import MalformedError
from zoo.tflite._model import BufferSpan, Model, Operator, SparseLevel, Sparsity, Subgraph, Tensor

MAX_CONSTANT_BYTES = 1 << 28
"""A sparse constant that claims to be larger than this when dense is refused: a few bytes could ask for any memory."""
MAX_ELEMENTS = 1 << 28
"""Of any value: 1 GiB of float32, more than a device keeps for one."""
_BITS = {
    **{"float16": 16, "float32": 32, "float64": 64, "bfloat16": 16, "float8_e4m3fn": 8, "float8_e5m2": 8, "bool": 8},
    **{"int2": 2, "int4": 4, "int8": 8, "int16": 16, "int32": 32, "int64": 64, "complex64": 64, "complex128": 128},
    **{"uint4": 4, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64},
}
"""Size of a number by type; other types, such as text, have none."""
_UNPACKING = ("DENSIFY", "DEQUANTIZE")
_INPUTS = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "PRELU"), 2),
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV", "PAD", "PADV2", "MEAN", "SUM", "REVERSE_V2", "SLICE"), 2),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), 2),
    **dict.fromkeys(("MAX_POOL_2D", "AVERAGE_POOL_2D", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "DENSIFY", "DEQUANTIZE"), 1),
    **dict.fromkeys(("RELU", "RELU6", "RELU_N1_TO_1", "LOGISTIC", "SOFTMAX", "RESHAPE", "SQUEEZE", "CONCATENATION"), 1),
    "TRANSPOSE_CONV": 3,
}
"""Inputs that LiteRT's kernel asks for (`Prepare` of each), for the operators that this project looks into."""
_OF_PICTURES = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH"),
    *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
)
_KERNELS = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2}
"""Their kernels have four dimensions too."""
_PICTURE_RANK = 4


def check_soundness(model: Model) -> None:
    """Raise MalformedError at the first part that does not hold together."""
    _check_apart(model)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            _check_size(tensor)
            buffer = model.buffers[tensor.buffer] if model.buffers else BufferSpan(0, 0)
            if tensor.sparsity is not None:
                _check_sparse(tensor, tensor.sparsity, buffer)
            elif buffer.size and tensor.dtype in _BITS:
                _check_dense(tensor, buffer)
        _check_order(model, graph)
        for operator in graph.operators:
            _check_operator(graph, operator)


def _check_size(tensor: Tensor) -> None:
    """A size that is not known beforehand is 1, and -1 in the signature alone."""
    if min(tensor.shape, default=0) < 0:
        raise MalformedError(f"tensor '{tensor.name}' has a negative size")
    if prod(tensor.shape) > MAX_ELEMENTS:
        raise MalformedError(f"tensor '{tensor.name}' has {prod(tensor.shape):,} elements, more than any value")


def _check_apart(model: Model) -> None:
    """No constant and no index array lies over another: a file could hold any number of weights that way."""
    origin = np.frombuffer(model.data, np.uint8).ctypes.data
    spans = [(buffer.start, buffer.size) for buffer in model.buffers if buffer.size]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            for level in tensor.sparsity.levels if tensor.sparsity else ():
                arrays = [array for array in (level.segments, level.indices) if array is not None and array.nbytes]
                spans.extend((array.ctypes.data - origin, int(array.nbytes)) for array in arrays)
    spans.sort()
    if any(start + size > after for (start, size), (after, _) in pairwise(spans)):
        raise MalformedError("its constants lie over one another")


def dense_bytes(tensor: Tensor) -> int:
    """Bytes of a tensor of numbers when stored dense."""
    return _bytes_of(tensor, prod(tensor.shape))


def _check_dense(tensor: Tensor, buffer: BufferSpan) -> None:
    if dense_bytes(tensor) != buffer.size:
        raise MalformedError(f"tensor {tensor.index} has {buffer.size} bytes, which is not what its shape needs")


def _bytes_of(tensor: Tensor, count: int) -> int:
    return -(-count * _BITS[tensor.dtype] // 8)


def _check_sparse(tensor: Tensor, sparsity: Sparsity, buffer: BufferSpan) -> None:
    if tensor.dtype not in _BITS:
        raise MalformedError(f"tensor {tensor.index} is sparse but not of numbers")
    if dense_bytes(tensor) > MAX_CONSTANT_BYTES:
        raise MalformedError(f"tensor {tensor.index} is larger, when dense, than any weight")
    stored = 1
    for level, size in zip(sparsity.levels, _level_sizes(tensor, sparsity), strict=True):
        stored = _entries(tensor, level, stored, size)
    if _bytes_of(tensor, stored) != buffer.size:
        raise MalformedError(f"tensor {tensor.index} has {buffer.size} bytes for the {stored} values it stores")


def _level_sizes(tensor: Tensor, sparsity: Sparsity) -> list[int]:
    """How many children a node of each level can have; see `Sparsity` for the numbers of dimensions."""
    rank, order, block_map = len(tensor.shape), sparsity.traversal_order, sparsity.block_map
    covered = sorted(order) == list(range(rank + len(block_map))) and len(sparsity.levels) == len(order)
    if not covered or len(set(block_map)) != len(block_map) or any(not 0 <= dim < rank for dim in block_map):
        raise MalformedError(f"tensor {tensor.index} stores other dimensions than it has")
    sizes = list(tensor.shape)
    for dim, level in zip(order, sparsity.levels, strict=True):
        if dim >= rank:
            cut = block_map[dim - rank]
            if level.compressed or level.size < 1 or sizes[cut] % level.size:
                raise MalformedError(f"tensor {tensor.index} has blocks that do not divide it")
            sizes[cut] //= level.size
    found = [sizes[dim] if dim < rank else level.size for dim, level in zip(order, sparsity.levels, strict=True)]
    if any(not level.compressed and level.size != size for level, size in zip(sparsity.levels, found, strict=True)):
        raise MalformedError(f"tensor {tensor.index} stores other sizes than it has")
    return found


def _entries(tensor: Tensor, level: SparseLevel, parents: int, size: int) -> int:
    """Nodes of a level. Indices must rise within each parent, which also keeps them from repeating."""
    if level.segments is None or level.indices is None:
        return parents * size
    segments, indices = level.segments.astype(np.int64), level.indices.astype(np.int64)
    if len(segments) != parents + 1 or segments[0] != 0 or segments[-1] != len(indices):
        raise MalformedError(f"the index arrays of tensor {tensor.index} do not match each other")
    if len(indices) and (indices.min() < 0 or indices.max() >= size):
        raise MalformedError(f"an index of tensor {tensor.index} lies outside it")
    if (segments[1:] < segments[:-1]).any():
        raise MalformedError(f"the segments of tensor {tensor.index} run backwards")
    rises = indices[1:] > indices[:-1]
    starts = segments[1:-1]
    rises[starts[(starts > 0) & (starts < len(indices))] - 1] = True
    if not rises.all():
        raise MalformedError(f"the indices of tensor {tensor.index} do not rise")
    return len(indices)


def _check_order(model: Model, graph: Subgraph) -> None:
    """Each value is made once, by no operator after one that reads it, and is neither an input nor a constant."""
    given = set(graph.inputs)
    if model.buffers:
        given |= {tensor.index for tensor in graph.tensors if model.buffers[tensor.buffer].size}
    made = {index: operator.index for operator in graph.operators for index in operator.outputs}
    written: set[int] = set()
    for operator in graph.operators:
        for index in operator.inputs:
            if made.get(index, -1) >= operator.index:
                raise MalformedError(f"operator {operator.index} reads tensor {index} before it is made")
        for index in operator.outputs:
            if index in written or index in given:
                raise MalformedError(f"tensor {index} is written twice, or is a constant or input that is written to")
            written.add(index)


def _check_operator(graph: Subgraph, operator: Operator) -> None:
    """It has the inputs and the output of its kind, in shapes of that kind where the file says them."""
    called, needed = f"operator {operator.index} ({operator.name})", _INPUTS.get(operator.name)
    if any(step < 1 for step in (*(operator.options.strides or ()), *(operator.options.dilation or ()))):
        raise MalformedError(f"{called} takes steps of no length")
    if needed is None:
        return
    if len(operator.inputs) < needed or min(operator.inputs[:needed]) < 0 or len(operator.outputs) != 1:
        raise MalformedError(f"{called} lacks an input or output")
    source, result = (graph.tensors[index].shape for index in (operator.inputs[0], operator.outputs[0]))
    if operator.name in _UNPACKING and source != result:
        raise MalformedError(f"{called} gives another shape than it reads")
    if operator.name in _OF_PICTURES:
        shapes = [
            graph.tensors[index].shape
            for index in (*operator.inputs[: _KERNELS.get(operator.name, 1)], *operator.outputs)
        ]
        if any(shape and len(shape) != _PICTURE_RANK for shape in shapes):
            raise MalformedError(f"{called} does not have the four dimensions of pictures")
