"""Storing zeros away: same outputs in every runtime, never a larger file, and nothing else in it changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutators import pack
from tests.tflite.conftest import of_mediapipe
from tests.tflite.running import WITH_XNNPACK, WITHOUT_XNNPACK, metadata_of, outputs_of
from tests.xnnpack.graphs import Graph
from tests.xnnpack.running import Seen, seen_by_web_runtime
from zoo.tflite import (
    Model,
    StoredTensor,
    Tensor,
    constant,
    densified_twin,
    densify,
    prune_by_magnitude,
    read_model,
    sparsify,
    stored_values,
)

CHANNELS, ZEROS = 32, 0.9
LAYERS = ("CONV_2D 1x1", "CONV_2D 3x3", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


@dataclass(frozen=True)
class Layer:
    """One layer on float32 values. `stored` and `bias` are types; int8 ones are read through DEQUANTIZE.

    `bias` None: it has none, which LiteRT's own convolutions do not take.
    """

    kind: str
    stored: str
    bias: str | None

    def __str__(self) -> str:
        return f"{self.kind}, {self.stored} kernel, {self.bias} bias"

    @property
    def file_name(self) -> str:
        return f"{LAYERS.index(self.kind)}_{self.stored}_{self.bias}"

    def file(self) -> bytes:
        graph = Graph((1, 8, 8, CHANNELS))
        kernel = weights(graph, self.kernel_shape, self.stored, zeros=ZEROS)
        bias = [] if self.bias is None else [weights(graph, (CHANNELS,), self.bias)]
        return graph.output(self._layer(graph, kernel, bias))

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        if self.kind == "FULLY_CONNECTED":
            return CHANNELS, CHANNELS
        if self.kind == "DEPTHWISE_CONV_2D":
            return 1, 5, 5, CHANNELS
        size = 1 if self.kind == "CONV_2D 1x1" else 3
        return CHANNELS, size, size, CHANNELS

    def _layer(self, graph: Graph, kernel: int, bias: list[int]) -> int:
        kind, x = self.kind.split()[0], graph.input
        if kind == "FULLY_CONNECTED":
            return graph.apply(kind, x, kernel, *bias, shape=graph.shape(x), keepNumDims=True)
        if kind == "TRANSPOSE_CONV":
            shape = (1, 16, 16, CHANNELS)
            return graph.apply(kind, graph.integers(*shape), kernel, x, *bias, shape=shape, strideH=2, strideW=2)
        more = {"depthMultiplier": 1} if kind == "DEPTHWISE_CONV_2D" else {}
        return graph.apply(kind, x, kernel, *bias, shape=graph.shape(x), strideH=1, strideW=1, **more)


def weights(graph: Graph, shape: tuple[int, ...], stored: str, *, zeros: float = 0.0) -> int:
    return graph.weights(shape, zeros=zeros, stored="dense" if stored == "float16" else stored)


RIGHT = [
    *(Layer(kind, "float32", bias) for kind in LAYERS for bias in ("float32", "float16", "int8")),
    *(Layer(kind, "float16", "float16") for kind in LAYERS),
    *(Layer(kind, "int8", "float32") for kind in LAYERS),
    *(Layer("TRANSPOSE_CONV", stored, bias) for stored, bias in (("float16", "float32"), ("int8", "float16"))),
    *(Layer(kind, stored, None) for kind in LAYERS[3:] for stored in ("float32", "float16", "int8")),
]
"""What LiteRT reads right from DENSIFY."""
MISREAD = [
    *(Layer(kind, "float16", bias) for kind in LAYERS[:4] for bias in ("float32", "int8")),
    *(Layer(kind, "int8", "float16") for kind in LAYERS[:4]),
]
"""What it does not, somewhere."""


def stored_tensor(data: bytes, dtype: str | None = None) -> StoredTensor:
    """What became of the file's one kernel with zeros."""
    (found,) = (t for t in sparsify(data).tensors if t.sparsity and dtype in (None, t.dtype))
    return found


def sparse_tensors(data: bytes) -> dict[str, tuple[int, Tensor]]:
    graphs = read_model(data).subgraphs
    return {t.name: (number, t) for number, graph in enumerate(graphs) for t in graph.tensors if t.sparsity}


