"""Patterns of pruning: which weights stay is what tfmot's own masks say, for patterns as for single weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zoo.errors import InputError
from zoo.student import start_tensorflow
from zoo.tflite import Keep, largest, output_blocks, two_of_four


def magnitudes(outputs: int, inputs: int, seed: int = 3) -> npt.NDArray[np.float32]:
    return np.abs(np.random.default_rng(seed).normal(size=(outputs, inputs))).astype(np.float32)


def tfmot_mask(weights: npt.NDArray[Any], share: float, **pattern: Any) -> npt.NDArray[np.bool_]:
    """The mask of tfmot's pruning of a 1x1 convolution with these weights, (outputs, inputs)."""
    tf = start_tensorflow()
    from tensorflow_model_optimization.python.core.sparsity.keras import pruning_impl, pruning_schedule

    kernel = tf.constant(weights.T[None, None])
    pruning = pruning_impl.Pruning(
        lambda: tf.constant(0),
        [],
        pruning_schedule.ConstantSparsity(share, 0, frequency=1),
        list(pattern.get("block_size", (1, 1))),
        "AVG",
        pattern.get("sparsity_m_by_n"),
    )
    _, mask = pruning._maybe_update_block_mask(kernel)
    return np.asarray(mask)[0, 0].T.astype(np.bool_)


@pytest.mark.parametrize(
    ("keep", "share", "pattern"),
    [
        (largest(0.75), 0.75, {}),
        (two_of_four(), 0.5, {"sparsity_m_by_n": (2, 4)}),
        (output_blocks(0.75, outputs=4), 0.75, {"block_size": (1, 4)}),
        (output_blocks(0.5, outputs=2), 0.5, {"block_size": (1, 2)}),
    ],
)
@pytest.mark.parametrize("shape", [(16, 8), (24, 32)])
def test_mask_is_tfmots(keep: Keep, share: float, pattern: dict[str, Any], shape: tuple[int, int]) -> None:
    weights = magnitudes(*shape)
    np.testing.assert_array_equal(keep(weights), tfmot_mask(weights, share, **pattern))


def test_two_of_four_keeps_two_of_every_four_inputs() -> None:
    kept = two_of_four()(magnitudes(6, 12)).reshape(6, 3, 4)
    assert (kept.sum(axis=-1) == 2).all()


def test_blocks_stand_or_fall_together_and_the_last_may_be_smaller() -> None:
    kept = output_blocks(0.5, outputs=4)(magnitudes(10, 6))
    for start, end in ((0, 4), (4, 8), (8, 10)):
        assert (kept[start:end] == kept[start]).all()
    assert kept[::4].sum() == 9


def test_two_of_four_refuses_inputs_that_make_no_groups() -> None:
    with pytest.raises(InputError, match="a 1x1 kernel has 6"):
        two_of_four()(magnitudes(4, 6))


def test_ties_go_in_order() -> None:
    np.testing.assert_array_equal(largest(0.5)(np.ones((2, 2), np.float32)), [[False, False], [True, True]])
