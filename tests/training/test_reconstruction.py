"""Pruning by reconstruction: the weights that stay make up for those that go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tiny_detector import tiny_keras, tiny_spec
from zoo.progress import SilentProgress
from zoo.student import start_tensorflow

start_tensorflow()

from zoo.training._policy import kernel_sparsities  # noqa: E402
from zoo.training._reconstruction import pruned_least_squares, reconstruct  # noqa: E402

RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(-1, 1, (64, *tiny_spec().input.shape[1:])).astype(np.float32)


class _Problem:
    """Inputs of which some hardly differ, so that others can take a pruned weight's place."""

    def __init__(self, inputs: int = 12, outputs: int = 5, samples: int = 4000) -> None:
        mixed = RNG.normal(size=(samples, inputs)) @ RNG.normal(size=(inputs, inputs))
        self.x = np.concatenate([mixed, np.ones((samples, 1))], axis=1)
        self.weights = RNG.normal(size=(inputs + 1, outputs))
        self.y = self.x @ self.weights
        self.gram, self.cross = self.x.T @ self.x / samples, self.x.T @ self.y / samples

    def error(self, weights: Any) -> float:
        return float(((self.x @ weights - self.y) ** 2).mean())


@pytest.mark.parametrize("sparsity", [0.25, 0.5, 0.8])
def test_as_many_weights_are_zero_as_asked_and_the_bias_stays(sparsity: float) -> None:
    problem = _Problem()
    weights = pruned_least_squares(problem.gram, problem.cross, problem.weights, sparsity)
    assert int((weights[:-1] == 0).sum()) == round(sparsity * weights[:-1].size)
    assert (weights[-1] != 0).all()


@pytest.mark.parametrize("sparsity", [0.25, 0.5, 0.8])
def test_the_error_is_below_that_of_the_largest_weights_fitted_as_well(sparsity: float) -> None:
    problem = _Problem()
    found = problem.error(pruned_least_squares(problem.gram, problem.cross, problem.weights, sparsity))
    kept = np.abs(problem.weights[:-1]) > np.quantile(np.abs(problem.weights[:-1]), sparsity)
    kept = np.concatenate([kept, np.ones((1, kept.shape[1]), bool)])
    fitted = np.zeros_like(problem.weights)
    for column in range(kept.shape[1]):
        rows = kept[:, column]
        fitted[rows, column] = np.linalg.lstsq(problem.x[:, rows], problem.y[:, column], rcond=None)[0]
    cut = np.where(kept, problem.weights, 0)
    assert found < problem.error(fitted) < problem.error(cut)


def test_the_weights_are_the_least_squares_solution_of_those_that_stay() -> None:
    problem = _Problem()
    weights = pruned_least_squares(problem.gram, problem.cross, problem.weights, 0.5)
    for column in range(weights.shape[1]):
        rows = weights[:, column] != 0
        best = np.linalg.lstsq(problem.x[:, rows], problem.y[:, column], rcond=None)[0]
        # The ridge pulls a little.
        apart = problem.x[:, rows] @ (weights[rows, column] - best)
        assert (apart**2).mean() < 0.01 * (problem.y[:, column] ** 2).mean()


def test_nothing_changes_where_nothing_is_pruned() -> None:
    problem = _Problem()
    weights = pruned_least_squares(problem.gram, problem.cross, problem.weights, 0.0)
    np.testing.assert_allclose(weights, problem.weights, atol=1e-8)


def test_inputs_that_are_always_zero_keep_finite_weights() -> None:
    weights = pruned_least_squares(np.diag([0.0, 0.0, 1.0]), np.zeros((3, 2)), np.ones((3, 2)), 0.5)
    assert np.isfinite(weights).all()


def test_a_network_is_pruned_in_place_and_stays_nearer_than_by_magnitude() -> None:
    dense, model, by_magnitude = (tiny_keras(seed=3) for _ in range(3))
    shares = kernel_sparsities(model, tiny_spec().training.pruning, sparsity=0.75)
    with SilentProgress().task("", None) as ticker:
        reconstruct(model, dense, PICTURES, shares, ticker)
    for name, share in shares.items():
        kernel = by_magnitude.get_layer(name).kernel
        values = kernel.numpy()
        kernel.assign(np.where(np.abs(values) > np.quantile(np.abs(values), share), values, 0))
        zeros = float((model.get_layer(name).kernel.numpy() == 0).mean())
        assert zeros == pytest.approx(share, abs=0.01)
    unseen = RNG.uniform(-1, 1, PICTURES.shape).astype(np.float32)
    wanted = dense.predict(unseen, batch_size=1, verbose=0)
    ours, plain = (network.predict(unseen, batch_size=1, verbose=0) for network in (model, by_magnitude))
    assert squared_error(ours, wanted) < squared_error(plain, wanted) / 2


def squared_error(answers: Any, wanted: Any) -> float:
    return sum(float(((answer - right) ** 2).mean()) for answer, right in zip(answers, wanted, strict=True))
