"""The constant of an ADD or MUL comes first, with four dimensions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.adapt.running import check_same_outputs, rewritten, seen_by_web_runtime
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.tflite import read_model
from zoo.xnnpack import readiness

NAME = "constant_first"


def with_constant(shape: tuple[int, ...], *, kind: str = "MUL", first: bool = False) -> bytes:
    graph = Graph((1, 4, 5, 6))
    operands = (graph.input, graph.weights(shape))
    return graph.output(graph.apply(kind, *(reversed(operands) if first else operands), shape=(1, 4, 5, 6)))


@pytest.mark.parametrize("kind", ["ADD", "MUL"])
@pytest.mark.parametrize(
    ("shape", "first"),
    [
        *[(shape, False) for shape in [(), (1,), (6,), (1, 6), (1, 1, 6), (1, 1, 1, 6), (1, 1, 1, 1)]],
        *[(shape, True) for shape in [(), (6,), (1, 1, 6)]],
    ],
)
def test_constant_comes_first_with_four_dimensions(kind: str, shape: tuple[int, ...], first: bool) -> None:
    before = with_constant(shape, kind=kind, first=first)
    after = rewritten(before, NAME)
    check_same_outputs(before, after, tolerance=0)
    model = read_model(after)
    (operator,) = (each for each in model.operators if each.name == kind)
    size = int(np.prod(shape, dtype=int))
    assert [model.tensors[index].shape for index in operator.inputs] == [(1, 1, 1, size), (1, 4, 5, 6)]


@pytest.mark.parametrize(
    ("shape", "first"),
    [((1, 1, 1, 6), True), ((1, 4, 5, 6), False), ((4, 1, 1), False), ((5, 6), False)],
    ids=["already_first", "full", "rows", "columns"],
)
def test_what_is_right_or_cannot_be_in_the_region_is_left(shape: tuple[int, ...], first: bool) -> None:
    with pytest.raises(InputError, match="finds nothing to change"):
        rewritten(with_constant(shape, first=first), NAME)


def test_constant_read_twice_is_stored_once() -> None:
    graph = Graph((1, 4, 5, 6))
    factors = graph.weights((6,))
    before = graph.output(graph.multiply(graph.multiply(graph.input, factors), factors))
    after = rewritten(before, NAME)
    check_same_outputs(before, after, tolerance=0)
    assert sum(tensor.shape == (1, 1, 1, 6) and tensor.dtype == "float16" for tensor in read_model(after).tensors) == 1


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    files = {}
    for shape in [(), (24,), (1, 1, 1, 24)]:
        graph = Graph((1, 40, 40, 3))
        x = graph.multiply(graph.conv(graph.stem(), 24), graph.weights(shape))
        before = graph.output(graph.mean(graph.conv(graph.add(x, graph.weights(shape)), 32)))
        assert readiness(read_model(before))
        files[f"shape_{len(shape)}"] = before, rewritten(before, NAME)
        assert not readiness(read_model(files[f"shape_{len(shape)}"][1]))
    seen = seen_by_web_runtime(files, tmp_path)
    assert all(each.sparse_and_right for each in seen.values()), seen
