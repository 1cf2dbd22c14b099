"""The policy prunes what XNNPACK can run sparse, and refuses a network that it would run dense."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_detector import tiny_keras
from zoo.student import import_student, start_tensorflow

start_tensorflow()

from zoo.training._policy import PruneRegionForXNNPACK  # noqa: E402 - tfmot reads the Keras version on import


def test_the_published_sparse_student_is_pruned_where_the_published_file_is(published_sparse: Path) -> None:
    from zoo.tflite import read_model

    model = import_student(published_sparse.read_bytes(), name="student").model
    policy = PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(model)
    allowed = [layer.name for layer in model.layers if policy.allow_pruning(layer)]
    stored_sparse = sum(tensor.sparsity is not None for tensor in read_model(published_sparse).tensors)
    assert len(allowed) == stored_sparse == 46


def test_the_stock_policy_refuses_the_same_student(published_sparse: Path) -> None:
    from tensorflow_model_optimization.python.core.sparsity.keras.pruning_policy import PruneForLatencyOnXNNPack

    model = import_student(published_sparse.read_bytes(), name="student").model
    with pytest.raises(ValueError, match="Global"):
        PruneForLatencyOnXNNPack().ensure_model_supports_pruning(model)


def test_heads_are_left_dense() -> None:
    model = tiny_keras(seed=0)
    policy = PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(model)
    assert [layer.name for layer in model.layers if policy.allow_pruning(layer)] == ["middle"]


def test_a_wide_convolution_in_the_region_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="layer 'middle'"):
        PruneRegionForXNNPACK().ensure_model_supports_pruning(tiny_keras(seed=0, middle="wide"))


def test_the_published_dense_detector_is_refused(published_dense: Path) -> None:
    model = import_student(published_dense.read_bytes(), name="dense").model
    with pytest.raises(ValueError, match=r"cannot be in XNNPACK's sparse region|starts a region"):
        PruneRegionForXNNPACK().ensure_model_supports_pruning(model)
