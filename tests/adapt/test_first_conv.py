"""A first convolution of another size or padding, by the blocks of the picture: the same outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.xnnpack.graphs import NONE, Graph
from zoo.errors import InputError
from zoo.tflite import read_model
from zoo.xnnpack import readiness

NAME = "first_conv_by_blocks"
Sides = tuple[tuple[int, int], tuple[int, int]]


def first(
    size: tuple[int, int],
    kernel: tuple[int, int],
    *,
    pad: Sides | None = None,
    colours: int = 3,
    stored: str = "dense",
    **options: int,
) -> bytes:
    """A convolution of stride 2 on a picture: SAME, or behind a PAD by these amounts."""
    graph = Graph((1, *size, colours))
    x, padding = graph.input, "SAME"
    if pad is not None:
        x, padding = padded(graph, x, pad), "VALID"
    settings_of = {"stride": 2, "activation": NONE} | options
    return graph.output(graph.conv(x, 4, kernel=kernel, padding=padding, stored=stored, **settings_of))


def padded(graph: Graph, x: int, pad: Sides) -> int:
    amounts = np.array([(0, 0), *pad, (0, 0)], np.int32)
    shape = tuple(side + sum(pair) for side, pair in zip(graph.shape(x), amounts.tolist(), strict=True))
    return graph.apply("PAD", x, graph.constant(amounts), shape=shape)


def network(kernel: int, *, size: int = 40, padding: str = "SAME") -> bytes:
    """A network that XNNPACK could run sparse but for its first convolution."""
    graph = Graph((1, size, size, 3))
    x = graph.conv(graph.input, 16, kernel=kernel, stride=2, padding=padding)
    # The first convolution's kernel becomes 1x1 weights without zeros; these outweigh them.
    return graph.output(graph.mean(graph.conv(graph.conv(graph.depthwise(graph.conv(x, 24)), 96), 96)))


SIDES = st.integers(2, 13)
KERNELS = st.sampled_from([1, 2, 3, 4, 5, 6, 7])


@settings(max_examples=60, deadline=None)
@given(st.tuples(SIDES, SIDES), st.tuples(KERNELS, KERNELS))
def test_every_size_and_kernel_that_is_padded_same_gives_the_same_outputs(
    size: tuple[int, int], kernel: tuple[int, int]
) -> None:
    assume(kernel != (3, 3) or any(side % 2 == 0 for side in size))
    assume(kernel != (1, 1))
    before = first(size, kernel)
    after = rewritten(before, NAME)
    assert kinds(after) == ["PAD", "CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"]
    check_same_outputs(before, after)


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, tuple[int, int]]:
    """Rows, taps, and explicit padding for half as many outputs; each reads the rows 2i - 4 to 2i + 5 at most."""
    size, taps, spare = draw(SIDES), draw(KERNELS), draw(st.integers(0, 1))
    read = 2 * (-(-size // 2) - 1) + taps - size + spare
    before = draw(st.integers(max(taps - 6, 0), max(min(read, 4), 0)))
    return size, taps, (before, max(read - before, 0))


@settings(max_examples=60, deadline=None)
@given(axes(), axes())
def test_every_explicit_padding_that_halves_the_picture_gives_the_same_outputs(
    rows: tuple[int, int, tuple[int, int]], columns: tuple[int, int, tuple[int, int]]
) -> None:
    size, kernel, pad = zip(rows, columns, strict=True)
    before = first(size, kernel, pad=pad)
    if kernel == (3, 3) and [sides[0] for sides in pad] == [1, 1]:
        # XNNPACK takes it, or does behind another PAD.
        with pytest.raises(InputError, match="finds nothing to change"):
            rewritten(before, NAME)
    else:
        check_same_outputs(before, rewritten(before, NAME))


@pytest.mark.parametrize("kernel", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("size", [40, 41])
def test_network_is_ready_after_it(kernel: int, size: int) -> None:
    before = network(kernel, size=size)
    if not (kernel == 3 and size % 2):
        assert {each.rule for each in readiness(read_model(before))} & {"conv_kernel", "first_conv_padding"}
        after = rewritten(before, NAME)
        assert not readiness(read_model(after))
        check_same_outputs(before, after)


def test_copies_only_what_the_kernel_reads() -> None:
    model = read_model(rewritten(first((12, 12), (5, 5)), NAME))
    shapes = [model.tensors[o.inputs[1]].shape for o in model.operators if "CONV" in o.name]
    assert shapes == [(12, 3, 3, 3), (75, 1, 1, 12), (1, 3, 3, 75), (4, 1, 1, 75)]
    model = read_model(rewritten(first((12, 12), (3, 3)), NAME))
    assert model.tensors[model.operators[-1].inputs[1]].shape == (4, 1, 1, 27)


def test_activation_and_bias_stay() -> None:
    graph = Graph((1, 12, 12, 3))
    before = graph.output(graph.conv(graph.input, 8, kernel=5, stride=2))
    check_same_outputs(before, rewritten(before, NAME))


@pytest.mark.parametrize(
    "before",
    [
        first((12, 12), (3, 3), pad=((1, 1), (1, 1))),
        first((13, 13), (3, 3)),
        first((12, 12), (5, 5), pad=((0, 0), (0, 0))),
        first((12, 12), (9, 9), pad=((0, 7), (0, 7))),
        first((12, 12), (5, 5), colours=4),
        first((12, 12), (5, 5), stride=1),
        first((12, 12), (3, 3), stride=1, dilation=2),
    ],
    ids=["as_xnnpack_wants_it", "same_on_odd", "too_few_outputs", "too_far", "four_channels", "stride_1", "dilated"],
)
def test_other_convolutions_are_left(before: bytes) -> None:
    with pytest.raises(InputError, match="it needs a CONV_2D of stride 2 on 3 channels"):
        rewritten(before, NAME)


def test_quantized_kernel_is_refused() -> None:
    with pytest.raises(InputError, match="kept as int8, not as float16 or float32; rewrite the file before"):
        rewritten(first((12, 12), (5, 5), stored="int8"), NAME)


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    files = {f"{kernel}x{kernel}_on_{size}": network(kernel, size=size) for kernel in (4, 5, 7) for size in (40, 41)}
    files["3x3_on_40"] = network(3)
    seen = seen_by_web_runtime({name: (data, rewritten(data, NAME)) for name, data in files.items()}, tmp_path)
    assert {name: each for name, each in seen.items() if not each.sparse_and_right} == {}
