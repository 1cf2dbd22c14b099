"""Parity: what counts as the same answer, and what never does."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.bench._parity import RELATIVE_TOLERANCE, Array, NamedArray, compare_outputs
from zoo.bench._rounding import Rounding

RANDOM = np.random.default_rng(0)
BOXES = RANDOM.normal(0, 40, (1, 50, 16)).astype(np.float32)
SCORES = RANDOM.normal(0, 4, (1, 50, 1)).astype(np.float32)


def _named(*arrays: Array) -> list[NamedArray]:
    return [NamedArray(f"output-{index}", array) for index, array in enumerate(arrays)]


def test_rounding_agrees() -> None:
    found = _named(BOXES * np.float32(1 + 1e-5), SCORES)

    assert compare_outputs(found, _named(BOXES, SCORES)).reason == ""


def test_outputs_may_come_in_another_order() -> None:
    comparison = compare_outputs(_named(SCORES, BOXES), _named(BOXES, SCORES))

    assert comparison.parity is not None
    assert comparison.parity.agrees
    assert comparison.parity.max_abs_difference == 0


def test_outputs_of_one_shape_may_come_in_another_order() -> None:
    left, right = RANDOM.normal(size=(2, 1, 63)).astype(np.float32)

    assert compare_outputs(_named(right, left), _named(left, right)).reason == ""


def test_zeros_in_one_output_disagree_though_the_other_is_right() -> None:
    comparison = compare_outputs(_named(BOXES, np.zeros_like(SCORES)), _named(BOXES, SCORES))

    assert comparison.parity is not None
    assert not comparison.parity.agrees
    assert comparison.parity.max_abs_difference == pytest.approx(comparison.parity.output_magnitude)
    assert "differs" in comparison.reason


def test_a_small_output_is_not_excused_by_a_large_one() -> None:
    """The tolerance is each output's own: an error of 1% of the scores is far below 0.1% of the boxes."""
    comparison = compare_outputs(_named(BOXES * 100, SCORES * np.float32(1.01)), _named(BOXES * 100, SCORES))

    assert comparison.parity is not None
    assert not comparison.parity.agrees


@pytest.mark.parametrize(("factor", "agrees"), [(0.9, True), (1.1, False)])
def test_the_tolerance_is_a_share_of_the_magnitude(factor: float, agrees: bool) -> None:
    found = SCORES.astype(np.float64)
    found.flat[3] += factor * RELATIVE_TOLERANCE * np.abs(SCORES).max()

    comparison = compare_outputs(_named(found), _named(SCORES))

    assert comparison.parity is not None
    assert comparison.parity.agrees is agrees


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_values_that_are_not_finite_never_agree(wrong: float) -> None:
    found = SCORES.copy()
    found.flat[0] = wrong

    comparison = compare_outputs(_named(found), _named(SCORES))

    assert comparison.parity is None
    assert "not finite" in comparison.reason


def test_other_shapes_never_agree() -> None:
    comparison = compare_outputs(_named(BOXES), _named(BOXES, SCORES))

    assert comparison.parity is None
    assert "(1, 50, 1)" in comparison.reason


def test_a_reference_of_zeros_proves_nothing() -> None:
    comparison = compare_outputs(_named(np.zeros_like(SCORES)), _named(np.zeros_like(SCORES)))

    assert comparison.parity is None
    assert comparison.reason


def test_quantised_outputs_may_differ_by_one_step() -> None:
    reference = RANDOM.integers(-128, 127, (1, 100)).astype(np.int8)

    assert compare_outputs(_named((reference + 1).astype(np.int8)), _named(reference)).reason == ""
    assert compare_outputs(_named(reference // 2), _named(reference)).reason != ""


def test_a_model_that_rounds_may_be_off_by_its_rounding_and_no_more() -> None:
    reference = [NamedArray("output", SCORES, Rounding(share=0.02))]
    largest = np.abs(SCORES).max()

    assert compare_outputs(_named(SCORES + np.float32(0.019 * largest)), reference).reason == ""
    assert compare_outputs(_named(SCORES + np.float32(0.021 * largest)), reference).reason != ""


def test_an_output_that_was_quantized_may_be_off_by_a_step() -> None:
    reference = [NamedArray("output", np.float32([0.0, 1 / 256]), Rounding(step=1 / 256))]

    assert compare_outputs(_named(np.float32([0.0, 2 / 256])), reference).reason == ""
    assert compare_outputs(_named(np.float32([0.0, 3 / 256])), reference).reason != ""
