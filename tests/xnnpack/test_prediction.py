"""The prediction: a ratio where something was measured, counts elsewhere, and never a promise for wrong outputs."""

from __future__ import annotations

import pytest

from benchmarks.networks import Net, Zeros
from tests.xnnpack.cases import file_of
from tests.xnnpack.graphs import Graph
from zoo.records import GainPrediction
from zoo.tflite import densified_twin, read_model
from zoo.xnnpack._graph import lower
from zoo.xnnpack._layers import running_nodes
from zoo.xnnpack._prediction import POSSIBLE_ZEROS, predict
from zoo.xnnpack._regions import analyse
from zoo.xnnpack._verdict import verdicts


def predictions(data: bytes) -> dict[str, GainPrediction]:
    analysis = analyse(lower(read_model(data)))
    found = verdicts(analysis, ["wasm", "arm64", "x86-avx"])
    gains, _ = predict(analysis, found, running_nodes(analysis) if found[0].sparse else [])
    return {gain.target: gain for gain in gains}


def network(zeros: float) -> bytes:
    """Large enough for its 1x1 kernels to take the time."""
    graph = Graph((1, 96, 96, 3))
    x = graph.stem(32)
    for _ in range(3):
        x = graph.conv(graph.depthwise(graph.pad(x), padding="VALID"), 64, zeros=zeros)
    return graph.output(graph.mean(x))


def test_sparse_file_gets_a_ratio_with_its_error_where_times_were_measured() -> None:
    gain = predictions(network(0.8))["wasm"]
    assert gain.ratio is not None
    assert gain.error is not None
    assert 0 < gain.error < gain.ratio < 1
    assert gain.multiply_adds_left < gain.multiply_adds
    assert gain.weight_bytes_left < gain.weight_bytes


def test_more_zeros_gain_more() -> None:
    ratios = [predictions(network(zeros))["wasm"].ratio for zeros in (0.7, 0.8, 0.9)]
    assert ratios == sorted(ratios, reverse=True)  # type: ignore[type-var]


def test_other_targets_get_counts_and_say_that_nothing_was_measured() -> None:
    gain = predictions(network(0.8))["arm64"]
    assert gain.ratio is None
    assert gain.multiply_adds_left < gain.multiply_adds
    assert "No times were measured on arm64" in gain.notes[0]


def test_dense_file_gains_nothing_and_learns_what_it_could() -> None:
    gain = predictions(densified_twin(network(0.8)))["wasm"]
    assert (gain.ratio, gain.error, gain.possible_zeros) == (1.0, None, POSSIBLE_ZEROS)
    assert gain.possible_ratio is not None
    assert gain.possible_ratio < 1
    assert gain.multiply_adds_left == gain.multiply_adds


def test_avx_runs_dense_and_says_so() -> None:
    assert predictions(network(0.8))["x86-avx"].ratio == 1.0


@pytest.mark.parametrize("name", ["concatenate", "mean_over_1", "output_inside"])
def test_wrong_outputs_get_no_ratio(name: str) -> None:
    gain = predictions(file_of(name))["wasm"]
    assert gain.ratio is None
    assert "wrong" in gain.notes[0]


def test_kernels_that_run_without_vector_code_are_named() -> None:
    graph = Graph((1, 96, 96, 3))
    x = graph.conv(graph.conv(graph.stem(32), 256), 8, zeros=0.0)
    gain = predictions(graph.output(graph.mean(graph.conv(x, 256))))["wasm"]
    assert "keep nearly all weights" in gain.notes[0]
    assert gain.notes[0].count("CONV_2D") == 1


def with_blocks(filters: int) -> GainPrediction:
    """A network that ends in a kernel whose zeros lie in blocks of 4 output channels."""
    net = Net(96, Zeros(0.8), seed=0)
    x = net.stem(32)
    for _ in range(5):
        x = net.conv(x, 256)
    net.block = 4
    return predictions(net.output(net.mean(net.conv(x, filters))))["wasm"]


def test_kernels_in_blocks_widen_the_error_by_their_part_of_the_time() -> None:
    without, few, many = predictions(network(0.8))["wasm"], with_blocks(4), with_blocks(64)
    assert without.error is not None
    assert few.error is not None
    assert many.error is not None
    assert without.error < few.error < many.error
    assert (few.notes, len(many.notes)) == ([], 1)
