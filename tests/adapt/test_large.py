"""Networks so large that a search for a plan would take minutes: the search ends early, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.xnnpack.graphs import NONE, Graph
from zoo.adapt import REWRITES, suggest
from zoo.adapt._plan import MOST_OPERATORS
from zoo.cli._main import run


def many_convolutions(count: int) -> bytes:
    """One behind the other, all with the same kernel."""
    graph = Graph((1, 8, 8, 3))
    x = graph.stem()
    reads = graph.constant(np.ones((8, 1, 1, 8), np.float32)), graph.constant(np.zeros(8, np.float32))
    options = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1, "fusedActivationFunction": NONE}
    for _ in range(count):
        x = graph.apply("CONV_2D", x, *reads, **options)
    return graph.output(x)


def wide_fan(count: int) -> bytes:
    """So many additions that read one value."""
    graph = Graph((1, 8, 8, 3))
    x = graph.conv(graph.stem(), 8)
    return graph.output(*(graph.add(x, x) for _ in range(count)))


@pytest.mark.parametrize("build", [many_convolutions, wide_fan])
def test_too_large_a_network_gets_no_plan_and_is_told_so(
    build: Callable[[int], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.tflite"
    file.write_bytes(build(MOST_OPERATORS + 1))
    assert run(["adapt", str(file)]) == 1
    assert "no plan is worked out for more than 8,000; name what you want with --rewrite" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_search_that_ends_early_says_how_far_it_went(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph((1, 40, 40, 3))
    data = graph.output(graph.mean(graph.conv(graph.conv(graph.prelu(graph.conv(graph.input, 16, kernel=3)), 24), 32)))
    monkeypatch.setattr("zoo.adapt._plan.MOST_OPERATORS_TRIED", 5)
    found = suggest(data, REWRITES, name="net")
    assert found.unfinished == "it has 5 operators, and only 1 list of rewrites was tried"
