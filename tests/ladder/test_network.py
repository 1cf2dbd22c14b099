"""MobileNetV2 as it is measured: sparse-ready, of its usual size, and the same weights wherever it is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zoo.convert import keras_to_tflite
from zoo.spec import Network
from zoo.student import measure_parity, seeded_network
from zoo.tflite import prune_by_magnitude, read_model, sparsify
from zoo.xnnpack import engagement, readiness


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(family="mobilenet_v2", width=0.35, side=64, seed=3)


@pytest.fixture(scope="module")
def model(network: Network) -> Any:
    return seeded_network(network)


@pytest.fixture(scope="module")
def file(model: Any) -> bytes:
    return keras_to_tflite(model, "float32")


def test_every_rule_of_sparse_inference_holds(file: bytes) -> None:
    assert readiness(read_model(file)) == []


def test_once_pruned_all_its_1x1_convolutions_run_sparse(file: bytes) -> None:
    verdict = engagement(read_model(sparsify(prune_by_magnitude(file, 0.8)).data), "wasm")
    assert verdict.sparse
    assert "34 of 34 1x1 convolutions" in verdict.summary


def test_layers_have_the_sizes_of_kerass_own(network: Network, model: Any) -> None:
    import tf_keras as keras

    theirs = keras.applications.MobileNetV2((network.side, network.side, 3), alpha=network.width, weights=None)
    sizes = {layer.name: tuple(layer.output_shape[1:]) for layer in model.layers}
    for layer in theirs.layers:
        if layer.weights:
            assert sizes[layer.name] == tuple(layer.output_shape[1:]), layer.name
    assert model.count_params() == theirs.count_params()


@pytest.mark.parametrize(("change", "same"), [({}, True), ({"seed": 4}, False)])
def test_weights_follow_from_the_seed_alone(network: Network, model: Any, change: dict[str, int], same: bool) -> None:
    again = seeded_network(network.model_copy(update=change)).get_weights()
    assert all(np.array_equal(new, old) for new, old in zip(again, model.get_weights(), strict=True)) == same


def test_file_computes_what_keras_does_and_outputs_differ_by_class(model: Any, file: bytes) -> None:
    assert measure_parity(model, file).relative_difference < 1e-4
    answers = model(np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32), training=False).numpy()
    # Outputs that are all alike could not show a kernel that computes something else.
    assert answers.std() > 0.1 * answers.mean()
