"""This project's words for LiteRT's schema classes, for writing: types, operator options, sparse storage, packing."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt

from zoo.files import MAX_WRITTEN_BYTES
from zoo.tflite._model import Sparsity

BUFFER_ALIGNMENT = 16
"""`force_align` of `Buffer.data` in LiteRT's schema; kernels may load weights by the full vector."""
_FILE_IDENTIFIER = b"TFL3"
_DTYPES = {
    **{"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7, "int8": 9},
    **{"float64": 10, "uint64": 12, "uint32": 15, "uint16": 16},
}
_PADDINGS = {"SAME": 0, "VALID": 1}
_ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}

OPTION_NAMES: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "padding": lambda value: {"padding": _PADDINGS[value]},
    "strides": lambda value: {"strideH": value[0], "strideW": value[1]},
    "dilation": lambda value: {"dilationHFactor": value[0], "dilationWFactor": value[1]},
    "window": lambda value: {"filterHeight": value[0], "filterWidth": value[1]},
    "activation": lambda value: {"fusedActivationFunction": _ACTIVATIONS[value]},
    "depth_multiplier": lambda value: {"depthMultiplier": value},
    "block_size": lambda value: {"blockSize": value},
    "align_corners": lambda value: {"alignCorners": value},
    "half_pixel_centers": lambda value: {"halfPixelCenters": value},
    "keep_dims": lambda value: {"keepDims": value},
    "new_shape": lambda value: {"newShape": list(value)},
}
"""From a field of `Options` to the attributes of the schema's option tables."""

_OPTION_TABLES = {
    "ADD": "AddOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "PAD": "PadOptions",
    "RESHAPE": "ReshapeOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
    "REVERSE_V2": "ReverseV2Options",
    "SLICE": "SliceOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
}
"""Kinds whose options this project writes; others are written without."""


def dtype_code(dtype: str) -> int:
    """The schema's number of a NumPy type."""
    return _DTYPES[dtype]


def options_of(kind: str, options: Mapping[str, Any]) -> tuple[int, Any]:
    """The union's number and table for an operator's options, with the schema's defaults for what is not given."""
    from ai_edge_litert import schema_py_generated as schema

    name = _OPTION_TABLES.get(kind)
    if name is None:
        if options:
            raise ValueError(f"options of {kind} are not written by this project")
        return 0, None
    table = getattr(schema, f"{name}T")()
    for key, value in options.items():
        for attribute, number in OPTION_NAMES[key](value).items():
            if not hasattr(table, attribute):
                raise ValueError(f"{kind} has no option '{key}'")
            setattr(table, attribute, number)
    return int(getattr(schema.BuiltinOptions, name)), table


def sparsity_tree(sparsity: Sparsity) -> Any:
    """TACO storage as the schema's tables."""
    from ai_edge_litert import schema_py_generated as schema

    levels = []
    for level in sparsity.levels:
        entry = schema.DimensionMetadataT(int(level.compressed), level.size)
        if level.segments is not None and level.indices is not None:
            entry.arraySegmentsType, entry.arraySegments = _index_vector(level.segments)
            entry.arrayIndicesType, entry.arrayIndices = _index_vector(level.indices)
        levels.append(entry)
    return schema.SparsityParametersT(list(sparsity.traversal_order), list(sparsity.block_map), levels)


def _index_vector(values: npt.NDArray[Any]) -> tuple[int, Any]:
    from ai_edge_litert import schema_py_generated as schema

    name = {"int32": "Int32Vector", "uint16": "Uint16Vector", "uint8": "Uint8Vector"}[values.dtype.name]
    return int(getattr(schema.SparseIndexVector, name)), getattr(schema, f"{name}T")(values)


COPY_ERRORS = (
    *(AssertionError, AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError),
    struct.error,
)
"""What the schema classes raise at bytes or trees that are not what they expect."""


class PackError(Exception):
    """The tree cannot become a file; the caller names the model."""


def pack_tree(tree: Any) -> bytes:
    """The object tree of a model as a file. Raises PackError where it is too large, or holds what no field can."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    class AlignedBuffer(schema.BufferT):  # type: ignore[misc]
        """The generated class packs bytes unaligned."""

        def Pack(self, builder: Any) -> Any:  # noqa: N802 - the generated name
            vector = None
            if self.data is not None and len(self.data):
                raw = bytes(self.data)
                builder.StartVector(1, len(raw), BUFFER_ALIGNMENT)
                builder.head -= len(raw)
                builder.Bytes[builder.Head() : builder.Head() + len(raw)] = raw
                vector = builder.EndVector()
            schema.BufferStart(builder)
            if vector is not None:
                schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    class BoundedBuilder(flatbuffers.Builder):  # type: ignore[misc]
        """The library's doubles its memory up to 2 GiB: a few bytes that many operators share ask for that."""

        def GrowByteBuffer(self) -> None:  # noqa: N802 - the library's name
            if 2 * len(self.Bytes) > MAX_WRITTEN_BYTES:
                raise PackError("it would be larger than the 128 MiB that this zoo writes")
            super().GrowByteBuffer()

    tree.buffers = [AlignedBuffer(data=buffer.data) for buffer in tree.buffers or []]
    builder = BoundedBuilder(1 << 20)
    try:
        builder.Finish(tree.Pack(builder), file_identifier=_FILE_IDENTIFIER)
    except COPY_ERRORS as error:
        raise PackError("a field holds what its type cannot") from error
    return bytes(memoryview(builder.Bytes)[builder.Head() :])
