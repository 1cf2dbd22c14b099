"""The constants of a model as arrays."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.tflite._model import Model, Quantization, Subgraph, Tensor
from zoo.tflite._sound import MAX_CONSTANT_BYTES
from zoo.tflite._sparse import SparseError, decode

_NUMPY_DTYPES = (
    *("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bool", "complex64", "complex128"),
)
_UNPACKING = ("DENSIFY", "DEQUANTIZE")
_LONGEST_CHAIN = 4
"""The tensor itself, DEQUANTIZE, DENSIFY and the stored one; a longer chain is a trick."""
_NIBBLES = {"int4": True, "uint4": False}


def is_constant(model: Model, index: int, *, subgraph: int = 0) -> bool:
    """Whether the tensor's bytes are in the file."""
    tensor = model.subgraphs[subgraph].tensors[index]
    return bool(model.buffers) and model.buffers[tensor.buffer].size > 0


def constant(model: Model, index: int, *, subgraph: int = 0) -> npt.NDArray[Any]:
    """The constant tensor, dense, in its own shape and stored dtype (bfloat16 as float32, int4 as int8).

    Sparse storage is decoded. Raises InputError where the tensor is no constant, is text, or does not fit its bytes.
    """
    tensor = model.subgraphs[subgraph].tensors[index]
    if not is_constant(model, index, subgraph=subgraph):
        raise InputError(
            f"{model.name}: tensor '{tensor.name[:80]}' is not a constant; ask for one that the file stores."
        )
    span = model.buffers[tensor.buffer]
    raw = np.frombuffer(model.data, np.uint8, span.size, span.start)
    count = prod(tensor.shape)
    if count < 0 or count * _item_bytes(model, tensor) > MAX_CONSTANT_BYTES:
        raise _misfit(model, tensor, f"its shape {list(tensor.shape)} is larger than any weight of this zoo")
    if tensor.sparsity is None:
        return _numbers(model, tensor, raw, count).reshape(tensor.shape)
    try:
        return decode(_numbers(model, tensor, raw, None), tensor.shape, tensor.sparsity)
    except SparseError as error:
        raise _misfit(model, tensor, str(error)) from error


def stored_values(model: Model, index: int, *, subgraph: int = 0) -> npt.NDArray[Any]:
    """The constant's numbers as they lie in the file, flat: all of a dense one, only the kept ones of a sparse one."""
    tensor = model.subgraphs[subgraph].tensors[index]
    span = model.buffers[tensor.buffer]
    raw = np.frombuffer(model.data, np.uint8, span.size, span.start)
    return _numbers(model, tensor, raw, None if tensor.sparsity else prod(tensor.shape))


def constant_value(model: Model, index: int, *, subgraph: int = 0) -> npt.NDArray[Any] | None:
    """What an operator reads from the tensor, where that is fixed by the file: DENSIFY and DEQUANTIZE are followed.

    Returns the array in the tensor's shape (float32 after DEQUANTIZE, else the stored dtype), or None where the tensor
    depends on the model's input. Raises InputError where a constant does not fit its bytes.
    """
    chain = constant_chain(model.subgraphs[subgraph], index)
    origin = chain[-1]
    if not is_constant(model, origin, subgraph=subgraph):
        return None
    value = constant(model, origin, subgraph=subgraph)
    tensors, producers = model.subgraphs[subgraph].tensors, model.subgraphs[subgraph].producers
    for target, source in zip(chain[-2::-1], chain[:0:-1], strict=True):
        if producers[target].name == "DEQUANTIZE":
            value = _dequantized(model, value, tensors[source])
    return value


def constant_chain(graph: Subgraph, index: int) -> tuple[int, ...]:
    """The tensor, then the tensors it comes from through DENSIFY and DEQUANTIZE, back to where another begins."""
    chain = [index]
    while len(chain) < _LONGEST_CHAIN:
        producer = graph.producers.get(chain[-1])
        if producer is None or producer.name not in _UNPACKING or not producer.inputs or producer.inputs[0] < 0:
            break
        chain.append(producer.inputs[0])
    return tuple(chain)


def _dequantized(model: Model, value: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[Any]:
    quantization = tensor.quantization
    if quantization is None:
        return value.astype(np.float32)
    scale, zero = (_spread(model, tensor, part, quantization) for part in (quantization.scale, quantization.zero_point))
    if value.dtype.kind == "c":
        raise _misfit(model, tensor, "complex numbers are not dequantized")
    with np.errstate(over="ignore", invalid="ignore"):
        return ((value.astype(np.float64) - zero) * scale).astype(np.float32)


def _spread(
    model: Model, tensor: Tensor, numbers: tuple[float, ...], quantization: Quantization
) -> npt.NDArray[np.float64]:
    """Shape scales or zero points so that they meet the slices they belong to."""
    if len(numbers) == 1:
        return np.asarray(numbers[0], np.float64)
    if not 0 <= quantization.dimension < len(tensor.shape) or tensor.shape[quantization.dimension] != len(numbers):
        raise _misfit(model, tensor, "its quantization has a scale for slices that it does not have")
    return np.asarray(numbers, np.float64).reshape(
        [len(numbers) if dim == quantization.dimension else 1 for dim in range(len(tensor.shape))]
    )


def _item_bytes(model: Model, tensor: Tensor) -> float:
    if tensor.dtype in _NIBBLES:
        return 0.5
    if tensor.dtype == "bfloat16":
        return 2
    if tensor.dtype not in _NUMPY_DTYPES:
        raise _misfit(model, tensor, f"numbers of type {tensor.dtype} are not read by this zoo")
    return np.dtype(tensor.dtype).itemsize


def _numbers(model: Model, tensor: Tensor, raw: npt.NDArray[np.uint8], count: int | None) -> npt.NDArray[Any]:
    """`raw` as numbers, flat; `count` None: as many as there are."""
    size = _item_bytes(model, tensor)
    expected = len(raw) if count is None else int(np.ceil(count * size))
    if len(raw) != expected or len(raw) % max(size, 1):
        raise _misfit(model, tensor, f"it has {len(raw)} bytes where its shape {list(tensor.shape)} needs {expected}")
    if tensor.dtype in _NIBBLES:
        return _unpack_nibbles(raw, signed=_NIBBLES[tensor.dtype])[: count if count is not None else None]
    if tensor.dtype == "bfloat16":
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return raw.view(np.dtype(tensor.dtype).newbyteorder("<"))


def _unpack_nibbles(raw: npt.NDArray[np.uint8], *, signed: bool) -> npt.NDArray[Any]:
    """Two numbers a byte, the low half first."""
    pairs: npt.NDArray[Any] = np.stack([raw & 0x0F, raw >> 4], axis=1).ravel()
    if not signed:
        return pairs
    centred: npt.NDArray[Any] = (pairs ^ 8).astype(np.int8) - np.int8(8)
    return centred


def _misfit(model: Model, tensor: Tensor, reason: str) -> InputError:
    return InputError(f"{model.name}: tensor '{tensor.name[:80]}' cannot be read: {reason}; convert the model again.")
