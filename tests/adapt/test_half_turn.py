"""The network on the picture turned by half a turn: whatever lies on the way, all outputs are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.adapt.running import ROUNDING, check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.xnnpack.graphs import NONE, PADDINGS, Graph
from zoo.adapt import REWRITES, apply_rewrites
from zoo.errors import InputError
from zoo.tflite import read_model
from zoo.xnnpack import readiness

NAME = "rotate_half_turn"
LARGE = 400
Step = Callable[[Graph, int], int]


def pad(g: Graph, x: int, rows: tuple[int, int], columns: tuple[int, int], kind: str = "PAD", **options: int) -> int:
    amounts = np.array([(0, 0), rows, columns, (0, 0)], np.int32)
    shape = tuple(side + sum(pair) for side, pair in zip(g.shape(x), amounts.tolist(), strict=True))
    more = [g.constant(np.full(1, 0.5, np.float32))] if kind == "PADV2" else []
    return g.apply(kind, x, g.constant(amounts), *more, shape=shape, **options)


def pool(g: Graph, x: int, kind: str, *, window: int, stride: int, padding: str) -> int:
    batch, *sides, depth = g.shape(x)
    out = [-(-side // stride) if padding == "SAME" else (side - window) // stride + 1 for side in sides]
    options = {"strideW": stride, "strideH": stride, "filterWidth": window, "filterHeight": window}
    return g.apply(kind, x, shape=(batch, *out, depth), padding=PADDINGS[padding], **options)


def nearest(g: Graph, x: int, **options: bool) -> int:
    batch, height, width, depth = g.shape(x)
    size = g.integers(2 * height, 3 * width)
    return g.apply("RESIZE_NEAREST_NEIGHBOR", x, size, shape=(batch, 2 * height, 3 * width, depth), **options)


def shrink(g: Graph, x: int, **options: bool) -> int:
    return g.add(x, g.apply("RESIZE_BILINEAR", x, g.integers(1, 1), shape=(1, 1, 1, g.shape(x)[3]), **options))


def space_to_depth(g: Graph, x: int) -> int:
    x = even(g, x)
    batch, height, width, depth = g.shape(x)
    return g.apply("SPACE_TO_DEPTH", x, shape=(batch, height // 2, width // 2, 4 * depth), blockSize=2)


def even(g: Graph, x: int) -> int:
    """The map with one row and column more where their number is odd."""
    return pad(g, x, (0, g.shape(x)[1] % 2), (0, g.shape(x)[2] % 2))


def cut(g: Graph, x: int, begin: tuple[int, ...], shape: tuple[int, ...]) -> int:
    return g.apply("SLICE", x, g.integers(*begin), g.integers(*shape), shape=shape)


def transposed(g: Graph, x: int) -> int:
    batch, height, width, depth = g.shape(x)
    return g.apply("TRANSPOSE", x, g.integers(0, 2, 1, 3), shape=(batch, width, height, depth))


STEPS: dict[str, Step] = {
    "conv_1x1": lambda g, x: g.conv(x, 5, zeros=0),
    "conv_3x3": lambda g, x: g.conv(x, 4, kernel=3),
    "conv_3x5": lambda g, x: g.conv(x, 4, kernel=(3, 5), activation=NONE),
    "conv_2x2": lambda g, x: g.conv(x, 4, kernel=2),
    "conv_dilated": lambda g, x: g.conv(x, 3, kernel=3, dilation=2),
    "conv_valid": lambda g, x: g.conv(pad(g, x, (1, 2), (2, 0)), 4, kernel=3, padding="VALID"),
    "conv_halves": lambda g, x: g.conv(even(g, x), 4, kernel=3, stride=2),
    "conv_drops_rows": lambda g, x: g.conv(even(g, x), 4, stride=2, zeros=0),
    "depthwise": lambda g, x: g.depthwise(x),
    "depthwise_halves": lambda g, x: g.depthwise(even(g, x), stride=2),
    "depthwise_5x5_halves": lambda g, x: g.depthwise(even(g, x), kernel=5, stride=2),
    "depthwise_wide": lambda g, x: g.depthwise(x, multiplier=2),
    "pad_unevenly": lambda g, x: pad(g, x, (0, 1), (2, 1)),
    "pad_with_a_value": lambda g, x: pad(g, x, (0, 1), (2, 1), "PADV2"),
    "pad_by_reflection": lambda g, x: pad(g, g.resize(x), (0, 1), (1, 0), "MIRROR_PAD", mode=0),
    "add_itself": lambda g, x: g.add(x, x),
    "add_a_branch": lambda g, x: g.add(x, g.depthwise(x)),
    "add_a_map": lambda g, x: g.add(x, g.weights(g.shape(x), stored="float32")),
    "multiply_rows": lambda g, x: g.multiply(x, g.weights((g.shape(x)[1], 1, 1), stored="float32")),
    "multiply_channels": lambda g, x: g.multiply(g.weights((1, 1, 1, g.shape(x)[3])), x),
    "subtract_a_mean": lambda g, x: g.subtract(x, g.mean(x, keep_dims=True)),
    "differ_from_a_mean_of_rows": lambda g, x: g.binary("SQUARED_DIFFERENCE", x, g.mean(x, axes=(1,), keep_dims=True)),
    "prelu": lambda g, x: g.prelu(x),
    "prelu_by_position": lambda g, x: g.apply("PRELU", x, g.weights(g.shape(x)[1:], stored="float32")),
    "tanh": lambda g, x: g.unary(x, "TANH"),
    "softmax": lambda g, x: g.apply("SOFTMAX", x, beta=1.0),
    "concatenate": lambda g, x: g.concatenate(x, g.depthwise(x)),
    "concatenate_a_constant": lambda g, x: g.concatenate(x, g.weights(g.shape(x), stored="float32")),
    "max_pool": lambda g, x: pool(g, even(g, x), "MAX_POOL_2D", window=2, stride=2, padding="VALID"),
    "max_pool_drops_rows": lambda g, x: pool(g, x, "MAX_POOL_2D", window=1, stride=2, padding="VALID"),
    "max_pool_overlaps": lambda g, x: pool(g, even(g, x), "MAX_POOL_2D", window=3, stride=2, padding="SAME"),
    "average_pool": lambda g, x: pool(g, x, "AVERAGE_POOL_2D", window=3, stride=1, padding="SAME"),
    "resize": lambda g, x: g.resize(x),
    "resize_from_corners": lambda g, x: g.resize(x, half_pixel=False, align=True),
    "resize_to_one_position": lambda g, x: shrink(g, x, halfPixelCenters=True),
    "resize_to_one_position_from_corners": lambda g, x: shrink(g, x, alignCorners=True),
    "resize_from_upper_left": lambda g, x: g.resize(x, half_pixel=False),
    "resize_nearest": nearest,
    "resize_nearest_from_centres": lambda g, x: nearest(g, x, halfPixelCenters=True),
    "resize_nearest_from_corners": lambda g, x: nearest(g, x, alignCorners=True),
    "depth_to_space": lambda g, x: g.depth_to_space(g.conv(x, 8, zeros=0)),
    "space_to_depth": space_to_depth,
    "largest_of_columns": lambda g, x: g.add(g.mean(x, axes=(2,), keep_dims=True, kind="REDUCE_MAX"), x),
    "mean_of_channels": lambda g, x: g.multiply(x, g.mean(x, axes=(3,), keep_dims=True)),
    "some_channels": lambda g, x: cut(g, g.conv(x, 5, zeros=0), (0, 0, 0, 1), (*g.shape(x)[:3], 3)),
    "some_rows": lambda g, x: cut(g, pad(g, x, (1, 0), (0, 0)), (0, 1, 0, 0), g.shape(x)),
    "transpose": transposed,
    "reshape_and_back": lambda g, x: g.reshape(g.flat(x), g.shape(x)),
    "to_one_position_and_back": lambda g, x: g.multiply(x, g.conv(g.mean(x, keep_dims=True), g.shape(x)[3], zeros=0)),
}


def network(size: tuple[int, int], names: list[str], *, kept: int | None = None) -> bytes:
    """Half a turn mends its first convolution. `kept`: the value after this many steps is an output too."""
    graph = Graph((1, *size, 3))
    values = [graph.conv(graph.input, 4, kernel=3, stride=2)]
    for name in names:
        # Means of thousands of positions differ by their order alone.
        large = np.prod(graph.shape(values[-1])[1:3]) > LARGE
        values.append(STEPS["max_pool" if large else name](graph, values[-1]))
    outputs = {values[-1]} if kept is None else {values[min(kept, len(names))], values[-1]}
    return graph.output(*sorted(outputs))


def check(before: bytes) -> bool:
    """Whether it was turned; the outputs are the same, and padding that was even still is."""
    adapted = apply_rewrites(before, [REWRITES[NAME]], skip_idle=True)
    check_same_outputs(before, adapted.data, tolerance=4 * ROUNDING)
    return bool(adapted.applied)


@pytest.mark.parametrize("name", STEPS)
def test_every_operator_keeps_its_outputs(name: str) -> None:
    for size in ((12, 16), (10, 6)):
        assert check(network(size, [name]))
        assert check(network(size, ["conv_3x3", name, "conv_3x3", name], kept=2))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.sampled_from([4, 6, 8, 10, 12]), st.sampled_from([4, 6, 8, 14])),
    st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=5),
    st.none() | st.integers(0, 4),
)
def test_every_network_keeps_its_outputs(size: tuple[int, int], names: list[str], kept: int | None) -> None:
    event(f"turned: {check(network(size, names, kept=kept))}")


def test_blocks_of_the_last_position_keep_their_order() -> None:
    assert check(network((4, 4), ["space_to_depth"]))
    assert check(network((4, 4), ["max_pool", "depth_to_space"]))


def test_picture_and_outputs_are_turned_and_nothing_between() -> None:
    before = network((12, 16), ["depthwise_halves", "conv_1x1", "add_itself"])
    found = kinds(rewritten(before, NAME))
    assert found[:2] == found[-2:] == ["REVERSE_V2", "REVERSE_V2"]
    assert found.count("REVERSE_V2") == 4


def test_network_that_ends_in_a_mean_turns_the_picture_alone() -> None:
    graph = Graph((1, 12, 16, 3))
    before = graph.output(graph.mean(graph.conv(graph.input, 8, kernel=3, stride=2)))
    assert kinds(rewritten(before, NAME)) == ["REVERSE_V2", "REVERSE_V2", "PAD", "CONV_2D", "MEAN"]
    check_same_outputs(before, rewritten(before, NAME))


def test_weights_are_stored_as_before() -> None:
    before = network((12, 16), ["conv_3x3"])
    kernels = [
        tensor for tensor in read_model(rewritten(before, NAME)).tensors if tensor.buffer and len(tensor.shape) == 4
    ]
    assert {tensor.dtype for tensor in kernels} == {"float16"}


def spoilt(size: tuple[int, int]) -> bytes:
    """One convolution that half a turn would mend and one that it would spoil."""
    graph = Graph((1, *size, 3))
    return graph.output(
        graph.depthwise(graph.pad(graph.conv(graph.input, 4, kernel=3, stride=2)), stride=2, padding="VALID")
    )


@pytest.mark.parametrize(
    "before",
    [
        spoilt((12, 16)),
        Graph((1, 13, 13, 3)).output(0),
        rewritten(network((12, 16), ["conv_3x3"]), NAME),
    ],
    ids=["one_would_be_spoilt", "no_convolution", "turned_already"],
)
def test_network_that_it_does_not_mend_is_left(before: bytes) -> None:
    with pytest.raises(InputError, match="it needs a convolution of stride 2 with less padding before than behind"):
        rewritten(before, NAME)


def test_quantized_kernel_is_refused() -> None:
    graph = Graph((1, 12, 16, 3))
    before = graph.output(graph.conv(graph.input, 4, kernel=3, stride=2, stored="int8"))
    with pytest.raises(InputError, match="kept as int8, not as float16 or float32; rewrite the file before"):
        rewritten(before, NAME)


def halving(size: int) -> bytes:
    """All its padding at stride 2 is uneven."""
    graph = Graph((1, size, size, 3))
    x = graph.conv(graph.conv(graph.input, 16, kernel=3, stride=2), 24)
    x = graph.conv(graph.depthwise(graph.conv(graph.depthwise(x, stride=2), 32), kernel=5, stride=2), 48)
    return graph.output(graph.mean(x))


@pytest.mark.parametrize("size", [16, 40, 64])
def test_all_uneven_padding_is_mended_at_once(size: int) -> None:
    before = halving(size)
    assert {each.rule for each in readiness(read_model(before))} == {"first_conv_padding", "depthwise_same_padding"}
    after = rewritten(before, NAME)
    assert not readiness(read_model(after))
    check_same_outputs(before, after)


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    files = {f"size_{size}": (halving(size), rewritten(halving(size), NAME)) for size in (16, 40, 64)}
    seen = seen_by_web_runtime(files, tmp_path)
    assert all(each.sparse_and_right for each in seen.values()), seen
