"""Small TFLite files, one operator at a time, to hold the rules against: written with LiteRT's own schema classes."""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from zoo.tflite import Sparsity, encode

OPERATOR = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions
RELU = schema.ActivationFunctionType.RELU
NONE = schema.ActivationFunctionType.NONE
PADDINGS = {"SAME": schema.Padding.SAME, "VALID": schema.Padding.VALID}
TYPES = {"float32": 0, "float16": 1, "int32": 2}
INDEX_TYPES = {
    "int32": (1, schema.Int32VectorT),
    "uint16": (2, schema.Uint16VectorT),
    "uint8": (3, schema.Uint8VectorT),
}


class Graph:
    """Grows a graph; every method returns the tensor that it makes."""

    def __init__(self, shape: tuple[int, ...] = (1, 16, 16, 3), *, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._buffers = [schema.BufferT()]
        self.tensors: list[schema.TensorT] = []
        self._operators: list[schema.OperatorT] = []
        self._codes: dict[int, int] = {}
        self._outputs: list[int] = []
        self.input = self._tensor("input", shape)

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(self.tensors[tensor].shape)

    def weights(self, shape: tuple[int, ...], *, zeros: float = 0.0, stored: str = "dense") -> int:
        """A float16 constant, `zeros` of it zero, read through DEQUANTIZE and, if stored sparse, DENSIFY."""
        values = (self._random.uniform(0.1, 1.0, shape) * self._random.choice([-1.0, 1.0], shape)).astype(np.float16)
        values.ravel()[self._random.permutation(values.size)[: round(zeros * values.size)]] = 0
        if stored == "sparse":
            kept, sparsity = encode(values, compressed=[False] * (len(shape) - 1) + [True])
            packed = self._constant(kept, shape=shape, sparsity=_sparsity(sparsity))
            held = self._apply(OPERATOR.DENSIFY, [packed], shape, dtype="float16")
        else:
            held = self._constant(values)
        return self._apply(OPERATOR.DEQUANTIZE, [held], shape)

    def conv(
        self,
        x: int,
        filters: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        padding: str = "SAME",
        zeros: float = 0.9,
        stored: str | None = None,
        dilation: int = 1,
        activation: int = RELU,
    ) -> int:
        batch, height, width, depth = self.shape(x)
        weights = self.weights(
            (filters, kernel, kernel, depth),
            zeros=zeros if kernel == 1 else 0.0,
            stored=stored or ("sparse" if kernel == 1 else "dense"),
        )
        out = _out(height, kernel, stride, padding, dilation), _out(width, kernel, stride, padding, dilation)
        options = schema.Conv2DOptionsT(PADDINGS[padding], stride, stride, activation, dilation, dilation)
        inputs = [x, weights, self.weights((filters,))]
        return self._apply(OPERATOR.CONV_2D, inputs, (batch, *out, filters), OPTIONS.Conv2DOptions, options)

    def stem(self, filters: int = 8) -> int:
        """The first convolution as XNNPACK wants it: explicit PAD 1, then 3x3, stride 2, VALID."""
        return self.stem_of(self.input, filters)

    def stem_of(self, x: int, filters: int = 8) -> int:
        return self.conv(self.pad(x), filters, kernel=3, stride=2, padding="VALID")

    def scaled_input(self) -> int:
        return self.multiply(self.input, self.weights((1, 1, 1, 1)))

    def depthwise(
        self, x: int, *, kernel: int = 3, stride: int = 1, padding: str = "SAME", multiplier: int = 1, dilation: int = 1
    ) -> int:
        batch, height, width, depth = self.shape(x)
        weights = self.weights((1, kernel, kernel, depth * multiplier))
        out = _out(height, kernel, stride, padding, dilation), _out(width, kernel, stride, padding, dilation)
        options = schema.DepthwiseConv2DOptionsT(
            PADDINGS[padding], stride, stride, multiplier, RELU, dilation, dilation
        )
        inputs = [x, weights, self.weights((depth * multiplier,))]
        shape = (batch, *out, depth * multiplier)
        return self._apply(OPERATOR.DEPTHWISE_CONV_2D, inputs, shape, OPTIONS.DepthwiseConv2DOptions, options)

    def pad(self, x: int, *, before: int = 1, after: int = 1, channels: int = 0) -> int:
        amounts = np.array([[0, 0], [before, after], [before, after], [0, channels]], np.int32)
        shape = tuple(int(size + pads.sum()) for size, pads in zip(self.shape(x), amounts, strict=True))
        return self._apply(OPERATOR.PAD, [x, self._constant(amounts)], shape, OPTIONS.PadOptions, schema.PadOptionsT())

    def add(self, x: int, y: int) -> int:
        return self._apply(OPERATOR.ADD, [x, y], self.shape(x), OPTIONS.AddOptions, schema.AddOptionsT(NONE))

    def subtract(self, x: int, y: int) -> int:
        return self._apply(OPERATOR.SUB, [x, y], self.shape(x), OPTIONS.SubOptions, schema.SubOptionsT(NONE))

    def multiply(self, x: int, y: int) -> int:
        return self._apply(OPERATOR.MUL, [x, y], self.shape(x), OPTIONS.MulOptions, schema.MulOptionsT(NONE))

    def unary(self, x: int, name: str) -> int:
        return self._apply(getattr(OPERATOR, name), [x], self.shape(x))

    def prelu(self, x: int) -> int:
        return self._apply(OPERATOR.PRELU, [x, self.weights((1, 1, self.shape(x)[-1]))], self.shape(x))

    def max_pool(self, x: int) -> int:
        batch, height, width, depth = self.shape(x)
        options = schema.Pool2DOptionsT(PADDINGS["VALID"], 2, 2, 2, 2, NONE)
        shape = (batch, height // 2, width // 2, depth)
        return self._apply(OPERATOR.MAX_POOL_2D, [x], shape, OPTIONS.Pool2DOptions, options)

    def resize(self, x: int, scale: int = 2) -> int:
        batch, height, width, depth = self.shape(x)
        size = np.array([height * scale, width * scale], np.int32)
        options = schema.ResizeBilinearOptionsT(False, True)
        shape = (batch, height * scale, width * scale, depth)
        return self._apply(
            OPERATOR.RESIZE_BILINEAR, [x, self._constant(size)], shape, OPTIONS.ResizeBilinearOptions, options
        )

    def mean(self, x: int, *, keep_dims: bool = False) -> int:
        batch, _, _, depth = self.shape(x)
        options = schema.ReducerOptionsT(keep_dims)
        shape = (batch, 1, 1, depth) if keep_dims else (batch, depth)
        axes = self._constant(np.array([1, 2], np.int32))
        return self._apply(OPERATOR.MEAN, [x, axes], shape, OPTIONS.ReducerOptions, options)

    def dense(self, x: int, units: int, *, zeros: float = 0.0) -> int:
        batch, depth = self.shape(x)
        options = schema.FullyConnectedOptionsT(NONE)
        inputs = [x, self.weights((units, depth), zeros=zeros), self.weights((units,))]
        return self._apply(
            OPERATOR.FULLY_CONNECTED, inputs, (batch, units), OPTIONS.FullyConnectedOptions, options, version=1
        )

    def depth_to_space(self, x: int, block: int = 2) -> int:
        batch, height, width, depth = self.shape(x)
        shape = (batch, height * block, width * block, depth // block**2)
        options = schema.DepthToSpaceOptionsT(block)
        return self._apply(OPERATOR.DEPTH_TO_SPACE, [x], shape, OPTIONS.DepthToSpaceOptions, options)

    def reshape(self, x: int, shape: tuple[int, ...]) -> int:
        options = schema.ReshapeOptionsT(list(shape))
        target = self._constant(np.array(shape, np.int32))
        return self._apply(OPERATOR.RESHAPE, [x, target], shape, OPTIONS.ReshapeOptions, options)

    def concatenate(self, x: int, y: int) -> int:
        shape = (*self.shape(x)[:-1], self.shape(x)[-1] + self.shape(y)[-1])
        options = schema.ConcatenationOptionsT(-1, NONE)
        return self._apply(OPERATOR.CONCATENATION, [x, y], shape, OPTIONS.ConcatenationOptions, options)

    def output(self, *tensors: int) -> bytes:
        """The file, with these tensors as its outputs."""
        graph = schema.SubGraphT(self.tensors, [self.input], list(tensors), self._operators, "main")
        codes = [schema.OperatorCodeT(min(code, 127), None, 1, code) for code in self._codes]
        model = schema.ModelT(3, codes, [graph], "test graph", self._buffers)
        import flatbuffers

        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def _tensor(self, name: str, shape: tuple[int, ...], dtype: str = "float32", buffer: int = 0) -> int:
        self.tensors.append(schema.TensorT(list(shape), TYPES[dtype], buffer, name))
        return len(self.tensors) - 1

    def _constant(
        self,
        values: np.ndarray,
        *,
        shape: tuple[int, ...] | None = None,
        sparsity: schema.SparsityParametersT | None = None,
    ) -> int:
        raw = np.frombuffer(values.tobytes(), np.uint8)
        self._buffers.append(schema.BufferT(raw))
        name = f"constant_{len(self._buffers)}"
        index = self._tensor(name, shape or values.shape, values.dtype.name, len(self._buffers) - 1)
        self.tensors[index].sparsity = sparsity
        return index

    def _apply(
        self,
        code: int,
        inputs: list[int],
        shape: tuple[int, ...],
        options_type: int = 0,
        options: object = None,
        *,
        dtype: str = "float32",
        version: int = 1,
    ) -> int:
        output = self._tensor(f"value_{len(self.tensors)}", shape, dtype)
        place = self._codes.setdefault(code, len(self._codes))
        self._operators.append(schema.OperatorT(place, inputs, [output], options_type, options))
        return output


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
