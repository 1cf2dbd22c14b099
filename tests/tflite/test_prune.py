"""Pruning by magnitude in one shot: the share is met in every 1x1 kernel, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tiny_detector import tiny_keras
from zoo.convert import keras_to_tflite
from zoo.tflite import constant, constant_chain, constant_value, inventory, prune_by_magnitude, read_model


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_every_1x1_kernel_has_the_share_and_keeps_its_largest_weights(published_dense: Path, share: float) -> None:
    before = read_model(published_dense)
    after = read_model(prune_by_magnitude(published_dense.read_bytes(), share))
    for old, new in zip(inventory(before).pointwise, inventory(after).pointwise, strict=True):
        assert new.count.zeros >= int(share * new.count.weights)
        was = constant_value(before, old.operator.inputs[1])
        kept = constant_value(after, new.operator.inputs[1])
        assert was is not None
        assert kept is not None
        np.testing.assert_array_equal(kept[kept != 0], was[kept != 0])
        assert np.abs(was[kept == 0]).max(initial=0) <= np.abs(kept[kept != 0]).min()


def test_nothing_else_changes(published_dense: Path) -> None:
    before, after = read_model(published_dense), read_model(prune_by_magnitude(published_dense.read_bytes(), 0.8))
    assert [(o.name, o.options) for o in after.operators] == [(o.name, o.options) for o in before.operators]
    assert len(after.data) <= len(before.data) + 1024


def test_no_share_changes_no_weight(published_dense: Path) -> None:
    data = published_dense.read_bytes()
    assert inventory(read_model(prune_by_magnitude(data, 0.0))).pointwise_sparsity == pytest.approx(
        inventory(read_model(data)).pointwise_sparsity
    )


def test_a_sparse_file_becomes_dense_and_sparser(published_sparse: Path) -> None:
    after = inventory(read_model(prune_by_magnitude(published_sparse.read_bytes(), 0.9)))
    assert after.sparse_tensors == 0
    assert "DENSIFY" not in after.operators
    assert after.pointwise_sparsity > 0.89


def test_int8_kernels_lose_what_stands_for_the_smallest_numbers() -> None:
    model = tiny_keras(seed=1)
    data = keras_to_tflite(model, "int8")
    before, after = read_model(data), read_model(prune_by_magnitude(data, 0.75))
    for old, new in zip(inventory(before).pointwise, inventory(after).pointwise, strict=True):
        was, kept = (
            constant(model, constant_chain(model.main, layer.operator.inputs[1])[-1])
            for model, layer in ((before, old), (after, new))
        )
        assert new.count.zeros >= int(0.75 * new.count.weights)
        np.testing.assert_array_equal(kept[kept != 0], was[kept != 0])
        scales = np.asarray(before.tensors[old.operator.inputs[1]].quantization.scale).reshape(-1, 1, 1, 1)
        real = np.abs(was.astype(np.float32) * scales)
        assert real[kept == 0].max() <= real[kept != 0].min()