def check_same_outputs(before: bytes, after: bytes) -> None:
    """To the last bit, with XNNPACK and without, but for the sign of zeros."""
    for kernels in (WITH_XNNPACK, WITHOUT_XNNPACK):
        for expected, found in zip(
            outputs_of(before, kernels=kernels), outputs_of(after, kernels=kernels), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def seen_in_the_web(files: Mapping[str, bytes], folder: Path) -> list[Seen]:
    """What the web runtime does with each file sparsified, beside the file itself."""
    pairs = []
    for name, data in files.items():
        pairs.append((folder / f"{name}_sparse.tflite", folder / f"{name}.tflite"))
        for path, part in zip(pairs[-1], (sparsify(data).data, data), strict=True):
            path.write_bytes(part)
    return seen_by_web_runtime(pairs)


# The same outputs


@pytest.mark.parametrize("layer", RIGHT, ids=str)
def test_layer_gives_the_same_outputs_here(layer: Layer) -> None:
    data = layer.file()
    made = sparsify(data)
    assert stored_tensor(data, layer.stored).kept is None
    check_same_outputs(data, made.data)


def test_layers_give_the_same_outputs_in_the_web_runtime(tmp_path: Path) -> None:
    found = seen_in_the_web({layer.file_name: layer.file() for layer in RIGHT}, tmp_path)
    for layer, seen in zip(RIGHT, found, strict=True):
        assert (seen.difference, seen.complaints, seen.failed) == (0, (), None), layer


@pytest.mark.parametrize("layer", MISREAD, ids=str)
def test_layer_that_a_runtime_would_misread_stays_as_it_is(layer: Layer) -> None:
    data = layer.file()
    assert sparsify(data).data == data
    assert "LiteRT misreads" in str(stored_tensor(data, layer.stored).kept)


def densified_by_hand(stored: str, bias: str) -> bytes:
    """A 1x1 convolution whose kernel is stored sparse whatever comes of it."""
    graph = Graph((1, 8, 8, CHANNELS))
    kernel = weights(graph, (CHANNELS, 1, 1, CHANNELS), stored, zeros=ZEROS)
    shape = (1, 8, 8, CHANNELS)
    options = {"strideH": 1, "strideW": 1}
    return graph.output(
        graph.apply("CONV_2D", graph.input, kernel, weights(graph, (CHANNELS,), bias), shape=shape, **options)
    )


@pytest.mark.parametrize("bias", ["float32", "int8"])
def test_web_runtime_does_misread_a_float16_kernel_beside_another_bias(bias: str, tmp_path: Path) -> None:
    """Where this fails, LiteRT was mended and more kernels may be stored sparse."""
    data = densified_by_hand("sparse", bias)
    paths = tmp_path / "sparse.tflite", tmp_path / "dense.tflite"
    for path, part in zip(paths, (data, densified_twin(data)), strict=True):
        path.write_bytes(part)
    (seen,) = seen_by_web_runtime([paths])
    assert not seen.difference < 0.1


def test_xnnpack_does_misread_an_int8_kernel_beside_a_float16_bias() -> None:
    """Where this fails, LiteRT was mended and more kernels may be stored sparse."""
    data = densified_by_hand("sparse_int8", "float16")
    right, misread = outputs_of(densified_twin(data))[0], outputs_of(data)[0]
    assert np.abs(right - misread).max() > 0.1


def integer_layer(kind: str) -> bytes:
    """A layer on int8 values with an int8 kernel and an int32 bias."""
    graph = Graph((1, 8, 8, CHANNELS))
    shape = {"CONV_2D": (CHANNELS, 1, 1, CHANNELS), "FULLY_CONNECTED": (CHANNELS, CHANNELS)}[kind]
    values = np.random.default_rng(0).integers(1, 100, shape).astype(np.int8)
    values[..., : round(ZEROS * CHANNELS)] = 0
    kernel, bias = graph.constant(values), graph.constant(np.arange(CHANNELS, dtype=np.int32))
    options = {"strideH": 1, "strideW": 1} if kind == "CONV_2D" else {"keepNumDims": True}
    output = graph.apply(kind, graph.input, kernel, bias, shape=graph.shape(graph.input), dtype="int8", **options)
    for tensor, scale in ((graph.input, 0.01), (kernel, 0.01), (bias, 1e-4), (output, 0.1)):
        graph.tensors[tensor].quantization = schema.QuantizationParametersT(scale=[scale], zeroPoint=[0])
    graph.tensors[graph.input].type = 9
    return graph.output(output)


def test_convolution_of_integers_gives_the_same_outputs() -> None:
    data = integer_layer("CONV_2D")
    assert stored_tensor(data).kept is None
    check_same_outputs(data, sparsify(data).data)


def test_kernel_of_other_kinds_of_integer_arithmetic_stays_as_it_is() -> None:
    graph = Graph((1, 8, 8, CHANNELS))
    held = graph.constant(np.eye(CHANNELS, dtype=np.int8))
    graph.tensors[held].quantization = schema.QuantizationParametersT(scale=[1 / 127], zeroPoint=[0])
    mixed = graph.apply("FULLY_CONNECTED", graph.input, held, shape=(1, 8, 8, CHANNELS), keepNumDims=True)
    for data in (integer_layer("FULLY_CONNECTED"), graph.output(mixed)):
        assert sparsify(data).data == data
        assert "does not take it as int8" in str(stored_tensor(data).kept)


PRUNED = {
    "face_detection": (None, 0.8),
    "hand_landmark": ("modules/hand_landmark/hand_landmark_full.tflite", 0.8),
    "hand_landmark as published": ("modules/hand_landmark/hand_landmark_full.tflite", 0.0),
    "palm_detection": ("modules/palm_detection/palm_detection_full.tflite", 0.9),
    "pose_detection": ("modules/pose_detection/pose_detection.tflite", 0.7),
    "face_landmark": ("modules/face_landmark/face_landmark.tflite", 0.7),
}
"""Published files, None for the dense face detector, and the share of zeros that their 1x1 kernels get."""


@pytest.fixture(scope="session", params=PRUNED)
def pruned(request: pytest.FixtureRequest, published_dense: Path) -> bytes:
    path, share = PRUNED[request.param]
    data = (published_dense if path is None else of_mediapipe(path)).read_bytes()
    return prune_by_magnitude(data, share) if share else data


def test_published_model_gives_the_same_outputs(pruned: bytes) -> None:
    made = sparsify(pruned)
    assert made.changed >= 6
    check_same_outputs(pruned, made.data)


def test_published_models_in_the_web_runtime(tmp_path: Path, published_sparse: Path) -> None:
    """Where sparse kernels engage they add in another order; where they do not, not a bit differs."""
    face = prune_by_magnitude(published_sparse.read_bytes(), 0.8)
    hand = of_mediapipe(PRUNED["hand_landmark"][0] or "").read_bytes()
    engaged, dense = seen_in_the_web({"face": face, "hand": hand}, tmp_path)
    assert (engaged.outcome, engaged.twin_kernels) == ("sparse", 0)
    assert (dense.difference, dense.kernels, dense.complaints) == (0, 0, ())


@pytest.mark.slow
def test_every_published_model_in_the_web_runtime(tmp_path: Path) -> None:
    """Pruned to 80% zeros: not a bit differs where kernels are dense, rounding where they are sparse."""
    files = {}
    for path in of_mediapipe("modules").rglob("*.tflite"):
        data = prune_by_magnitude(path.read_bytes(), 0.8)
        if not any(operator.name.startswith("CUSTOM") for operator in read_model(data).operators):
            files[path.stem] = data
    seen = dict(zip(files, seen_in_the_web(files, tmp_path), strict=True))
    assert len(seen) > 10
    assert {name for name, found in seen.items() if found.outcome == "sparse"} == {
        "face_detection_full_range_sparse",
        "pose_detection",
    }
    assert all(
        found.outcome == "sparse" or (found.outcome, found.difference) == ("dense", 0) for found in seen.values()
    )


# Size


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.2, 0.5, 0.6, 0.67, 0.75, 0.9, 1.0]),
    st.sampled_from(["dense", "float32", "int8"]),
)
def test_file_never_grows_and_a_kernel_changes_only_where_it_shrinks(
    inputs: int, outputs: int, zeros: float, stored: str
) -> None:
    graph = Graph((1, 4, 4, inputs))
    data = graph.output(graph.conv(graph.input, outputs, zeros=zeros, stored=stored))
    made = sparsify(data)
    assert len(made.data) < len(data) if made.changed else made.data == data
    for tensor in made.tensors:
        assert (tensor.bytes_after < tensor.bytes_before) == (tensor.kept is None)


