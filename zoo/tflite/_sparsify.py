"""Sparse storage for the kernels of a dense file, wherever that makes it smaller.

A constant that convolutions read is encoded with its innermost dimension compressed, as TensorFlow's converter does,
and DENSIFY put between it and its readers. XNNPACK's sparse kernels exist for 1x1 convolutions alone; the storage pays
for every kernel, and one that runs dense is unpacked once, when the model is loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
_OVERHEAD = 256
"""Bytes of the DENSIFY operator, the tensor that it writes and the description of the levels, without the name.

It is 227 to 233 in MediaPipe's published models."""
_SUFFIX = "_densify"


@dataclass(frozen=True, eq=False)
class _Encoded:
    values: npt.NDArray[Any]
    sparsity: Sparsity


@dataclass(frozen=True, eq=False)
class _Choice:
    """For the kernels of one buffer, which are alike: how they are stored now, or why they stay as they are."""

    sparsity: float
    encoded: _Encoded | None
    kept: str | None


_Kernels = list[tuple[int, Tensor]]
"""Kernels, each with the number of its subgraph."""


def sparsify(data: bytes, *, name: str | None = None) -> Repacked:
    """Store kernels sparse where that takes fewer bytes, index arrays, descriptions and operators counted.

    Outputs stay the same to the last bit, but for the sign of a zero, wherever a runtime uses dense kernels; XNNPACK
    may now use sparse ones, which add in another order. What is stored sparse already stays. The file never grows:
    where nothing is gained, the bytes that went in are returned. `name` is what messages call the file.

    Raises InputError where the bytes are no sound TFLite model, or have more kernels than any.
    """
    model = read_model(data, name=name)
    found = _kernels(model)
    choices = _choices(model, found)
    made = data
    if any(choice.encoded for choice in choices.values()):
        made = _written(data, name, found, choices)
        if len(made) >= len(data):
            reason = f"the whole file would have {len(made):,} bytes instead of {len(data):,}"
            choices = {
                buffer: replace(choice, encoded=None, kept=choice.kept or reason) for buffer, choice in choices.items()
            }
            made = data
    return Repacked(made, tuple(_described(model, tensor, choices[tensor.buffer]) for _, tensor in found))


def _kernels(model: Model) -> _Kernels:
    """All kernels that are constants, in the order in which the graphs read them."""
    found = [
        (number, tensor)
        for number, graph in enumerate(model.subgraphs)
        for tensor in kernels(graph)
        if is_constant(model, tensor.index, subgraph=number)
    ]
    if len(found) > MAX_KERNELS:
        raise InputError(f"{model.name} has {len(found):,} kernels, more than any model; give another file.")
    return found


def _choices(model: Model, found: _Kernels) -> dict[int, _Choice]:
    """What becomes of each buffer. Kernels that share one are all encoded or none: its dense values would stay too."""
    sharing: dict[int, _Kernels] = {}
    for number, tensor in found:
        sharing.setdefault(tensor.buffer, []).append((number, tensor))
    users = _users(model)
    return {buffer: _choice(model, alike, users[buffer]) for buffer, alike in sharing.items()}


def _users(model: Model) -> Counter[int]:
    """How many tensors and metadata entries each buffer has."""
    named = [tensor.buffer for graph in model.subgraphs for tensor in graph.tensors]
    return Counter([*named, *(entry.buffer for entry in model.metadata)])


def _choice(model: Model, sharing: _Kernels, users: int) -> _Choice:
    number, tensor = sharing[0]
    count = count_zeros(model, tensor.index, subgraph=number)
    sparsity, dense = (count.share if count else 0.0), model.buffers[tensor.buffer].size
    kept = _reason(model, sharing, users, sparsity)
    if kept is not None:
        return _Choice(sparsity, None, kept)
    encoded = _encode(model, number, tensor)
    extra = sum(encoded.sparsity.index_bytes + _extra_bytes(part) for _, part in sharing)
    sparse = encoded.values.nbytes + extra
    if sparse >= dense:
        return _Choice(sparsity, None, f"sparse it would take {sparse:,} bytes instead of {dense:,}")
    return _Choice(sparsity, encoded, None)


