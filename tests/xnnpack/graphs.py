"""Small TFLite files, one operator at a time, to hold the rules against: written with LiteRT's own schema classes."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from zoo.tflite import Sparsity, encode

OPERATOR = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions
RELU = schema.ActivationFunctionType.RELU
NONE = schema.ActivationFunctionType.NONE
ACTIVATIONS = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3, "tanh": 4, "sign_bit": 5}
PADDINGS = {"SAME": schema.Padding.SAME, "VALID": schema.Padding.VALID}
TYPES = {"float32": 0, "float16": 1, "int32": 2, "int8": 9}
INDEX_TYPES = {
    "int32": (1, schema.Int32VectorT),
    "uint16": (2, schema.Uint16VectorT),
    "uint8": (3, schema.Uint8VectorT),
}
OPTION_TABLES = {
    **{"SUM": "Reducer", "MEAN": "Reducer", "REDUCE_MAX": "Reducer", "AVERAGE_POOL_2D": "Pool2D", "PADV2": "PadV2"},
    **{"MAXIMUM": "MaximumMinimum", "MINIMUM": "MaximumMinimum", "L2_NORMALIZATION": "L2Norm", "ADD": "Add"},
    **{"CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2D", "MUL": "Mul", "SUB": "Sub", "DIV": "Div"},
    **{"PAD": "Pad", "MIRROR_PAD": "MirrorPad", "MAX_POOL_2D": "Pool2D", "RESIZE_BILINEAR": "ResizeBilinear"},
    **{"DEPTH_TO_SPACE": "DepthToSpace", "SPACE_TO_DEPTH": "SpaceToDepth", "CONCATENATION": "Concatenation"},
    **{"FULLY_CONNECTED": "FullyConnected", "RESHAPE": "Reshape", "SOFTMAX": "Softmax", "SLICE": "Slice"},
    **{"STRIDED_SLICE": "StridedSlice", "TRANSPOSE": "Transpose", "TRANSPOSE_CONV": "TransposeConv"},
    **{"LEAKY_RELU": "LeakyRelu", "SQUEEZE": "Squeeze", "SQUARED_DIFFERENCE": "SquaredDifference"},
    **{"RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighbor", "REVERSE_V2": "ReverseV2", "GELU": "Gelu"},
}
"""Operators whose options are written, and what the schema calls the table."""
HALVES = ("dense", "sparse", "blocks")
"""Ways to store weights as float16."""
Pair = int | tuple[int, int]
MAX_OLD_CODE = 127
"""Codes above it are in a field of their own, which older readers do not know."""


class Graph:
    """Grows a graph; every method returns the tensor that it makes. Sizes are (batch, height, width, channels)."""

    def __init__(self, shape: tuple[int, ...] = (1, 16, 16, 3), *, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._buffers = [schema.BufferT()]
        self.tensors: list[schema.TensorT] = []
        self._operators: list[schema.OperatorT] = []
        self._codes: dict[int, int] = {}
        self._inputs: list[int] = []
        self.input = self.new_input("input", shape)

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(self.tensors[tensor].shape)

    def new_input(self, name: str, shape: tuple[int, ...]) -> int:
        """Another input of the model."""
        self._inputs.append(self._tensor(name, shape))
        return self._inputs[-1]

    def apply(
        self, kind: str, *inputs: int, shape: tuple[int, ...] | None = None, dtype: str = "float32", **options: object
    ) -> int:
        """Any operator, by its schema name; `shape` where it is not the first input's. Options have schema names."""
        table, number = None, 0
        if kind in OPTION_TABLES:
            name = f"{OPTION_TABLES[kind]}Options"
            table, number = getattr(schema, f"{name}T")(), getattr(OPTIONS, name)
            for key, value in options.items():
                assert hasattr(table, key), f"{kind} has no option {key}"
                setattr(table, key, value)
        output = self._tensor(f"value_{len(self.tensors)}", shape or self.shape(inputs[0]), dtype)
        place = self._codes.setdefault(getattr(OPERATOR, kind), len(self._codes))
        self._operators.append(schema.OperatorT(place, list(inputs), [output], number, table))
        return output

    def weights(self, shape: tuple[int, ...], *, zeros: float = 0.0, stored: str = "dense") -> int:
        """A constant, `zeros` of it zero, no number alike, as the operator that is to read it gets it.

        `stored`: `dense` is float16 through DEQUANTIZE, `sparse` the same through DENSIFY too, with the innermost
        dimension compressed, and `blocks` with blocks of 4 by 1; `float32` and `sparse_float32` need no DEQUANTIZE;
        `int8` and `sparse_int8` are quantised and go through DEQUANTIZE.
        """
        values = self._random.uniform(0.1, 1.0, shape) * self._random.choice([-1.0, 1.0], shape)
        values.ravel()[self._random.permutation(values.size)[: round(zeros * values.size)]] = 0
        if stored in ("float32", "sparse_float32"):
            values = values.astype(np.float32)
            return self.constant(values) if stored == "float32" else self._densified(values)
        if stored in ("int8", "sparse_int8"):
            integers = np.round(values * 127).astype(np.int8)
            held = self._densified(integers) if stored == "sparse_int8" else self.constant(integers)
            return self.apply("DEQUANTIZE", held)
        half = values.astype(np.float16)
        held = self.constant(half) if stored == "dense" else self._densified(half, blocks=stored == "blocks")
        return self.apply("DEQUANTIZE", held)

    def constant(self, values: np.ndarray) -> int:
        """An array as it is."""
        return self._stored(values, tuple(values.shape), None)

    def integers(self, *values: int) -> int:
        """A list of int32, as shapes, axes and sizes are given."""
        return self.constant(np.array(values, np.int32))

    def conv(
        self,
        x: int,
        filters: int,
        *,
        kernel: Pair = 1,
        stride: Pair = 1,
        padding: str = "SAME",
        zeros: float = 0.9,
        stored: str | None = None,
        dilation: int = 1,
        activation: int = RELU,
        groups: int = 1,
        bias: str | None = None,
    ) -> int:
        """`stored` and `bias` are as in `weights`: the kernel is stored sparse if 1x1, the bias as dense as it is."""
        batch, height, width, depth = self.shape(x)
        (rows, columns), (down, right) = _pair(kernel), _pair(stride)
        pointwise = (rows, columns) == (1, 1)
        stored = stored or ("sparse" if pointwise else "dense")
        bias = bias or ("dense" if stored in HALVES else "float32")
        weights = self.weights(
            (filters, rows, columns, depth // groups), zeros=zeros if pointwise else 0.0, stored=stored
        )
        out = _out(height, rows, down, padding, dilation), _out(width, columns, right, padding, dilation)
        return self.apply(
            "CONV_2D",
            *(x, weights, self.weights((filters,), stored=bias)),
            shape=(batch, *out, filters),
            padding=PADDINGS[padding],
            strideH=down,
            strideW=right,
            fusedActivationFunction=activation,
            dilationHFactor=dilation,
            dilationWFactor=dilation,
        )

    def stem(self, filters: int = 8, **options: Any) -> int:
        """The first convolution as XNNPACK wants it: explicit PAD 1, then 3x3, stride 2, VALID."""
        return self.stem_of(self.input, filters, **options)

    def stem_of(self, x: int, filters: int = 8, **options: Any) -> int:
        return self.conv(self.pad(x), filters, kernel=3, stride=2, padding="VALID", **options)

    def scaled_input(self) -> int:
        return self.multiply(self.input, self.weights((1, 1, 1, 1)))

    def depthwise(
        self,
        x: int,
        *,
        kernel: Pair = 3,
        stride: Pair = 1,
        padding: str = "SAME",
        multiplier: int = 1,
        dilation: int = 1,
        activation: int = RELU,
        zeros: float = 0.0,
    ) -> int:
        batch, height, width, depth = self.shape(x)
        (rows, columns), (down, right) = _pair(kernel), _pair(stride)
        out = _out(height, rows, down, padding, dilation), _out(width, columns, right, padding, dilation)
        filters = depth * multiplier
        return self.apply(
            "DEPTHWISE_CONV_2D",
            *(x, self.weights((1, rows, columns, filters), zeros=zeros), self.weights((filters,))),
            shape=(batch, *out, filters),
            padding=PADDINGS[padding],
            strideH=down,
            strideW=right,
            depthMultiplier=multiplier,
            fusedActivationFunction=activation,
            dilationHFactor=dilation,
            dilationWFactor=dilation,
        )

    def pad(self, x: int, *, before: int = 1, after: int = 1, channels: int = 0, kind: str = "PAD") -> int:
        amounts = np.array([[0, 0], [before, after], [before, after], [0, channels]], np.int32)
        shape = tuple(int(size + pads.sum()) for size, pads in zip(self.shape(x), amounts, strict=True))
        more = [self.constant(np.zeros(1, np.float32))] if kind == "PADV2" else []
        return self.apply(kind, x, self.constant(amounts), *more, shape=shape)

    def add(self, x: int, y: int, activation: int = NONE) -> int:
        return self.binary("ADD", x, y, fusedActivationFunction=activation)

    def subtract(self, x: int, y: int) -> int:
        return self.binary("SUB", x, y)

    def multiply(self, x: int, y: int, activation: int = NONE) -> int:
        return self.binary("MUL", x, y, fusedActivationFunction=activation)

    def unary(self, x: int, name: str) -> int:
        return self.apply(name, x)

    def prelu(self, x: int) -> int:
        return self.apply("PRELU", x, self.weights((1, 1, self.shape(x)[-1])))

    def max_pool(self, x: int) -> int:
        return self.pool(x, "MAX_POOL_2D")

    def pool(self, x: int, kind: str) -> int:
        batch, height, width, depth = self.shape(x)
        window = {"strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2, "padding": PADDINGS["VALID"]}
        return self.apply(kind, x, shape=(batch, height // 2, width // 2, depth), **window)

    def resize(self, x: int, scale: int = 2, *, half_pixel: bool = True, align: bool = False) -> int:
        batch, height, width, depth = self.shape(x)
        size = (height * scale, width * scale)
        options = {"alignCorners": align, "halfPixelCenters": half_pixel}
        return self.apply("RESIZE_BILINEAR", x, self.integers(*size), shape=(batch, *size, depth), **options)

    def mean(self, x: int, *, axes: tuple[int, ...] = (1, 2), keep_dims: bool = False, kind: str = "MEAN") -> int:
        sizes = self.shape(x)
        gone = {axis % len(sizes) for axis in axes}
        kept = [1 if place in gone else size for place, size in enumerate(sizes) if keep_dims or place not in gone]
        return self.apply(kind, x, self.integers(*axes), shape=tuple(kept), keepDims=keep_dims)

    def dense(self, x: int, units: int, *, zeros: float = 0.0, stored: str = "dense") -> int:
        """FULLY_CONNECTED over the last dimension."""
        *others, depth = self.shape(x)
        weights = self.weights((units, depth), zeros=zeros, stored=stored)
        options = {"keepNumDims": True} if len(others) > 1 else {}
        return self.apply("FULLY_CONNECTED", x, weights, self.weights((units,)), shape=(*others, units), **options)

    def depth_to_space(self, x: int, block: int = 2) -> int:
        batch, height, width, depth = self.shape(x)
        shape = (batch, height * block, width * block, depth // block**2)
        return self.apply("DEPTH_TO_SPACE", x, shape=shape, blockSize=block)

    def reshape(self, x: int, shape: tuple[int, ...]) -> int:
        return self.apply("RESHAPE", x, self.integers(*shape), shape=shape, newShape=list(shape))

    def flat(self, x: int) -> int:
        return self.reshape(x, (1, int(np.prod(self.shape(x)))))

    def concatenate(self, x: int, y: int) -> int:
        shape = (*self.shape(x)[:-1], self.shape(x)[-1] + self.shape(y)[-1])
        return self.apply("CONCATENATION", x, y, shape=shape, axis=-1)

    def output(self, *tensors: int) -> bytes:
        """The file, with these tensors as its outputs."""
        graph = schema.SubGraphT(self.tensors, self._inputs, list(tensors), self._operators, "main")
        codes = [schema.OperatorCodeT(min(code, MAX_OLD_CODE), None, 1, code) for code in self._codes]
        model = schema.ModelT(3, codes, [graph], "test graph", self._buffers)
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def binary(self, kind: str, x: int, y: int, **options: object) -> int:
        shape = tuple(int(size) for size in np.broadcast_shapes(self.shape(x), self.shape(y)))
        return self.apply(kind, x, y, shape=shape, **options)

    def _densified(self, values: np.ndarray, *, blocks: bool = False) -> int:
        rank = values.ndim
        if blocks:
            compressed = [False] * (rank - 1) + [True, False]
            kept, sparsity = encode(values, compressed=compressed, block_map=[0], block_sizes=[4])
        else:
            kept, sparsity = encode(values, compressed=[False] * (rank - 1) + [True])
        packed = self._stored(kept, values.shape, _sparsity(sparsity))
        return self.apply("DENSIFY", packed, dtype=values.dtype.name)

    def _stored(self, values: np.ndarray, shape: tuple[int, ...], sparsity: schema.SparsityParametersT | None) -> int:
        self._buffers.append(schema.BufferT(np.frombuffer(values.tobytes(), np.uint8)))
        index = self._tensor(f"constant_{len(self._buffers)}", shape, values.dtype.name, len(self._buffers) - 1)
        self.tensors[index].sparsity = sparsity
        return index

    def _tensor(self, name: str, shape: tuple[int, ...], dtype: str = "float32", buffer: int = 0) -> int:
        self.tensors.append(schema.TensorT(list(shape), TYPES[dtype], buffer, name))
        if dtype == "int8":
            self.tensors[-1].quantization = schema.QuantizationParametersT(scale=[1 / 127], zeroPoint=[0])
        return len(self.tensors) - 1


def _pair(size: Pair) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def _out(size: int, kernel: int, stride: int, padding: str, dilation: int) -> int:
    reach = (kernel - 1) * dilation
    return -(-size // stride) if padding == "SAME" else (size - reach - 1) // stride + 1


def _sparsity(sparsity: Sparsity) -> schema.SparsityParametersT:
    levels = []
    for level in sparsity.levels:
        entry = schema.DimensionMetadataT(int(level.compressed), level.size)
        if level.segments is not None and level.indices is not None:
            entry.arraySegmentsType, entry.arraySegments = _vector(level.segments)
            entry.arrayIndicesType, entry.arrayIndices = _vector(level.indices)
        levels.append(entry)
    return schema.SparsityParametersT(list(sparsity.traversal_order), list(sparsity.block_map), levels)


def _vector(values: np.ndarray) -> tuple[int, object]:
    code, kind = INDEX_TYPES[values.dtype.name]
    return code, kind(values.tolist())