def test_published_file_never_grows(any_published: Path) -> None:
    data = any_published.read_bytes()
    made = sparsify(data)
    assert len(made.data) < len(data) if made.changed else made.data == data


def test_zeros_pay_about_what_they_take(published_dense: Path) -> None:
    """1x1 kernels are nine tenths of the file: at 80% zeros each float16 left brings one byte of index."""
    pruned = prune_by_magnitude(published_dense.read_bytes(), 0.8)
    assert len(sparsify(pruned).data) < 0.45 * len(pruned)


def test_kernel_without_enough_zeros_stays_dense_and_says_what_it_would_take() -> None:
    graph = Graph((1, 4, 4, 64))
    data = graph.output(graph.conv(graph.input, 64, zeros=0.1, stored="float32"))
    kept = str(stored_tensor(data).kept)
    assert kept.startswith("sparse it would take ")
    assert kept.endswith("instead of 16,384")


@pytest.mark.parametrize(
    ("width", "index", "segment"),
    [
        (256, np.uint8, np.uint8),
        (257, np.uint16, np.uint8),
        (65_536, np.uint16, np.uint16),
        (65_537, np.int32, np.uint16),
    ],
)
def test_index_arrays_are_as_narrow_as_they_can_be(width: int, index: type, segment: type) -> None:
    values = np.zeros((2, width), np.float32)
    values[:, :: max(width // 1000, 8)] = 1
    values[:, -1] = 1
    graph = Graph((1, width))
    made = sparsify(graph.output(graph.apply("FULLY_CONNECTED", graph.input, graph.constant(values), shape=(1, 2))))
    ((_, tensor),) = sparse_tensors(made.data).values()
    assert tensor.sparsity is not None
    level = tensor.sparsity.levels[-1]
    assert level.indices is not None
    assert level.segments is not None
    assert (level.indices.dtype, level.segments.dtype) == (index, segment)
    np.testing.assert_array_equal(constant(read_model(made.data), tensor.index), values)


# What is stored


def test_densified_published_file_is_stored_as_it_was_published(published_sparse: Path) -> None:
    """To the byte, but for the kernels that TensorFlow stores sparse though that makes the file larger."""
    data = published_sparse.read_bytes()
    again = sparsify(densified_twin(data)).data
    published, ours = sparse_tensors(data), sparse_tensors(again)
    assert len(published) == 46
    assert len(ours) > 40
    before, after = read_model(data), read_model(again)
    for name, (number, tensor) in ours.items():
        theirs = published[name][1]
        assert stored_bytes(after, number, tensor) == stored_bytes(before, number, theirs)


def stored_bytes(model: Model, number: int, tensor: Tensor) -> list[bytes]:
    assert tensor.sparsity is not None
    arrays = [part for level in tensor.sparsity.levels for part in (level.segments, level.indices) if part is not None]
    values = stored_values(model, tensor.index, subgraph=number)
    return [part.tobytes() + str(part.dtype).encode() for part in (values, *arrays)]


def test_what_is_stored_sparse_already_stays(published_sparse: Path) -> None:
    data = published_sparse.read_bytes()
    made = sparsify(data)
    assert made.data == data
    assert sum(tensor.kept == "it is stored sparse already" for tensor in made.tensors) == 46


def test_writing_again_changes_nothing(pruned: bytes) -> None:
    once = sparsify(pruned).data
    assert sparsify(pruned).data == once
    assert sparsify(once).data == once
    assert sparsify(densify(once).data).data == once


def test_weights_are_the_same_after_the_way_back(pruned: bytes) -> None:
    back, before = read_model(densify(sparsify(pruned).data).data), read_model(pruned)
    old = {tensor.name: constant(before, tensor.index) for tensor in constants(before)}
    new = {tensor.name: constant(back, tensor.index) for tensor in constants(back)}
    assert new.keys() == old.keys()
    for name, values in old.items():
        np.testing.assert_array_equal(new[name], values)


def constants(model: Model) -> list[Tensor]:
    return [t for t in model.tensors if t.dtype in ("float16", "float32") and model.buffers[t.buffer].size]


@pytest.mark.parametrize("stored", ["float32", "float16", "int8"])
def test_kernel_of_zeros_alone_keeps_one_of_them(stored: str) -> None:
    """LiteRT takes a constant without bytes for a value that is not known yet."""
    graph = Graph((1, 8, 8, CHANNELS))
    bias = "float32" if stored == "int8" else stored
    name = {"float16": "dense"}.get(stored, stored)
    x = graph.conv(graph.input, CHANNELS, zeros=1.0, stored=name, bias={"float16": "dense"}.get(bias, bias))
    data = graph.output(x)
    made = sparsify(data)
    ((number, tensor),) = sparse_tensors(made.data).values()
    assert stored_values(read_model(made.data), tensor.index, subgraph=number).tolist() == [0]
    check_same_outputs(data, made.data)


def test_negative_zeros_are_zeros() -> None:
    values = np.full((CHANNELS, 1, 1, CHANNELS), -0.0, np.float32)
    values[::4] = 0.5
    graph = Graph((1, 8, 8, CHANNELS))
    kernel, bias = graph.constant(values), graph.weights((CHANNELS,), stored="float32")
    shape = (1, 8, 8, CHANNELS)
    data = graph.output(graph.apply("CONV_2D", graph.input, kernel, bias, shape=shape, strideH=1, strideW=1))
    assert stored_tensor(data).sparsity == 0.75
    check_same_outputs(data, sparsify(data).data)


# Kernels with several readers, and shared bytes


def test_kernel_that_two_layers_read_is_unpacked_once() -> None:
    graph = Graph((1, 8, 8, CHANNELS))
    kernel = weights(graph, (CHANNELS, 1, 1, CHANNELS), "float16", zeros=ZEROS)
    x = graph.input
    for _ in range(2):
        bias = weights(graph, (CHANNELS,), "float16")
        x = graph.apply("CONV_2D", x, kernel, bias, shape=graph.shape(x), strideH=1, strideW=1)
    data = graph.output(x)
    made = sparsify(data)
    assert [operator.name for operator in read_model(made.data).operators].count("DENSIFY") == 1
    check_same_outputs(data, made.data)


def sharing(change: Callable[[Any], None] = lambda tensor: None) -> bytes:
    """Two 1x1 convolutions whose kernels are two tensors of one buffer; the second one after a change."""
    graph = Graph((1, 8, 8, CHANNELS))
    x = graph.input
    values = np.eye(CHANNELS, dtype=np.float32).reshape(CHANNELS, 1, 1, CHANNELS)
    kernels = [graph.constant(values), graph.constant(values)]
    for kernel in kernels:
        bias = graph.weights((CHANNELS,), stored="float32")
        x = graph.apply("CONV_2D", x, kernel, bias, shape=graph.shape(x), strideH=1, strideW=1)
    first, second = (graph.tensors[kernel] for kernel in kernels)
    second.buffer = first.buffer
    change(second)
    return graph.output(x)


def test_bytes_that_two_kernels_share_are_stored_once() -> None:
    data = sharing()
    made = sparsify(data)
    tensors = sparse_tensors(made.data)
    assert len(tensors) == 2
    assert len({tensor.buffer for _, tensor in tensors.values()}) == 1
    check_same_outputs(data, made.data)


def test_bytes_that_kernels_of_two_subgraphs_share_are_stored_once() -> None:
    tree = schema.ModelT.InitFromPackedBuf(sharing())
    tree.subgraphs.append(copy.deepcopy(tree.subgraphs[0]))
    data = pack(tree)
    made = sparsify(data)
    assert made.changed == 4
    assert (
        len({tensor.buffer for graph in read_model(made.data).subgraphs for tensor in graph.tensors if tensor.sparsity})
        == 1
    )
    check_same_outputs(data, made.data)


def test_bytes_that_kernels_read_in_different_ways_stay_as_they_are() -> None:
    """As 16-bit numbers, other elements of the same bytes are zero."""

    def as_halves(tensor: Any) -> None:
        tensor.type, tensor.shape = 1, [CHANNELS, 1, 1, 2 * CHANNELS]

    data = sharing(as_halves)
    made = sparsify(data)
    assert made.data == data
    assert {tensor.kept for tensor in made.tensors} == {"other parts of the file share its bytes"}


def kernel_and(use: Callable[[Graph, int, int], tuple[int, ...]]) -> bytes:
    """A 1x1 convolution; `use` gets the graph, the kernel and what the layer gives, and tells the outputs."""
    graph = Graph((1, 8, 8, CHANNELS))
    kernel = graph.weights((CHANNELS, 1, 1, CHANNELS), zeros=ZEROS, stored="float32")
    bias = graph.weights((CHANNELS,), stored="float32")
    shape = (1, 8, 8, CHANNELS)
    x = graph.apply("CONV_2D", graph.input, kernel, bias, shape=shape, strideH=1, strideW=1)
    return graph.output(*use(graph, kernel, x))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (kernel_and(lambda g, kernel, x: (x, g.unary(kernel, "ABS"))), "ABS reads it too, and not as a kernel"),
        (kernel_and(lambda g, kernel, x: (x, kernel)), "the graph is given it or gives it back"),
        (kernel_and(lambda g, kernel, x: (x, g.conv(kernel, 4))), "CONV_2D reads it too, and not as a kernel"),
    ],
    ids=["another operator", "an output", "a convolution, as its picture"],
)
def test_kernel_that_is_used_otherwise_stays_as_it_is(data: bytes, reason: str) -> None:
    made = sparsify(data)
    assert made.data == data
    assert next(tensor.kept for tensor in made.tensors if tensor.bytes_before == 4 * CHANNELS**2) == reason


