"""Sparse storage for the kernels of a dense file, wherever that makes it smaller.

A constant that convolutions read is encoded with its innermost dimension compressed, as TensorFlow's converter does,
and DENSIFY put between it and its readers. XNNPACK's sparse kernels exist for 1x1 convolutions alone; the storage pays
for every kernel, and one that runs dense is unpacked once, when the model is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.tflite._constants import constant, is_constant
from zoo.tflite._edit import ModelEditor
from zoo.tflite._inventory import count_zeros
from zoo.tflite._kernels import kernels, obstacle
from zoo.tflite._model import Model, Sparsity, Tensor
from zoo.tflite._read import read_model
from zoo.tflite._sparse import MAX_SPARSE_ELEMENTS, encode
from zoo.tflite._storage import Repacked, StoredTensor, stored_bytes

MAX_KERNELS = 1 << 12
"""The largest models of MediaPipe have a tenth; putting in as many operators as a file can hold would take hours."""
_TYPES = ("float16", "float32", "int8")
"""What LiteRT's DENSIFY unpacks."""
_OVERHEAD = 300
"""Bytes of the DENSIFY operator, the tensor that it writes and the description of the levels, without the name."""
_SUFFIX = "_densify"


@dataclass(frozen=True, eq=False)
class _Kernel:
    """A kernel of subgraph `number`; `kept`: why it stays as it is. Else its values and their description."""

    number: int
    tensor: Tensor
    zeros: float
    kept: str | None
    values: npt.NDArray[Any] | None = None
    sparsity: Sparsity | None = None


def sparsify(data: bytes, *, name: str | None = None) -> Repacked:
    """Store kernels sparse where that takes fewer bytes, index arrays, descriptions and operators counted.

    Outputs stay the same to the last bit wherever a runtime uses dense kernels; XNNPACK may now use sparse ones, which
    add in another order. What is stored sparse already stays. The file never grows: where nothing is gained, the
    bytes that went in are returned. `name` is what messages call the file.

    Raises InputError where the bytes are no sound TFLite model, or have more kernels than any.
    """
    model = read_model(data, name=name)
    found = _encoded(model)
    if not any(kernel.kept is None for kernel in found):
        return Repacked(data, tuple(_described(model, kernel) for kernel in found))
    made = _written(data, name, found)
    if len(made) >= len(data):
        reason = f"the whole file would have {len(made):,} bytes instead of {len(data):,}"
        found = [replace(kernel, kept=kernel.kept or reason) for kernel in found]
        made = data
    return Repacked(made, tuple(_described(model, kernel) for kernel in found))


def _encoded(model: Model) -> list[_Kernel]:
    """All kernels in the order in which the graphs read them, encoded where that pays."""
    places = [(number, tensor) for number, graph in enumerate(model.subgraphs) for tensor in kernels(graph)]
    places = [(number, tensor) for number, tensor in places if is_constant(model, tensor.index, subgraph=number)]
    if len(places) > MAX_KERNELS:
        raise InputError(f"{model.name} has {len(places):,} kernels, more than any model; give another file.")
    by_buffer: dict[int, list[tuple[int, Tensor]]] = {}
    for number, tensor in places:
        by_buffer.setdefault(tensor.buffer, []).append((number, tensor))
    users = _users(model)
    made = {
        (kernel.number, kernel.tensor.index): kernel
        for buffer, sharing in by_buffer.items()
        for kernel in _encode_sharing(model, sharing, users[buffer])
    }
    return [made[number, tensor.index] for number, tensor in places]


def _users(model: Model) -> dict[int, int]:
    """How many tensors and metadata entries each buffer has."""
    users = dict.fromkeys(range(len(model.buffers)), 0)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            users[tensor.buffer] += 1
    for entry in model.metadata:
        users[entry.buffer] += 1
    return users


