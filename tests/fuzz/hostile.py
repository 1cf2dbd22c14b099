"""Files made by hand to hurt whoever trusts them, each one lie or one trick. `HOSTILE` has them all by name.

The trick is what the name says; where it needs a word more, the function has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.fuzz.mutators import pack
from tests.xnnpack.graphs import OPERATOR, Graph

Build = Callable[[], bytes]
HOSTILE: dict[str, Build] = {}
HUGE = 2**31 - 1
TREE_OF = schema.ModelT.InitFromPackedBuf


def hostile(build: Build) -> Build:
    """Keep the function in `HOSTILE` under its name."""
    HOSTILE[build.__name__] = build
    return build


def sparse_graph() -> bytes:
    """A sound graph that runs sparse, to spoil."""
    graph = Graph((1, 16, 16, 3))
    return graph.output(graph.mean(graph.conv(graph.conv(graph.stem(), 16), 16)))


def spoilt(change: Callable[[Any], None]) -> bytes:
    """The sound graph after a change of its object tree."""
    tree = TREE_OF(sparse_graph())
    change(tree)
    return pack(tree)


def sparse_tensors(tree: Any) -> list[Any]:
    return [tensor for tensor in tree.subgraphs[0].tensors if tensor.sparsity is not None]


def kernel_of_conv(tree: Any) -> Any:
    """The tensor that the last convolution reads as its kernel."""
    graph = tree.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in tree.operatorCodes]
    convolution = [operator for operator in graph.operators if codes[operator.opcodeIndex] == OPERATOR.CONV_2D][-1]
    return graph.tensors[convolution.inputs[1]]


def plain_model(tensors: list[Any], operators: list[Any], codes: list[int], buffers: list[bytes]) -> bytes:
    """A model of these parts; tensor 0 is its input, the last one its output."""
    graph = schema.SubGraphT(tensors, [0], [len(tensors) - 1], operators, b"main")
    stored = [schema.BufferT(data=np.frombuffer(raw, np.uint8)) for raw in buffers]
    named = [schema.OperatorCodeT(min(code, 127), None, 1, code) for code in codes]
    return pack(schema.ModelT(3, named, [graph], b"", [schema.BufferT(), *stored]))


def value(shape: list[int], name: bytes = b"value", dtype: int = 0, buffer: int = 0) -> Any:
    return schema.TensorT(shape, dtype, buffer, name)


# What is no model, or hardly one


@hostile
def empty_file() -> bytes:
    return b""


@hostile
def nothing_but_the_mark() -> bytes:
    return b"\0\0\0\0TFL3"


@hostile
def root_is_itself() -> bytes:
    return b"\4\0\0\0TFL3" + b"\0" * 64


@hostile
def vtable_inside_itself() -> bytes:
    """The table's offset leads to itself, and its own size field is read as a list of fields."""
    return b"\x08\0\0\0TFL3" + b"\0\0\0\0" + b"\x08\0\x08\0" * 16


@hostile
def vtable_longer_than_the_file() -> bytes:
    return b"\x10\0\0\0TFL3" + b"\xfe\xff\xfe\xff\0\0\0\0" + b"\x08\0\0\0" + b"\4\0" * 8


@hostile
def vtable_before_the_file() -> bytes:
    return b"\x08\0\0\0TFL3" + b"\xff\xff\xff\x7f" + b"\0" * 32


@hostile
def all_offsets_at_their_largest() -> bytes:
    return b"\x10\0\0\0TFL3" + b"\xff" * 4096


@hostile
def no_subgraph() -> bytes:
    return pack(schema.ModelT(3, [], [], b"", [schema.BufferT()]))


@hostile
def no_buffers() -> bytes:
    return spoilt(lambda tree: setattr(tree, "buffers", None))


@hostile
def nothing_but_a_graph() -> bytes:
    return pack(schema.ModelT(3, None, [schema.SubGraphT()], None, None))


@hostile
def graph_without_tensors_and_operators() -> bytes:
    return pack(schema.ModelT(3, [], [schema.SubGraphT()], b"", [schema.BufferT()]))


# Shapes


