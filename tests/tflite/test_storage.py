"""The way back: what is stored sparse becomes dense, and a person is told what that did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.files import read_file
from zoo.tflite import densified_twin, densify, densify_file, inventory, read_model, sparsify_file


def small(stored: str) -> bytes:
    graph = Graph((1, 8, 8, 32))
    return graph.output(graph.conv(graph.input, 32, stored=stored))


def test_every_sparse_tensor_becomes_dense_and_is_described(published_sparse: Path) -> None:
    data = published_sparse.read_bytes()
    made = densify(data)
    assert made.data == densified_twin(data)
    assert made.changed == len(made.tensors) == 46
    before = inventory(read_model(data)).weight_bytes
    after = inventory(read_model(made.data)).weight_bytes
    assert sum(tensor.bytes_before for tensor in made.tensors) == before["sparse_values"] + before["sparse_indices"]
    grown = after["dense_float16"] - before["dense_float16"]
    assert sum(tensor.bytes_after for tensor in made.tensors) == grown
    assert all(0.6 < tensor.sparsity < 0.8 for tensor in made.tensors)


@pytest.mark.parametrize("stored", ["blocks", "sparse_float32", "sparse_int8"])
def test_other_ways_of_sparse_storage_become_dense(stored: str) -> None:
    made = densify(small(stored))
    assert made.changed == 1
    assert "DENSIFY" not in inventory(read_model(made.data)).operators
    assert made.tensors[0].bytes_after == 32 * 32 * {"blocks": 2, "sparse_float32": 4, "sparse_int8": 1}[stored]


def test_file_that_stores_nothing_sparse_is_given_back(published_dense: Path) -> None:
    data = published_dense.read_bytes()
    assert densify(data).data == data
    assert densify(data).tensors == ()


def test_making_it_dense_again_changes_nothing(published_sparse: Path) -> None:
    once = densify(published_sparse.read_bytes()).data
    assert densify(once).data == once


def test_file_is_made_beside_the_one_that_was_given(tmp_path: Path) -> None:
    file = tmp_path / "model.v2.tflite"
    file.write_bytes(small("dense"))
    for made in (sparsify_file(file), densify_file(file)):
        assert not made.place.exists()
        made.write()
        assert read_file(made.place) == made.data
        assert (made.source.bytes, made.made.bytes) == (len(small("dense")), len(made.data))
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.v2.tflite",
        "model.v2_sparsified.tflite",
        "model.v2_densified.tflite",
    }


def test_file_that_is_there_already_is_replaced_only_when_told(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(small("dense"))
    with pytest.raises(InputError, match="is there already"):
        sparsify_file(file, file)
    sparsify_file(file, file, replace=True).write()
    assert len(file.read_bytes()) < len(small("dense"))


def test_bundle_is_refused_with_the_next_step(tmp_path: Path) -> None:
    bundle = tmp_path / "model.task"
    bundle.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(InputError, match="take its models out and give one"):
        densify_file(bundle)