def _encode_sharing(model: Model, sharing: list[tuple[int, Tensor]], users: int) -> list[_Kernel]:
    """Kernels of one buffer: all are encoded or none, since the values of those that are not would stay as well."""
    shares = [_zero_share(model, number, tensor) for number, tensor in sharing]
    reasons = [_reason(model, place, share, users - len(sharing)) for place, share in zip(sharing, shares, strict=True)]
    if not any(reasons):
        encoded = [_encode(model, number, tensor) for number, tensor in sharing]
        dense = model.buffers[sharing[0][1].buffer].size
        sparse = encoded[0][0].nbytes + sum(
            _extra_bytes(tensor, s) for (_, tensor), (_, s) in zip(sharing, encoded, strict=True)
        )
        if sparse < dense:
            return [
                _Kernel(number, tensor, share, None, values, sparsity)
                for (number, tensor), share, (values, sparsity) in zip(sharing, shares, encoded, strict=True)
            ]
        reasons = [f"sparse it would take {sparse:,} bytes instead of {dense:,}"] * len(sharing)
    return [
        _Kernel(number, tensor, share, reason or "a tensor that shares its bytes stays dense")
        for (number, tensor), share, reason in zip(sharing, shares, reasons, strict=True)
    ]


def _zero_share(model: Model, number: int, tensor: Tensor) -> float:
    count = count_zeros(model, tensor.index, subgraph=number)
    return count.share if count is not None else 0.0


def _reason(model: Model, place: tuple[int, Tensor], zeros: float, others: int) -> str | None:
    """Why a kernel stays as it is, before its bytes are counted; `others`: what else names its buffer."""
    number, tensor = place
    if tensor.sparsity is not None:
        return "it is stored sparse already"
    if not zeros:
        return "it has no zeros"
    if tensor.dtype not in _TYPES:
        return f"DENSIFY does not unpack {tensor.dtype}"
    if prod(tensor.shape) > MAX_SPARSE_ELEMENTS:
        return "it is larger than any sparse weight that this zoo reads"
    if others:
        return "other parts of the file share its bytes"
    return obstacle(model, number, tensor)


def _encode(model: Model, number: int, tensor: Tensor) -> tuple[npt.NDArray[Any], Sparsity]:
    dense = constant(model, tensor.index, subgraph=number)
    compressed = [False] * (dense.ndim - 1) + [True]
    values, sparsity = encode(dense, compressed=compressed)
    if len(values):
        return values, sparsity
    # LiteRT takes a constant without bytes for a value that is not known yet: one of the zeros is stored.
    first = np.zeros_like(dense)
    first.ravel()[0] = 1
    values, sparsity = encode(first, compressed=compressed)
    return np.zeros_like(values), sparsity


def _extra_bytes(tensor: Tensor, sparsity: Sparsity) -> int:
    return sparsity.index_bytes + _OVERHEAD + len(f"{tensor.name}{_SUFFIX}".encode())


def _written(data: bytes, name: str | None, found: list[_Kernel]) -> bytes:
    editor = ModelEditor(data, name=name)
    buffers: dict[int, int] = {}
    for kernel in found:
        if kernel.kept is not None or kernel.values is None:
            continue
        graph, tensor = editor.graphs[kernel.number], kernel.tensor
        entries = editor.tree.subgraphs[kernel.number].tensors
        graph.replace_constant(tensor.index, kernel.values, shape=tensor.shape, sparsity=kernel.sparsity)
        entries[tensor.index].buffer = buffers.setdefault(tensor.buffer, entries[tensor.index].buffer)
        dense = graph.add(
            "DENSIFY",
            [tensor.index],
            tensor.shape,
            name=f"{graph.name(tensor.index)}{_SUFFIX}",
            before=graph.graph.consumers[tensor.index][0],
            dtype=tensor.dtype,
        )
        entries[dense].quantization = entries[tensor.index].quantization
        graph.redirect(tensor.index, dense, outputs=False)
    return editor.finish()


def _described(model: Model, kernel: _Kernel) -> StoredTensor:
    tensor, before = kernel.tensor, stored_bytes(model, kernel.tensor)
    after = before
    if kernel.kept is None and kernel.values is not None and kernel.sparsity is not None:
        after = kernel.values.nbytes + kernel.sparsity.index_bytes
    return StoredTensor(tensor.name, tensor.shape, tensor.dtype, kernel.zeros, before, after, kernel.kept)
