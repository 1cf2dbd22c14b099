"""The inventory: every byte once, and the published figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.tflite import inventory, operator_label, read_model


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