# All else survives


def with_signature_and_metadata(data: bytes) -> bytes:
    tree = schema.ModelT.InitFromPackedBuf(data)
    (graph,) = tree.subgraphs
    ins, outs = (
        [schema.TensorMapT(name, int(index)) for index in part]
        for name, part in ((b"x", graph.inputs), (b"y", graph.outputs))
    )
    tree.signatureDefs = [schema.SignatureDefT(ins, outs, b"serving_default", 0)]
    tree.buffers.append(schema.BufferT(np.frombuffer(b"what the model is for", np.uint8)))
    tree.metadata = [schema.MetadataT(b"NOTE", len(tree.buffers) - 1)]
    tree.description = b"a description"
    return pack(tree)


def test_metadata_signatures_names_and_operators_survive() -> None:
    graph = Graph((1, 16, 16, 3))
    data = with_signature_and_metadata(graph.output(graph.mean(graph.conv(graph.stem(64), 64, stored="dense"))))
    before, after = read_model(data), read_model(sparsify(data).data)
    assert metadata_of(after.data) == [("NOTE", b"what the model is for")]
    (signature,) = after.signatures
    assert (signature.key, signature.inputs["x"]) == ("serving_default", after.inputs[0])
    assert signature.outputs == {"y": after.outputs[0]}
    assert (after.description, after.version) == (before.description, before.version)
    assert [after.tensors[i].name for i in after.outputs] == [before.tensors[i].name for i in before.outputs]
    kept = [(operator.name, operator.options) for operator in after.operators if operator.name != "DENSIFY"]
    assert kept == [(operator.name, operator.options) for operator in before.operators]


def test_metadata_of_a_published_file_survives() -> None:
    before = of_mediapipe("modules/hand_landmark/hand_landmark_full.tflite").read_bytes()
    assert metadata_of(before)
    assert metadata_of(sparsify(before).data) == metadata_of(before)