def shaped(shape: list[int]) -> Build:
    """A constant kernel that claims another shape than its bytes."""
    return lambda: spoilt(lambda tree: setattr(kernel_of_conv(tree), "shape", shape))


def sparse_shaped(shape: list[int]) -> Build:
    return lambda: spoilt(lambda tree: setattr(sparse_tensors(tree)[-1], "shape", shape))


def dense_shaped(shape: list[int]) -> Build:
    """A dense constant of that shape and 16 bytes."""

    def build() -> bytes:
        tensors = [value([1, 4]), value(shape, b"constant", buffer=1), value([1, 4])]
        return plain_model(tensors, [schema.OperatorT(0, [0, 1], [2])], [OPERATOR.ADD], [bytes(16)])

    return build


for _name, _shape in {
    "huge": [HUGE, 1, 1, HUGE],
    "negative": [16, 1, 1, -1],
    "twice_negative": [-1, 1, 1, -16],
    "minus_one_twice": [-1, 1, 1, -1],
    "minus_ones_that_multiply_to_the_right_size": [-1, -1, 2, 2],
    "empty_and_huge": [HUGE, HUGE, HUGE, 0],
    "none": [],
    "of_17_dimensions": [1] * 17,
    "of_16_huge_dimensions": [HUGE] * 16,
}.items():
    HOSTILE[f"kernel_shape_{_name}"] = shaped(_shape)
    HOSTILE[f"sparse_shape_{_name}"] = sparse_shaped(_shape)
    HOSTILE[f"dense_shape_{_name}"] = dense_shaped(_shape)


@hostile
def shape_of_a_million_dimensions() -> bytes:
    return dense_shaped([1] * 1_000_000)()


# Sparse storage


def storage(change: Callable[[Any], None]) -> Build:
    """The sound graph with the last sparse tensor's description changed."""
    return lambda: spoilt(lambda tree: change(sparse_tensors(tree)[-1].sparsity))


def _compressed(sparsity: Any) -> Any:
    return next(level for level in sparsity.dimMetadata if level.format == 1)


def _index_past_the_row(sparsity: Any) -> None:
    vector = _compressed(sparsity).arrayIndices
    vector.values = np.append(vector.values[:-1], np.uint8(255))


def _segments_run_backwards(sparsity: Any) -> None:
    segments = _compressed(sparsity).arraySegments
    segments.values = segments.values[::-1].copy()


def _segments_far_outside(sparsity: Any) -> None:
    vector = _compressed(sparsity).arraySegments
    vector.values = np.append(vector.values[:-1], np.uint8(255))


def _dense_size(size: int) -> Callable[[Any], None]:
    return lambda sparsity: setattr(sparsity.dimMetadata[0], "denseSize", size)


for _name, _change in {
    "index_outside_its_row": _index_past_the_row,
    "segments_that_run_backwards": _segments_run_backwards,
    "segments_outside_the_indices": _segments_far_outside,
    "segments_left_out": lambda s: setattr(_compressed(s), "arraySegments", None),
    "indices_of_an_unknown_type": lambda s: setattr(_compressed(s), "arrayIndicesType", 9),
    "traversal_order_that_repeats": lambda s: setattr(s, "traversalOrder", [0, 0, 1, 3]),
    "traversal_order_outside": lambda s: setattr(s, "traversalOrder", [0, 1, 2, HUGE]),
    "traversal_order_negative": lambda s: setattr(s, "traversalOrder", [0, 1, 2, -1]),
    "traversal_order_left_out": lambda s: setattr(s, "traversalOrder", None),
    "block_map_outside": lambda s: (
        setattr(s, "blockMap", [9]),
        setattr(s, "traversalOrder", [0, 1, 2, 3, 4]),
        s.dimMetadata.append(schema.DimensionMetadataT(0, 4)),
    ),
    "block_that_does_not_divide": lambda s: (
        setattr(s, "blockMap", [0]),
        setattr(s, "traversalOrder", [0, 1, 2, 3, 4]),
        s.dimMetadata.append(schema.DimensionMetadataT(0, 3)),
    ),
    "block_of_size_0": lambda s: (
        setattr(s, "blockMap", [0]),
        setattr(s, "traversalOrder", [0, 1, 2, 3, 4]),
        s.dimMetadata.append(schema.DimensionMetadataT(0, 0)),
    ),
    "dense_size_negative": _dense_size(-1),
    "dense_size_huge": _dense_size(HUGE),
    "dense_size_0": _dense_size(0),
    "levels_left_out": lambda s: setattr(s, "dimMetadata", None),
}.items():
    HOSTILE[_name] = storage(_change)


