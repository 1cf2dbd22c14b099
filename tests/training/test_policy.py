"""The policy prunes what XNNPACK can run sparse, and refuses a network that it would run dense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.adapt.published import published
from tests.student.published import adapted
from tests.student.test_adapted import PALM
from tests.tiny_detector import tiny_keras
from zoo.adapt import REWRITES, apply_rewrites
from zoo.spec import PruningSchedule
from zoo.student import import_student, start_tensorflow

start_tensorflow()

# tfmot reads the Keras version on import.
from zoo.training._policy import PruneRegionForXNNPACK, kernel_sparsities, wrap_for_pruning  # noqa: E402


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


def test_heads_are_pruned_to_a_sparsity_of_their_own() -> None:
    import tf_keras as keras
    from tensorflow_model_optimization.sparsity.keras import UpdatePruningStep, strip_pruning

    heads = PruneRegionForXNNPACK()
    heads.ensure_model_supports_pruning(tiny_keras(seed=0))
    pruning = PruningSchedule(initial_sparsity=0.4, head_sparsity=0.25, ramp=0.5)
    shares = kernel_sparsities(tiny_keras(seed=0), pruning, sparsity=0.75)
    model = wrap_for_pruning(tiny_keras(seed=0), pruning, shares, updates=20)
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss=["mse"] * len(model.outputs))
    zeros = np.zeros((1, *model.input_shape[1:]), np.float32)
    model.fit(zeros, model.predict(zeros, verbose=0), epochs=20, verbose=0, callbacks=[UpdatePruningStep()])
    reached = {}
    for layer in strip_pruning(model).layers:
        if layer.name == "middle" or heads.is_head(layer):
            reached[layer.name] = float((layer.get_weights()[0] == 0).mean())
    assert reached.pop("middle") == pytest.approx(0.75, abs=0.02)
    assert reached
    assert all(share == pytest.approx(0.25, abs=0.13) for share in reached.values()), reached


def test_a_wide_convolution_in_the_region_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="layer 'middle'"):
        PruneRegionForXNNPACK().ensure_model_supports_pruning(tiny_keras(seed=0, middle="wide"))


def test_the_published_dense_detector_is_refused(published_dense: Path) -> None:
    model = import_student(published_dense.read_bytes(), name="dense").model
    with pytest.raises(ValueError, match=r"cannot be in XNNPACK's sparse region|starts a region"):
        PruneRegionForXNNPACK().ensure_model_supports_pruning(model)


def test_a_rewritten_detector_is_pruned_but_for_the_heads_before_its_exits(published_dense: Path) -> None:
    names = ["rotate_half_turn", "max_pool_to_primitives", "channel_pad_to_conv", "exit_through_depth_to_space"]
    adapted = apply_rewrites(published_dense.read_bytes(), [REWRITES[name] for name in names]).data
    model = import_student(adapted, name="adapted").model
    policy = PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(model)
    pointwise = [
        layer for layer in model.layers if layer.__class__.__name__ == "Conv2D" and layer.kernel_size == (1, 1)
    ]
    kept = [layer for layer in pointwise if not policy.allow_pruning(layer)]
    assert [layer.filters for layer in kept] == [4, 16], "the scores have one channel, and get three of zeros"


def test_heads_are_found_behind_a_concatenation() -> None:
    adapted = apply_rewrites(published("palm_detection_full"), [REWRITES[name] for name in PALM]).data
    policy = PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(import_student(adapted, name="palm").model)


@pytest.mark.parametrize(
    ("name", "pruned"),
    [("hand_landmark_full", 30), ("pose_landmark_full", 52), ("palm_detection_full", 35), ("pose_detection", 38)],
)
def test_all_that_can_run_sparse_is_pruned_and_nothing_behind_the_region(name: str, pruned: int) -> None:
    model = import_student(adapted(name), name=name).model
    policy = PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(model)
    assert sum(policy.allow_pruning(layer) for layer in model.layers) == pruned
    # The heat maps of the pose come out of a 1x1 convolution inside the region: the 53rd.
    tails = [layer for output in model.outputs for layer in model.layers if layer is output.node.layer]
    assert not any(policy.allow_pruning(layer) for layer in tails)
