"""The inventory: every byte once, and the published figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.xnnpack.graphs import Graph
from zoo.records import LayoutLevel
from zoo.tflite import deflated_sizes, inventory, operator_label, read_model


def test_bytes_by_kind_add_up_to_the_file(any_published: Path) -> None:
    found = inventory(read_model(any_published))
    assert sum(found.weight_bytes.values()) == any_published.stat().st_size
    assert all(size > 0 for size in found.weight_bytes.values())


def test_published_sparse_face_model(published_sparse: Path) -> None:
    found = inventory(read_model(published_sparse))
    assert found.sparse_tensors == found.operators["DENSIFY"] == 46
    assert found.parameters == 508_308
    stored = [kernel for kernel in found.pointwise if kernel.count.stored_sparse]
    assert len(stored) == 46
    zeros, weights = (sum(getattr(kernel.count, part) for kernel in stored) for part in ("zeros", "weights"))
    assert zeros / weights == pytest.approx(0.70, abs=0.005)
    # float16: two bytes for each value that is not zero.
    assert found.weight_bytes["sparse_values"] == 2 * (weights - zeros)


def test_dense_face_model_has_no_zeros(published_dense: Path) -> None:
    found = inventory(read_model(published_dense))
    assert (found.sparse_tensors, found.pointwise_sparsity) == (0, 0.0)
    assert found.weight_bytes["dense_float16"] == 2 * found.parameters


def test_operators_have_short_names(published_sparse: Path) -> None:
    model = read_model(published_sparse)
    assert operator_label(model.main, model.operators[3]) == "CONV_2D 3 (activation/Relu)"


def test_every_byte_of_the_file_is_in_one_part(any_published: Path) -> None:
    data = any_published.read_bytes()
    found = inventory(read_model(any_published))
    assert sum(part.size for part in found.parts) == len(data)
    # Views of the file: all pieces together are the file's bytes, in another order.
    pieces = [bytes(piece) for part in found.parts for piece in part.pieces]
    assert sorted(b"".join(pieces)) == sorted(data)


def test_bytes_of_layers_are_those_of_their_weights(published_dense: Path) -> None:
    found = inventory(read_model(published_dense))
    held = [sum(part.size for part in found.parts if part.layer == place) for place in range(len(found.layers))]
    assert sum(held) == found.weight_bytes["dense_float16"]
    kernels = [layer for layer in found.layers if layer.pointwise]
    assert kernels
    assert all(held[found.layers.index(layer)] >= 2 * layer.count.weights for layer in kernels)


def test_layouts_of_sparse_tensors_are_told_with_their_blocks() -> None:
    graph = Graph()
    x = graph.conv(graph.conv(graph.stem(), 16), 12, stored="blocks")
    found = inventory(read_model(graph.output(graph.mean(x))))
    plain, blocks = found.layouts
    assert (plain.dtype, plain.traversal_order, plain.block_map) == ("float16", [0, 1, 2, 3], [])
    assert [level.format for level in plain.levels] == ["dense", "dense", "dense", "csr"]
    assert plain.levels[3] == LayoutLevel("csr", "uint8", "uint8")
    assert (blocks.block_map, blocks.block_sizes, blocks.traversal_order) == ([0], [4], [0, 1, 2, 3, 4])
    assert [len(layout.tensors) for layout in found.layouts] == [1, 1]


def test_sizes_after_compression_go_by_kind(published_sparse: Path) -> None:
    found = inventory(read_model(published_sparse))
    packed = found.sizes_by_kind(deflated_sizes(found.parts))
    assert packed.keys() == found.weight_bytes.keys()
    assert packed["structure"] < found.weight_bytes["structure"]
