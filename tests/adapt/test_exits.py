"""Ways out of the sparse region: any value of any size comes out as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.xnnpack.graphs import NONE, Graph
from zoo.errors import InputError
from zoo.tflite import read_model
from zoo.xnnpack import readiness

EXIT, HEAD = "exit_through_depth_to_space", "head_to_depth_to_space"
Build = Callable[[Graph, int], "int | tuple[int, ...]"]


def network(build: Build, *, size: int = 40, filters: int = 24) -> bytes:
    """A network that XNNPACK could run sparse, and what `build` puts behind it: its outputs."""
    graph = Graph((1, size, size, 3))
    outputs = build(graph, graph.conv(graph.stem(16), filters, zeros=0.7))
    return graph.output(*(outputs if isinstance(outputs, tuple) else (outputs,)))


def head(channels: int) -> Build:
    return lambda g, x: g.flat(g.conv(x, channels, zeros=0.7, activation=NONE))


LEAVING: dict[str, tuple[Build, int]] = {
    "read_by_a_reshape": (lambda g, x: g.flat(x), 1),
    "read_by_a_3x3_convolution": (lambda g, x: g.conv(x, 5, kernel=3), 1),
    "read_by_a_pad_and_a_convolution": (lambda g, x: g.conv(g.pad(x), 5, kernel=3, padding="VALID"), 1),
    "an_output": (lambda g, x: x, 1),
    "an_output_that_is_read_inside": (lambda g, x: (x, g.mean(g.conv(x, 32, zeros=0.7))), 1),
    "read_inside_and_outside": (lambda g, x: (g.flat(x), g.mean(g.conv(x, 32, zeros=0.7))), 1),
    "concatenated": (lambda g, x: g.flat(g.concatenate(g.conv(x, 6, zeros=0.7), g.conv(x, 7, zeros=0.7))), 2),
    "subtracted": (lambda g, x: g.mean(g.subtract(x, g.conv(x, 24, zeros=0.7))), 2),
    "odd_channels_of_a_sum": (lambda g, x: g.flat(_sum_of_heads(g, x, 5)), 1),
    "classifier_as_convolution": (
        lambda g, x: g.flat(g.conv(g.mean(x, keep_dims=True), 9, zeros=0.7, activation=NONE)),
        1,
    ),
    "function_of_a_mean": (lambda g, x: g.unary(g.mean(x, keep_dims=True), "LOGISTIC"), 1),
    "mean_for_both_sides": (lambda g, x: _mean_for_both_sides(g, g.mean(x, keep_dims=True)), 2),
    "resized_at_last": (lambda g, x: g.conv(g.resize(g.conv(x, 8, zeros=0.7)), 5, kernel=3), 1),
}


def _sum_of_heads(g: Graph, x: int, channels: int) -> int:
    return g.add(g.conv(x, channels, zeros=0.7), g.conv(x, channels, zeros=0.7))


def _mean_for_both_sides(g: Graph, mean: int) -> tuple[int, int]:
    return g.unary(mean, "LOGISTIC"), g.flat(g.conv(mean, 8, zeros=0.7, activation=NONE))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 12))
def test_every_size_and_width_comes_out_as_it_was(size: int, channels: int) -> None:
    before = network(head(channels), size=size)
    after = rewritten(before, EXIT)
    check_same_outputs(before, after, tolerance=0)
    assert not readiness(read_model(after))


@pytest.mark.parametrize("case", LEAVING)
def test_values_that_leave_get_an_exit_each(case: str) -> None:
    build, exits = LEAVING[case]
    before = network(build)
    after = rewritten(before, EXIT)
    check_same_outputs(before, after, tolerance=0)
    assert len(kinds(after)) > len(kinds(before))
    assert not readiness(read_model(after))
    ends = [kind for kind in kinds(after) if kind == "DEPTH_TO_SPACE"]
    assert len(ends) == exits - case.count("of_a_mean")


def test_head_gets_rows_of_zeros_instead_of_an_operator() -> None:
    after = rewritten(network(head(6)), EXIT)
    assert kinds(after)[-5:] == ["CONV_2D", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "SLICE", "RESHAPE"]
    assert kinds(after).count("CONV_2D") == kinds(network(head(6))).count("CONV_2D")
    assert kinds(rewritten(network(head(8)), EXIT))[-3:] == ["DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "RESHAPE"]


def test_value_is_taken_out_before_a_resize_makes_it_larger() -> None:
    after = kinds(rewritten(network(LEAVING["resized_at_last"][0]), EXIT))
    assert after[-4:] == ["DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "RESIZE_BILINEAR", "CONV_2D"]


@pytest.mark.parametrize(
    "build",
    [
        lambda g, x: g.mean(x),
        lambda g, x: g.flat(g.mean(x, keep_dims=True)),
        lambda g, x: g.dense(g.mean(x), 7),
        lambda g, x: g.flat(g.depth_to_space(x)),
    ],
    ids=["mean", "mean_that_keeps_dims", "classifier", "depth_to_space"],
)
@pytest.mark.parametrize("name", [EXIT, HEAD])
def test_network_with_ends_needs_nothing(build: Build, name: str) -> None:
    with pytest.raises(InputError, match="finds nothing to change"):
        rewritten(network(build), name)


def test_network_without_a_sparse_part_has_no_exits() -> None:
    graph = Graph((1, 40, 40, 3))
    before = graph.output(graph.flat(graph.conv(graph.conv(graph.input, 8, kernel=3, stride=2), 16)))
    with pytest.raises(InputError, match="it needs a first convolution and 1x1 convolutions after it"):
        rewritten(before, EXIT)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 9))
def test_head_of_every_even_size_comes_out_as_it_was(quarter: int, channels: int) -> None:
    before = network(head(channels), size=4 * quarter)
    after = rewritten(before, HEAD)
    check_same_outputs(before, after, tolerance=0)
    assert kinds(after)[-5:] == ["CONV_2D", "PAD", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "RESHAPE"]
    assert not readiness(read_model(after))


@pytest.mark.parametrize(
    ("build", "size"),
    [(head(8), 42), (lambda g, x: g.flat(g.add(x, x)), 40), (LEAVING["an_output_that_is_read_inside"][0], 40)],
    ids=["odd_size", "sum", "read_inside"],
)
def test_what_is_no_head_is_left(build: Build, size: int) -> None:
    with pytest.raises(InputError, match="it needs a 1x1 convolution on an even height and width"):
        rewritten(network(build, size=size), HEAD)


def test_heads_of_several_widths_keep_their_outputs_in_order() -> None:
    before = network(lambda g, x: tuple(g.conv(x, width, zeros=0.7, activation=NONE) for width in (3, 8, 1)))
    for name in (EXIT, HEAD):
        check_same_outputs(before, rewritten(before, name), tolerance=0)


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    files = {case: network(build) for case, (build, _) in LEAVING.items()}
    files |= {f"head_of_{channels}": network(head(channels)) for channels in (1, 2, 3, 4, 12, 39)}
    files |= {f"map_of_{size}": network(head(6), size=2 * size) for size in (2, 3, 4, 5, 7, 16, 33)}
    pairs = {name: (before, rewritten(before, EXIT)) for name, before in files.items()}
    heads = {name: before for name, before in files.items() if name.startswith("head")}
    pairs |= {f"{name}_as_published": (before, rewritten(before, HEAD)) for name, before in heads.items()}
    seen = seen_by_web_runtime(pairs, tmp_path)
    assert {name: each for name, each in seen.items() if not each.sparse_and_right} == {}


def test_file_that_claims_a_value_of_absurd_width_is_refused() -> None:
    graph = Graph((1, 40, 40, 3))
    x = graph.unary(graph.conv(graph.stem(16), 24), "RELU")
    graph.tensors[x].shape = [1, 20, 20, 99_999]
    with pytest.raises(InputError, match=r"9,999,800,001 weights at once"):
        rewritten(graph.output(graph.unary(x, "SIN")), EXIT)


def test_file_with_thousands_of_heads_is_refused() -> None:
    graph = Graph((1, 16, 16, 3))
    x = graph.stem(16)
    before = graph.output(*(graph.conv(x, 4, activation=NONE) for _ in range(1_001)))
    with pytest.raises(InputError, match=r"would add more than 2,000 operators"):
        rewritten(before, EXIT)