def one_value(rows: int) -> Any:
    """Storage of a tensor of that many rows, as long as one likes, that holds one value in all."""
    segments = schema.Uint8VectorT(np.array([0] + [1] * rows, np.uint8))
    indices = schema.Uint8VectorT(np.zeros(1, np.uint8))
    levels = [schema.DimensionMetadataT(0, rows), schema.DimensionMetadataT(1, 0, 3, segments, 3, indices)]
    return schema.SparsityParametersT([0, 1], None, levels)


def sparse_bomb(tensors: int, rows: int, length: int) -> bytes:
    """Sparse constants of a few bytes each that would be gigabytes when dense."""
    parts = [value([1, 4])]
    for number in range(tensors):
        stored = value([rows, length], b"bomb %d" % number, dtype=1, buffer=1)
        stored.sparsity = one_value(rows)
        parts += [stored, value([rows, length], b"out %d" % number, dtype=1)]
    operators = [schema.OperatorT(0, [2 * number + 1], [2 * number + 2]) for number in range(tensors)]
    return plain_model(parts, operators, [OPERATOR.DENSIFY], [bytes(2)])


@hostile
def sparse_bomb_in_one_tensor() -> bytes:
    return sparse_bomb(1, 1, HUGE)


@hostile
def sparse_bomb_of_many_tensors() -> bytes:
    return sparse_bomb(100, 1, 1 << 24)


