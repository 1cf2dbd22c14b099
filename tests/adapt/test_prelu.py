"""PRELU by MUL, RELU and ADD: the same numbers for every slope, in two operators where no slope is above 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.tflite.running import outputs_of
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.tflite import read_model

NAME = "prelu_to_primitives"
SLOPES = st.one_of(st.floats(-4, 12, width=16), st.sampled_from([-1.0, 0.0, 1.0, 1.0009765625, 2.0**-14]))


def prelu(slopes: npt.NDArray[np.float32]) -> bytes:
    graph = Graph((1, 3, 5, 4))
    return graph.output(graph.apply("PRELU", graph.input, graph.constant(slopes)))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (1, 1, 4), elements=SLOPES), st.integers(0, 2**16))
def test_every_slope_gives_the_same_numbers(slopes: npt.NDArray[np.float32], seed: int) -> None:
    before = prelu(slopes)
    (expected,), (found,) = outputs_of(before, seed=seed), outputs_of(rewritten(before, NAME), seed=seed)
    # What the rewrite's docstring promises, for inputs in [-1, 1].
    bound = 2.0**-24 * (2 * np.abs(1 - slopes) + np.abs(slopes))
    assert (np.abs(found - expected) <= 1.01 * bound).all()


@pytest.mark.parametrize("shape", [(1, 1, 4), (4,), (1, 1, 1), (1,)])
def test_slope_for_all_or_one_a_channel(shape: tuple[int, ...]) -> None:
    before = prelu(np.linspace(-0.5, 1.5, int(np.prod(shape)), dtype=np.float32).reshape(shape))
    check_same_outputs(before, rewritten(before, NAME))


def test_two_operators_where_no_slope_is_above_1_else_three() -> None:
    low, high = np.array([[[0.25, -3, 0, 1]]], np.float32), np.array([[[0.25, -3, 0, 1.5]]], np.float32)
    assert kinds(rewritten(prelu(low), NAME)) == ["MUL", "ADD"]
    assert kinds(rewritten(prelu(high), NAME)) == ["MUL", "MUL", "ADD"]


def test_constants_come_first_with_four_dimensions() -> None:
    model = read_model(rewritten(prelu(np.full((1, 1, 4), 0.5, np.float32)), NAME))
    scale = next(operator for operator in model.operators if operator.name == "MUL")
    assert [model.tensors[index].shape for index in scale.inputs] == [(1, 1, 1, 4), (1, 3, 5, 4)]


def test_slopes_of_rows_and_columns_are_left() -> None:
    with pytest.raises(InputError, match=r"it needs a PRELU .* one slope for all or one a channel"):
        rewritten(prelu(np.full((3, 5, 4), 0.5, np.float32)), NAME)


def test_prelu_after_prelu_reads_what_the_first_became() -> None:
    graph = Graph((1, 4, 4, 3))
    before = graph.output(graph.prelu(graph.prelu(graph.input)))
    after = rewritten(before, NAME)
    assert "PRELU" not in kinds(after)
    check_same_outputs(before, after)


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    files = {}
    for top in (0.9, 3.0):
        graph = Graph((1, 40, 40, 3))
        slopes = graph.constant(np.linspace(-2, top, 24, dtype=np.float32).reshape(1, 1, 24))
        x = graph.apply("PRELU", graph.conv(graph.stem(), 24), slopes)
        before = graph.output(graph.mean(graph.conv(x, 32)))
        files[f"slopes_up_to_{top:g}"] = before, rewritten(before, NAME)
    seen = seen_by_web_runtime(files, tmp_path)
    assert all(each.sparse_and_right for each in seen.values()), seen
