"""Networks in which XNNPACK could run nothing sparse are told what fits them, not how a region ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.xnnpack.graphs import Graph
from zoo.tflite import read_model
from zoo.xnnpack import readiness

NETWORKS: dict[str, tuple[Callable[[Graph], int], str]] = {
    "dense_layers": (lambda g: g.dense(g.dense(g.flat(g.input), 16), 4), "LiteRT has sparse kernels of its own"),
    "large_convolutions": (lambda g: g.conv(g.conv(g.input, 8, kernel=3), 8, kernel=3), "a depthwise convolution and"),
    "no_weights": (lambda g: g.unary(g.flat(g.input), "ABS"), "may still make the file smaller"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_advice_fits_a_network_without_1x1_convolutions(name: str) -> None:
    build, advice = NETWORKS[name]
    graph = Graph()
    first, *others = readiness(read_model(graph.output(build(graph))))
    assert first.where == "the graph: it has no 1x1 convolution"
    assert advice in first.advice
    assert not first.remedies
    assert not any("End each branch in MEAN" in each.advice for each in (first, *others))