def _reason(model: Model, sharing: _Kernels, users: int, sparsity: float) -> str | None:
    """Why kernels of one buffer stay as they are, before any is encoded; None where nothing stands against it.

    `users`: how many parts of the file name the buffer. `sparsity`: the share of zeros.
    """
    tensor = sharing[0][1]
    if tensor.sparsity is not None:
        return "it is stored sparse already"
    if not sparsity:
        return "it has no zeros"
    if tensor.dtype not in _TYPES:
        return f"DENSIFY does not unpack {tensor.dtype}"
    if prod(tensor.shape) > MAX_SPARSE_ELEMENTS:
        return "it is larger than any sparse weight that this zoo reads"
    alike = all((part.shape, part.dtype) == (tensor.shape, tensor.dtype) for _, part in sharing)
    if not alike or users > len(sharing):
        return "other parts of the file share its bytes"
    least, dense = _least_bytes(sharing, sparsity), model.buffers[tensor.buffer].size
    if least >= dense:
        return f"sparse it would take at least {least:,} bytes instead of {dense:,}"
    return next((reason for number, part in sharing if (reason := obstacle(model, number, part)) is not None), None)


def _least_bytes(sharing: _Kernels, sparsity: float) -> int:
    """What sparse storage takes at the very least: a byte more for each value. Encoding what cannot pay takes long."""
    tensor = sharing[0][1]
    stored = round((1 - sparsity) * prod(tensor.shape))
    return stored * np.dtype(tensor.dtype).itemsize + sum(stored + _extra_bytes(part) for _, part in sharing)


def _encode(model: Model, number: int, tensor: Tensor) -> _Encoded:
    dense = constant(model, tensor.index, subgraph=number)
    compressed = [False] * (dense.ndim - 1) + [True]
    values, sparsity = encode(dense, compressed=compressed)
    if len(values):
        return _Encoded(values, sparsity)
    # LiteRT takes a constant without bytes for a value that is not known yet: one of the zeros is stored.
    first = np.zeros_like(dense)
    first.ravel()[0] = 1
    values, sparsity = encode(first, compressed=compressed)
    return _Encoded(np.zeros_like(values), sparsity)


def _extra_bytes(tensor: Tensor) -> int:
    return _OVERHEAD + len(f"{tensor.name}{_SUFFIX}".encode())


def _written(data: bytes, name: str | None, found: _Kernels, choices: Mapping[int, _Choice]) -> bytes:
    editor = ModelEditor(data, name=name)
    buffers: dict[int, int] = {}
    for number, tensor in found:
        encoded = choices[tensor.buffer].encoded
        if encoded is None:
            continue
        graph, entries = editor.graphs[number], editor.tree.subgraphs[number].tensors
        graph.replace_constant(tensor.index, encoded.values, shape=tensor.shape, sparsity=encoded.sparsity)
        entries[tensor.index].buffer = buffers.setdefault(tensor.buffer, entries[tensor.index].buffer)
        unpacked = f"{graph.name(tensor.index)}{_SUFFIX}"
        dense = graph.add("DENSIFY", [tensor.index], tensor.shape, name=unpacked, dtype=tensor.dtype)
        entries[dense].quantization = entries[tensor.index].quantization
        graph.redirect(tensor.index, dense, outputs=False)
    return editor.finish()


def _described(model: Model, tensor: Tensor, choice: _Choice) -> StoredTensor:
    before = stored_bytes(model, tensor)
    after = before if choice.encoded is None else choice.encoded.values.nbytes + choice.encoded.sparsity.index_bytes
    return StoredTensor(tensor.name, tensor.shape, tensor.dtype, choice.sparsity, before, after, choice.kept)
