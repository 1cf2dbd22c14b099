"""Bytes to `Model`, with every index checked. Slots and codes are those of LiteRT's schema (`schema.fbs`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.errors import InputError
from zoo.files import MAX_FILE_BYTES, TOO_LARGE, read_file
from zoo.tflite._flatbuffer import MalformedError, Source, Table
from zoo.tflite._model import (
    BufferSpan,
    MetadataEntry,
    Model,
    Operator,
    Options,
    PaddingName,
    Quantization,
    Signature,
    SparseLevel,
    Sparsity,
    Subgraph,
    Tensor,
)
from zoo.tflite._names import OPERATOR_NAMES
from zoo.tflite._sound import check_soundness

MAX_RANK = 16
_LONGEST_CUSTOM_NAME = 200
_IDENTIFIER = b"TFL3"
_DTYPES = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64"),
    *("complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16", "int2", "uint4"),
    *("float8_e4m3fn", "float8_e5m2"),
)
_ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
_PADDINGS: tuple[PaddingName, ...] = ("SAME", "VALID")
_INDEX_DTYPES = {1: "<i4", 2: "<u2", 3: "u1"}


def read_model(source: Path | bytes, *, name: str | None = None) -> Model:
    """Read a TFLite file, or its bytes.

    `name` is what error messages and the model call it; by default the path, or "the model" for bytes.
    Raises InputError where the file cannot be read, is too large, truncated, or is no sound TFLite model.
    """
    if isinstance(source, bytes):
        data, called = source, name or "the model"
    else:
        data, called = read_file(Path(source)), name or str(source)
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{called} is {TOO_LARGE}")
    if data[4:8] != _IDENTIFIER:
        raise InputError(f"{called} is not a TFLite model (no TFL3 mark); give a .tflite file.")
    try:
        model = _model(Source.of(data).root(), data, called)
        check_soundness(model)
        return model
    except MalformedError as error:
        raise InputError(f"{called} is damaged: {error}; fetch or convert it again.") from error


def _model(root: Table, data: bytes, name: str) -> Model:
    codes = [_operator_code(code) for code in root.tables(1)]
    buffers = tuple(_buffer(entry, data) for entry in root.tables(4))
    subgraphs = tuple(_subgraph(entry, codes, len(buffers)) for entry in root.tables(2))
    if not subgraphs:
        raise MalformedError("it has no subgraph")
    metadata = tuple(MetadataEntry(entry.text(0), entry.number(1, "I")) for entry in root.tables(6))
    if any(entry.buffer >= len(buffers) for entry in metadata):
        raise MalformedError("a metadata entry names a buffer that is not there")
    if any(not 0 <= index < len(buffers) for index in root.integers(5)):
        raise MalformedError("its metadata names a buffer that is not there")
    signatures = tuple(_signature(entry, subgraphs) for entry in root.tables(7))
    return Model(name, root.number(0, "I"), root.text(3), subgraphs, buffers, metadata, signatures, data)


def _operator_code(entry: Table) -> tuple[str, int]:
    # Codes above 127 do not fit the old 8-bit field, which then holds a placeholder below them.
    code = max(entry.number(0, "b"), entry.number(3, "i"))
    if not 0 <= code < len(OPERATOR_NAMES):
        raise MalformedError(f"operator code {code} is not known")
    name = OPERATOR_NAMES[code]
    custom = entry.text(1)
    if len(custom) > _LONGEST_CUSTOM_NAME:
        raise MalformedError("a custom operator's name is longer than any")
    return (f"CUSTOM:{custom}" if name == "CUSTOM" else name), entry.number(2, "i", 1)


def _buffer(entry: Table, data: bytes) -> BufferSpan:
    span = entry.span(0)
    offset, size = entry.number(1, "Q"), entry.number(2, "Q")
    if span is None and offset > 1:
        # Large models keep their weights after the flatbuffer and point to them from the file's start.
        if offset + size > len(data):
            raise MalformedError("a buffer lies outside the file")
        span = offset, size
    return BufferSpan(*(span or (0, 0)))


def _subgraph(entry: Table, codes: list[tuple[str, int]], buffers: int) -> Subgraph:
    tensors = tuple(_tensor(index, part, buffers) for index, part in enumerate(entry.tables(0)))
    operators = tuple(_operator(index, part, codes, len(tensors)) for index, part in enumerate(entry.tables(3)))
    inputs, outputs = entry.integers(1), entry.integers(2)
    if any(not 0 <= index < len(tensors) for index in (*inputs, *outputs)):
        raise MalformedError("the graph's inputs or outputs name a tensor that is not there")
    return Subgraph(entry.text(4), tensors, operators, inputs, outputs)


def _tensor(index: int, entry: Table, buffers: int) -> Tensor:
    shape, signature = entry.integers(0), entry.integers(7)
    code, buffer, sparsity = entry.number(1, "b"), entry.number(2, "I"), entry.table(6)
    if len(shape) > MAX_RANK or any(size < 0 for size in shape):  # a size that may change is -1 in the signature alone
        raise MalformedError(f"tensor {index} has an impossible shape")
    if not 0 <= code < len(_DTYPES):
        raise MalformedError(f"tensor {index} has an unknown type")
    if buffer >= max(buffers, 1):
        raise MalformedError(f"tensor {index} names a buffer that is not there")
    return Tensor(
        index=index,
        name=entry.text(3),
        shape=shape,
        signature=signature or shape,
        dtype=_DTYPES[code],
        buffer=buffer,
        sparsity=None if sparsity is None else _sparsity(sparsity),
        quantization=_quantization(entry.table(4)),
        variable=bool(entry.number(5, "?")),
    )


def _sparsity(entry: Table) -> Sparsity:
    return Sparsity(entry.integers(0), entry.integers(1), tuple(_level(level) for level in entry.tables(2)))


def _level(entry: Table) -> SparseLevel:
    if entry.number(0, "b") == 0:
        return SparseLevel(size=entry.number(1, "i"))
    return SparseLevel(size=0, segments=_index_vector(entry, 2), indices=_index_vector(entry, 4))


def _index_vector(entry: Table, slot: int) -> Any:
    """The union of three vector widths at `slot` (its type) and `slot + 1` (the vector)."""
    dtype, vector = _INDEX_DTYPES.get(entry.number(slot, "B")), entry.table(slot + 1)
    if dtype is None or vector is None:
        raise MalformedError("a sparse tensor lacks its index arrays")
    return vector.array(0, dtype)


def _quantization(entry: Table | None) -> Quantization | None:
    if entry is None:
        return None
    scale, zero = entry.numbers(2, "<f4"), entry.numbers(3, "<i8")
    if not scale:
        return None
    return Quantization(scale, zero or (0,) * len(scale), entry.number(6, "i"))


def _operator(index: int, entry: Table, codes: list[tuple[str, int]], tensors: int) -> Operator:
    code, inputs, outputs = entry.number(0, "I"), entry.integers(1), entry.integers(2)
    if code >= len(codes):
        raise MalformedError(f"operator {index} names a code that is not there")
    if any(not -1 <= i < tensors for i in inputs) or any(not 0 <= i < tensors for i in outputs):
        raise MalformedError(f"operator {index} names a tensor that is not there")
    name, version = codes[code]
    reader = _OPTION_READERS.get(entry.number(3, "B"))
    table = entry.table(4) if reader else None
    options = reader(table) if reader and table else Options()
    return Operator(index, name, version, inputs, outputs, options)


def _signature(entry: Table, subgraphs: tuple[Subgraph, ...]) -> Signature:
    subgraph = entry.number(4, "I")
    if subgraph >= len(subgraphs):
        raise MalformedError("a signature names a subgraph that is not there")
    inputs, outputs = ({part.text(0): part.number(1, "I") for part in entry.tables(slot)} for slot in (0, 1))
    if any(index >= len(subgraphs[subgraph].tensors) for index in (*inputs.values(), *outputs.values())):
        raise MalformedError("a signature names a tensor that is not there")
    return Signature(entry.text(2), subgraph, inputs, outputs)


def _padding(table: Table, slot: int) -> PaddingName:
    code = table.number(slot, "b")
    if not 0 <= code < len(_PADDINGS):
        raise MalformedError("an operator has an unknown padding")
    return _PADDINGS[code]


def _activation(table: Table, slot: int) -> str:
    code = table.number(slot, "b")
    if not 0 <= code < len(_ACTIVATIONS):
        raise MalformedError("an operator has an unknown fused activation")
    return _ACTIVATIONS[code]


def _height_width(table: Table, width_slot: int, height_slot: int, default: int = 0) -> tuple[int, int]:
    return table.number(height_slot, "i", default), table.number(width_slot, "i", default)


def _conv(table: Table) -> Options:
    return Options(
        padding=_padding(table, 0),
        strides=_height_width(table, 1, 2),
        activation=_activation(table, 3),
        dilation=_height_width(table, 4, 5, 1),
    )


def _depthwise(table: Table) -> Options:
    return Options(
        padding=_padding(table, 0),
        strides=_height_width(table, 1, 2),
        depth_multiplier=table.number(3, "i"),
        activation=_activation(table, 4),
        dilation=_height_width(table, 5, 6, 1),
    )


def _pool(table: Table) -> Options:
    return Options(
        padding=_padding(table, 0),
        strides=_height_width(table, 1, 2),
        window=_height_width(table, 3, 4),
        activation=_activation(table, 5),
    )


def _transpose_conv(table: Table) -> Options:
    return Options(padding=_padding(table, 0), strides=_height_width(table, 1, 2), activation=_activation(table, 3))


def _fused(table: Table) -> Options:
    return Options(activation=_activation(table, 0))


_OPTION_READERS: dict[int, Callable[[Table], Options]] = {
    1: _conv,
    2: _depthwise,
    5: _pool,
    8: lambda t: Options(activation=_activation(t, 0), keep_dims=bool(t.number(2, "?"))),  # FULLY_CONNECTED
    9: lambda t: Options(beta=t.real(0)),  # SOFTMAX
    10: lambda t: Options(axis=t.number(0, "i"), activation=_activation(t, 1)),  # CONCATENATION
    11: _fused,  # ADD
    15: lambda t: Options(align_corners=bool(t.number(2, "?")), half_pixel_centers=bool(t.number(3, "?"))),  # bilinear
    17: lambda t: Options(new_shape=t.integers(0)),  # RESHAPE
    19: lambda t: Options(block_size=t.number(0, "i")),  # SPACE_TO_DEPTH
    21: _fused,  # MUL
    27: lambda t: Options(keep_dims=bool(t.number(0, "?"))),  # MEAN, SUM and other reductions
    28: _fused,  # SUB
    29: _fused,  # DIV
    30: lambda t: Options(squeeze_dims=t.integers(0)),  # SQUEEZE
    49: _transpose_conv,
    74: lambda t: Options(align_corners=bool(t.number(0, "?")), half_pixel_centers=bool(t.number(1, "?"))),  # nearest
    75: lambda t: Options(alpha=t.real(0)),  # LEAKY_RELU
    94: lambda t: Options(block_size=t.number(0, "i")),  # DEPTH_TO_SPACE
}
"""Readers by the number of the options table in the schema's `BuiltinOptions` union."""