@hostile
def sparse_bomb_in_dense_levels() -> bytes:
    """Rows that are declared, not stored: the walk over them must not be made."""
    stored = value([HUGE // 2, 2], b"bomb", dtype=9, buffer=1)
    stored.sparsity = one_value(1)
    stored.sparsity.dimMetadata[0].denseSize = HUGE // 2
    return plain_model([value([1, 4]), stored, value([1, 4])], [], [], [bytes(1)])


@hostile
def kernel_of_zeros_that_is_not_there() -> bytes:
    """A 1x1 kernel of 2**28 weights in four bytes: nearly all zeros, were it believed."""

    def change(tree: Any) -> None:
        for tensor in tree.subgraphs[0].tensors:
            if len(tensor.shape if tensor.shape is not None else []) == 4 and list(tensor.shape[1:3]) == [1, 1]:
                tensor.shape = [1 << 14, 1, 1, 1 << 14]

    return spoilt(change)


# The graph


def chain(length: int, kind: int, *, shape: tuple[int, ...] = (1, 4)) -> bytes:
    """That many operators, one behind the other."""
    tensors = [value(list(shape), b"v") for _ in range(length + 1)]
    operators = [schema.OperatorT(0, [place], [place + 1]) for place in range(length)]
    return plain_model(tensors, operators, [kind], [])


@hostile
def chain_of_20_000_operators() -> bytes:
    return chain(20_000, OPERATOR.ABS, shape=(1, 4, 4, 2))


@hostile
def chain_of_20_000_densify() -> bytes:
    return chain(20_000, OPERATOR.DENSIFY)


@hostile
def cycle_of_two_operators() -> bytes:
    operators = [schema.OperatorT(0, [2], [1]), schema.OperatorT(0, [1], [2])]
    return plain_model([value([1, 4]), value([1, 4]), value([1, 4])], operators, [OPERATOR.ABS], [])


@hostile
def operator_that_reads_what_it_writes() -> bytes:
    return plain_model([value([1, 4]), value([1, 4])], [schema.OperatorT(0, [1], [1])], [OPERATOR.ABS], [])


@hostile
def cycle_of_densify() -> bytes:
    """The kernel comes from DENSIFY of DENSIFY of itself."""

    def change(tree: Any) -> None:
        graph = tree.subgraphs[0]
        for operator in graph.operators:
            code = tree.operatorCodes[operator.opcodeIndex]
            if max(code.builtinCode, code.deprecatedBuiltinCode) == OPERATOR.DENSIFY:
                operator.inputs = operator.outputs

    return spoilt(change)


@hostile
def tensor_written_twice() -> bytes:
    def change(tree: Any) -> None:
        graph = tree.subgraphs[0]
        graph.operators[-1].outputs = graph.operators[-2].outputs

    return spoilt(change)


@hostile
def one_tensor_written_and_read_20_000_times() -> bytes:
    """Whoever asks each writer for all readers asks 400 million times."""
    tensors = [value([1, 4, 4, 2]) for _ in range(3)]
    operators = [schema.OperatorT(0, [1], [1]) for _ in range(20_000)]
    return plain_model(tensors, operators, [OPERATOR.ABS], [])


@hostile
def operator_that_names_its_output_20_000_times() -> bytes:
    tensors = [value([1, 4, 4, 2]) for _ in range(3)]
    operators = [schema.OperatorT(0, [0], [1] * 20_000), schema.OperatorT(1, [1] * 20_000, [2])]
    return plain_model(tensors, operators, [OPERATOR.ABS, OPERATOR.ADD_N], [])


@hostile
def operators_after_one_another_read_backwards() -> bytes:
    """A graph out of order: each operator reads what only a later one writes."""
    length = 2_000
    tensors = [value([1, 4, 4, 2]) for _ in range(length + 1)]
    operators = [schema.OperatorT(0, [place], [place + 1]) for place in reversed(range(length))]
    return plain_model(tensors, operators, [OPERATOR.ABS], [])


@hostile
def constant_that_is_written_to() -> bytes:
    tensors = [value([1, 4]), value([1, 4], buffer=1), value([1, 4])]
    return plain_model(tensors, [schema.OperatorT(0, [0], [1])], [OPERATOR.ABS], [bytes(16)])


@hostile
def fan_of_2_000_convolutions_on_one_value() -> bytes:
    graph = Graph((1, 16, 16, 3))
    x = graph.stem()
    return graph.output(*(graph.conv(x, 4) for _ in range(2_000)))


@hostile
def kernel_of_a_million_bytes_that_3_000_layers_share() -> bytes:
    """Half of it zeros: whoever counts or packs it for each layer is busy and out of memory."""
    graph = Graph((1, 512))
    values = np.ones((512, 512), np.float32)
    values[:, ::2] = 0
    kernels = [graph.constant(values), *(graph.constant(np.zeros(1, np.float32)) for _ in range(2_999))]
    for kernel in kernels[1:]:
        graph.tensors[kernel].shape = [512, 512]
        graph.tensors[kernel].buffer = graph.tensors[kernels[0]].buffer
    return graph.output(*(graph.apply("FULLY_CONNECTED", graph.input, kernel) for kernel in kernels))


@hostile
def output_that_is_a_constant() -> bytes:
    return spoilt(
        lambda tree: setattr(tree.subgraphs[0], "outputs", [tree.subgraphs[0].tensors.index(kernel_of_conv(tree))])
    )


@hostile
def operator_without_inputs_and_outputs() -> bytes:
    def change(tree: Any) -> None:
        for operator in tree.subgraphs[0].operators:
            operator.inputs, operator.outputs = None, None

    return spoilt(change)


@hostile
def inputs_left_out() -> bytes:
    def change(tree: Any) -> None:
        for operator in tree.subgraphs[0].operators:
            operator.inputs = [-1] * len(operator.inputs)

    return spoilt(change)


def with_options(**settings: int) -> Build:
    """The sound graph with settings that divide or multiply by too little or too much."""

    def change(tree: Any) -> None:
        for operator in tree.subgraphs[0].operators:
            for name, number in settings.items():
                if hasattr(operator.builtinOptions, name):
                    setattr(operator.builtinOptions, name, number)

    return lambda: spoilt(change)


HOSTILE["strides_of_0"] = with_options(strideH=0, strideW=0)
HOSTILE["strides_negative"] = with_options(strideH=-1, strideW=-(2**31))
HOSTILE["strides_huge"] = with_options(strideH=HUGE, strideW=HUGE, dilationHFactor=HUGE, dilationWFactor=HUGE)
HOSTILE["dilation_of_0"] = with_options(dilationHFactor=0, dilationWFactor=0)
HOSTILE["padding_of_an_unknown_kind"] = with_options(padding=9)


@hostile
def pad_amounts_behind_dequantize_of_another_shape() -> bytes:
    """The PAD reads a (4, 2) tensor, but what is dequantized into it has 3 numbers."""
    tensors = [
        value([1, 4, 4, 2]),
        value([3], b"short", dtype=9, buffer=1),
        value([4, 2], b"amounts", dtype=2),
        value([1, 6, 6, 2]),
        value([2, 1, 1, 2], b"kernel", buffer=2),
        value([1, 6, 6, 2]),
    ]
    operators = [
        schema.OperatorT(0, [1], [2]),
        schema.OperatorT(1, [0, 2], [3]),
        schema.OperatorT(2, [3, 4, -1], [5], 1, schema.Conv2DOptionsT(1, 1, 1)),
    ]
    return plain_model(tensors, operators, [OPERATOR.DEQUANTIZE, OPERATOR.PAD, OPERATOR.CONV_2D], [bytes(3), bytes(16)])


def pad_amounts(raw: bytes, dtype: int) -> Build:
    """PAD before a convolution, with amounts of an odd type."""

    def build() -> bytes:
        tensors = [
            value([1, 4, 4, 2]),
            value([4, 2], b"amounts", dtype=dtype, buffer=1),
            value([1, 6, 6, 2]),
            value([2, 1, 1, 2], b"kernel", buffer=2),
            value([1, 6, 6, 2]),
        ]
        operators = [
            schema.OperatorT(0, [0, 1], [2]),
            schema.OperatorT(1, [2, 3, -1], [4], 1, schema.Conv2DOptionsT(1, 1, 1)),
        ]
        return plain_model(tensors, operators, [OPERATOR.PAD, OPERATOR.CONV_2D], [raw, bytes(16)])

    return build


def _amounts(number: float, dtype: str) -> bytes:
    return np.array([[0, 0], [number, number], [number, number], [0, 0]], dtype).tobytes()


HOSTILE["pad_of_not_a_number"] = pad_amounts(_amounts(float("nan"), "<f4"), 0)
HOSTILE["pad_of_infinity"] = pad_amounts(_amounts(float("inf"), "<f4"), 0)
HOSTILE["pad_of_complex_numbers"] = pad_amounts(_amounts(1, "<c8"), 8)
HOSTILE["pad_negative"] = pad_amounts(_amounts(-1, "<i4"), 2)
HOSTILE["pad_of_text"] = pad_amounts(bytes(32), 5)
HOSTILE["pad_of_too_few_bytes"] = pad_amounts(bytes(31), 2)


# Names, metadata and signatures


HOSTILE_TEXT = "a\x1b[2J\x1b]0;owned\x07\nb\u202e\x00\u2028c"


@hostile
def terminal_codes_in_every_name() -> bytes:
    def change(tree: Any) -> None:
        tree.description = HOSTILE_TEXT
        tree.subgraphs[0].name = HOSTILE_TEXT
        for tensor in tree.subgraphs[0].tensors:
            tensor.name = HOSTILE_TEXT
        tree.operatorCodes.append(schema.OperatorCodeT(32, HOSTILE_TEXT, 1, 32))
        tree.subgraphs[0].operators[-1].opcodeIndex = len(tree.operatorCodes) - 1
        tree.subgraphs[0].operators[-1].builtinOptionsType = 0
        tree.subgraphs[0].operators[-1].builtinOptions = None

    return spoilt(change)


@hostile
def names_that_are_no_text() -> bytes:
    def change(tree: Any) -> None:
        for tensor in tree.subgraphs[0].tensors:
            tensor.name = b"\xff\xfe\xed\xa0\x80"

    return spoilt(change)


@hostile
def name_of_ten_million_letters() -> bytes:
    return spoilt(lambda tree: setattr(tree.subgraphs[0].tensors[-1], "name", b"\x07" * 10_000_000))


def signature(change: Callable[[Any, Any], None]) -> Build:
    def build() -> bytes:
        def whole(tree: Any) -> None:
            entry = schema.SignatureDefT([], [schema.TensorMapT(b"out", 0)], b"serving_default", 0)
            change(entry, tree)
            tree.signatureDefs = [entry]

        return spoilt(whole)

    return build


HOSTILE["signature_of_a_subgraph_that_is_not_there"] = signature(lambda s, _: setattr(s, "subgraphIndex", 7))
HOSTILE["signature_of_a_tensor_that_is_not_there"] = signature(
    lambda s, _: setattr(s.outputs[0], "tensorIndex", 2**32 - 1)
)
HOSTILE["signature_without_names"] = signature(
    lambda s, _: (setattr(s.outputs[0], "name", None), setattr(s, "signatureKey", None))
)
HOSTILE["signature_with_terminal_codes"] = signature(
    lambda s, _: (setattr(s.outputs[0], "name", HOSTILE_TEXT), setattr(s, "signatureKey", HOSTILE_TEXT))
)
HOSTILE["signature_with_one_name_twice"] = signature(lambda s, _: s.outputs.append(schema.TensorMapT(b"out", 1)))


@hostile
def metadata_of_a_buffer_that_is_not_there() -> bytes:
    return spoilt(lambda tree: setattr(tree, "metadata", [schema.MetadataT(b"x", 2**32 - 1)]))


@hostile
def metadata_that_is_the_weights() -> bytes:
    return spoilt(lambda tree: setattr(tree, "metadata", [schema.MetadataT(b"x", kernel_of_conv(tree).buffer)]))


@hostile
def old_metadata_of_a_buffer_that_is_not_there() -> bytes:
    return spoilt(lambda tree: setattr(tree, "metadataBuffer", [HUGE, -1]))


@hostile
def weights_behind_the_file() -> bytes:
    def change(tree: Any) -> None:
        for buffer in tree.buffers[1:]:
            buffer.data, buffer.offset, buffer.size = None, 2**63, 2**63

    return spoilt(change)


@hostile
def weights_that_are_the_graph() -> bytes:
    """Buffers that lie over the flatbuffer itself."""

    def change(tree: Any) -> None:
        for buffer in tree.buffers[1:]:
            size = 0 if buffer.data is None else len(buffer.data)
            buffer.data, buffer.offset, buffer.size = None, 2, size

    return spoilt(change)


@hostile
def half_of_the_codes() -> bytes:
    return spoilt(lambda tree: setattr(tree, "operatorCodes", tree.operatorCodes[:1]))


@hostile
def quantization_for_slices_that_are_not_there() -> bytes:
    def change(tree: Any) -> None:
        for tensor in tree.subgraphs[0].tensors:
            tensor.quantization = schema.QuantizationParametersT(
                scale=np.ones(3, np.float32), zeroPoint=np.ones(5, np.int64), quantizedDimension=-7
            )

    return spoilt(change)


@hostile
def quantization_that_overflows() -> bytes:
    def change(tree: Any) -> None:
        for tensor in tree.subgraphs[0].tensors:
            tensor.quantization = schema.QuantizationParametersT(
                scale=np.array([3e38], np.float32), zeroPoint=np.array([-(2**63)]), quantizedDimension=0
            )

    return spoilt(change)


# What only copying follows


def shared_by_operators(count: int, add: Callable[[Any, int], None], shared: bytes, *, slots: int = 14) -> bytes:
    """A chain of operators that share one long vector, which a copy would write out for each: built by hand."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    vector = builder.CreateByteVector(shared)
    tensors = []
    for _ in range(count + 1):
        schema.TensorStart(builder)
        tensors.append(schema.TensorEnd(builder))
    operators = []
    for number in range(count):
        inputs, outputs = (builder.CreateNumpyVector(np.array([number + step], np.int32)) for step in (0, 1))
        made = add(builder, vector)
        builder.StartObject(slots)
        schema.OperatorAddInputs(builder, inputs)
        schema.OperatorAddOutputs(builder, outputs)
        if made is None:
            schema.OperatorAddCustomOptions(builder, vector)
        else:
            schema.OperatorAddBuiltinOptionsType(builder, 111)
            schema.OperatorAddBuiltinOptions(builder, made)
        operators.append(builder.EndObject())
    ends = [builder.CreateNumpyVector(np.array([place], np.int32)) for place in (0, count)]
    vectors = [_offsets(builder, part) for part in (tensors, operators)]
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, vectors[0])
    schema.SubGraphAddInputs(builder, ends[0])
    schema.SubGraphAddOutputs(builder, ends[1])
    schema.SubGraphAddOperators(builder, vectors[1])
    graphs = _offsets(builder, [schema.SubGraphEnd(builder)])
    schema.OperatorCodeStart(builder)
    schema.OperatorCodeAddDeprecatedBuiltinCode(builder, OPERATOR.ABS)
    codes = _offsets(builder, [schema.OperatorCodeEnd(builder)])
    schema.BufferStart(builder)
    buffers = _offsets(builder, [schema.BufferEnd(builder)])
    schema.ModelStart(builder)
    schema.ModelAddOperatorCodes(builder, codes)
    schema.ModelAddSubgraphs(builder, graphs)
    schema.ModelAddBuffers(builder, buffers)
    builder.Finish(schema.ModelEnd(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _offsets(builder: Any, tables: list[int]) -> int:
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return builder.EndVector()


def _variable_options(builder: Any, text: int) -> int:
    schema.VarHandleOptionsStart(builder)
    schema.VarHandleOptionsAddContainer(builder, text)
    return schema.VarHandleOptionsEnd(builder)


@hostile
def custom_options_that_2_000_operators_share() -> bytes:
    """4 MB that would be 8 GB when copied."""
    return shared_by_operators(2_000, lambda builder, vector: None, bytes(4 << 20))


@hostile
def text_that_2_000_operators_share() -> bytes:
    return shared_by_operators(2_000, _variable_options, b"x" * (4 << 20))


@hostile
def variants_that_2_000_tensors_share() -> bytes:
    """Each of 2,000 tensors has the same 20,000 variants: 40 million tables in 100 kB."""

    def change(tree: Any) -> None:
        for tensor in tree.subgraphs[0].tensors:
            tensor.variantTensors = [schema.VariantSubTypeT([1], 0, True)] * 20_000

    return spoilt(change)


@hostile
def constants_that_lie_over_one_another() -> bytes:
    """Every buffer is the whole file."""
    tensors = [value([1, 4]), *(value([256], b"c", dtype=3, buffer=1 + place) for place in range(20)), value([1, 4])]
    tree = TREE_OF(plain_model(tensors, [], [], [bytes(256)] * 20))
    for buffer in tree.buffers[1:]:
        buffer.data, buffer.offset, buffer.size = None, 2, 256
    return pack(tree)


@hostile
def stablehlo_operator() -> bytes:
    def change(tree: Any) -> None:
        tree.subgraphs[0].operators[-1].builtinOptions2Type = schema.BuiltinOptions2.StableHLOCompositeOptions
        tree.subgraphs[0].operators[-1].builtinOptions2 = schema.StableHLOCompositeOptionsT(name=b"x" * 100)

    return spoilt(change)


@hostile
def weights_in_another_file() -> bytes:
    def change(tree: Any) -> None:
        tree.externalBufferGroups = [schema.ExternalBufferGroupT(b"../../../etc/passwd")]
        tree.externalBuffers = [schema.ExternalBufferT(1, 0, 0, 64)]

    return spoilt(change)


@hostile
def intermediates_that_are_not_there() -> bytes:
    """Tensors between an operator's steps, which only recurrent ones have."""
    return spoilt(lambda tree: setattr(tree.subgraphs[0].operators[-1], "intermediates", [HUGE, -7]))
