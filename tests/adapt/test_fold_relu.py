"""RELU as the fused activation of the operator before it, and RELU that does nothing taken out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.xnnpack.graphs import NONE, RELU, Graph
from zoo.errors import InputError
from zoo.tflite import read_model

NAME = "fold_relu"
MAKERS: dict[str, Callable[[Graph], int]] = {
    "CONV_2D": lambda g: g.conv(g.input, 4, activation=NONE),
    "DEPTHWISE_CONV_2D": lambda g: g.depthwise(g.input, activation=NONE),
    "ADD": lambda g: g.add(g.input, g.input),
    "MUL": lambda g: g.multiply(g.weights((1, 1, 1, 3)), g.input),
}


@pytest.mark.parametrize("clamp", ["RELU", "RELU6"])
@pytest.mark.parametrize("kind", MAKERS)
def test_clamp_becomes_the_activation(kind: str, clamp: str) -> None:
    graph = Graph((1, 4, 4, 3))
    before = graph.output(graph.unary(MAKERS[kind](graph), clamp))
    after = rewritten(before, NAME)
    check_same_outputs(before, after, tolerance=0)
    assert kinds(after) == [kind]
    assert read_model(after).operators[-1].options.activation == clamp


@pytest.mark.parametrize(
    "again",
    [
        lambda g, x: x,
        lambda g, x: g.max_pool(x),
        lambda g, x: g.add(x, g.unary(g.input, "ABS")),
        lambda g, x: g.pad(g.resize(x)),
        lambda g, x: g.concatenate(x, x),
    ],
    ids=["activation", "pool", "sum", "resize_and_pad", "concatenation"],
)
def test_relu_of_what_is_never_negative_is_taken_out(again: Callable[[Graph, int], int]) -> None:
    graph = Graph((1, 4, 4, 3))
    x = again(graph, graph.conv(graph.input, 3, activation=RELU))
    before = graph.output(graph.unary(x, "RELU"), graph.flat(x))
    after = rewritten(before, NAME)
    check_same_outputs(before, after, tolerance=0)
    assert "RELU" not in kinds(after)


@pytest.mark.parametrize(
    "build",
    [
        lambda g, x: (g.unary(x, "RELU"), g.flat(x)),
        lambda g, x: (g.unary(x, "RELU"), x),
        lambda g, x: (g.unary(g.resize(x), "RELU"),),
        lambda g, x: (g.unary(g.unary(x, "ABS"), "RELU6"),),
    ],
    ids=["read_twice", "given_back_too", "after_a_resize", "relu6_of_the_positive"],
)
def test_clamp_that_does_something_of_its_own_stays(build: Callable[[Graph, int], tuple[int, ...]]) -> None:
    graph = Graph((1, 4, 4, 3))
    outputs = build(graph, graph.conv(graph.input, 3, activation=NONE))
    with pytest.raises(InputError, match="finds nothing to change"):
        rewritten(graph.output(*outputs), NAME)


def test_two_outputs_stay_two() -> None:
    graph = Graph((1, 4, 4, 3))
    x = graph.conv(graph.input, 3, activation=RELU)
    with pytest.raises(InputError, match="finds nothing to change"):
        rewritten(graph.output(x, graph.unary(x, "RELU")), NAME)


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    graph = Graph((1, 40, 40, 3))
    stem = graph.unary(graph.stem(24, activation=NONE), "RELU6")
    x = graph.unary(graph.conv(stem, 32, activation=NONE, zeros=0.7), "RELU")
    x = graph.unary(graph.add(x, graph.conv(x, 32, activation=NONE, zeros=0.7)), "RELU")
    before = graph.output(graph.mean(graph.conv(x, 32, zeros=0.7)))
    seen = seen_by_web_runtime({NAME: (before, rewritten(before, NAME))}, tmp_path)
    assert seen[NAME].sparse_and_right, seen
