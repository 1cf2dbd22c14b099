"""MAX_POOL_2D by depthwise convolutions: exactly, by comparing, or by one that starts as the mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.tflite.running import outputs_of
from tests.xnnpack.graphs import PADDINGS, RELU, Graph
from zoo.errors import InputError
from zoo.tflite import Model, read_model
from zoo.xnnpack import huge_values, readiness

NAME = "max_pool_to_primitives"
EPSILON = float(np.finfo(np.float32).eps)


def pooled(
    size: tuple[int, int] = (4, 6),
    *,
    kind: str = "MAX_POOL_2D",
    window: int = 2,
    padding: str = "VALID",
    channels: int = 3,
    **options: int,
) -> bytes:
    """A pool of values of many magnitudes, inside what could run sparse: every other pixel times powers of ten.

    The pool's value is the first output.
    """
    graph = Graph((1, 2 * size[0], 2 * size[1], 3))
    picked = np.zeros((channels, 3, 3, 3), np.float32)
    picked[np.arange(channels), 1, 1, np.arange(channels) % 3] = 1
    stem = {"padding": PADDINGS["VALID"], "strideH": 2, "strideW": 2, "dilationHFactor": 1, "dilationWFactor": 1}
    reading = graph.pad(graph.input), graph.constant(picked), graph.constant(np.zeros(channels, np.float32))
    pixels = graph.apply("CONV_2D", *reading, shape=(1, *size, channels), **stem)
    scaled = graph.multiply(graph.constant(powers(channels).astype(np.float32)), pixels)
    shape = (1, *(side // 2 if padding == "VALID" else -(-side // 2) for side in size), channels)
    options |= {"strideW": 2, "strideH": 2, "filterWidth": window, "filterHeight": window}
    pool = graph.apply(kind, scaled, shape=shape, padding=PADDINGS[padding], **options)
    return graph.output(pool, graph.mean(graph.conv(pool, 4, stored="float32")))


def powers(channels: int) -> np.ndarray:
    return (10.0 ** np.arange(-2, channels - 2)).reshape(1, 1, 1, channels)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    st.integers(1, 6),
    st.sampled_from(["SAME", "VALID"]),
    st.integers(0, 2**16),
)
def test_every_even_map_gives_the_same_numbers(half: tuple[int, int], channels: int, padding: str, seed: int) -> None:
    before = pooled((2 * half[0], 2 * half[1]), padding=padding, channels=channels)
    (expected, _), (found, _) = outputs_of(before, seed=seed), outputs_of(rewritten(before, NAME), seed=seed)
    assert (np.abs(found - expected) <= 4 * EPSILON * powers(channels)).all()


def test_fused_activation_stays() -> None:
    before = pooled(fusedActivationFunction=RELU)
    assert outputs_of(before)[0].min() == 0
    for name in (NAME, "max_pool_to_depthwise"):
        assert outputs_of(rewritten(before, name))[0].min() == 0
    check_same_outputs(before, rewritten(before, NAME))


@pytest.mark.parametrize(
    "before",
    [pooled((5, 6)), pooled((5, 6), padding="SAME"), pooled((6, 8), window=3, padding="SAME")],
    ids=["odd", "odd_same", "window_3"],
)
@pytest.mark.parametrize("name", [NAME, "max_pool_to_depthwise"])
def test_other_pools_are_left(before: bytes, name: str) -> None:
    with pytest.raises(InputError, match=r"it needs a MAX_POOL_2D of 2x2 with stride 2 .* even height and width"):
        rewritten(before, name)


def test_depthwise_starts_as_the_mean_of_the_four() -> None:
    after = rewritten(pooled((6, 8)), "max_pool_to_depthwise")
    assert kinds(after)[2:] == ["MUL", "PAD", "DEPTHWISE_CONV_2D", "CONV_2D", "MEAN"]
    mean = pooled((6, 8), kind="AVERAGE_POOL_2D")
    np.testing.assert_allclose(outputs_of(after)[0], outputs_of(mean)[0], rtol=0, atol=1e-5)


def test_each_pad_is_read_once() -> None:
    model = read_model(rewritten(pooled(), NAME))
    _, *pads = [operator for operator in model.operators if operator.name == "PAD"]
    assert len(pads) == kinds(model.data).count("DEPTHWISE_CONV_2D") == 4
    assert all(len(model.main.consumers[pad.outputs[0]]) == 1 for pad in pads)


def test_pools_of_equal_width_share_their_kernels() -> None:
    added = []
    for pools in (1, 2):
        graph = Graph((1, 16, 16, 3))
        x = graph.stem(8)
        for _ in range(pools):
            x = graph.max_pool(x)
        added.append(len(read_model(rewritten(graph.output(graph.mean(graph.conv(x, 4))), NAME)).buffers))
    assert added[0] == added[1]


@pytest.mark.parametrize("size", [8, 16, 40])
def test_sparse_kernels_run_and_are_right(size: int, tmp_path: Path) -> None:
    files = {}
    for name in (NAME, "max_pool_to_depthwise"):
        graph = Graph((1, size, size, 3))
        before = graph.output(graph.mean(graph.conv(graph.max_pool(graph.conv(graph.stem(), 24)), 32)))
        assert readiness(read_model(before))
        after = rewritten(before, name)
        assert not readiness(read_model(after))
        files[name] = (before if name == NAME else after), after
    seen = seen_by_web_runtime(files, tmp_path)
    assert all(each.sparse_and_right for each in seen.values()), seen


LOWEST = float(np.finfo(np.float32).min)


def bordered(graph: Graph, x: int, number: float, *, amount: int = 1) -> int:
    """The map with a border of one number."""
    batch, height, width, channels = graph.shape(x)
    amounts = graph.constant(np.array([[0, 0], [amount, amount], [amount, amount], [0, 0]], np.int32))
    shape = (batch, height + 2 * amount, width + 2 * amount, channels)
    return graph.apply("PADV2", x, amounts, graph.constant(np.array(number, np.float32)), shape=shape)


def masked(graph: Graph, x: int, number: float) -> int:
    """The map with a number added to its left half."""
    mask = np.zeros(graph.shape(x), np.float32)
    mask[:, :, : mask.shape[2] // 2] = number
    return graph.binary("ADD", x, graph.constant(mask))


HUGE_BEFORE_POOL: dict[str, Callable[[Graph, int], int]] = {
    "lowest_as_a_border": lambda g, x: bordered(g, x, LOWEST),
    "infinity_as_a_border": lambda g, x: bordered(g, x, -np.inf),
    "a_border_wider_than_the_window": lambda g, x: g.pool(bordered(g, x, LOWEST, amount=2), "MAX_POOL_2D"),
    "a_mask_that_is_added": lambda g, x: masked(g, x, -1e9),
    "a_logarithm": lambda g, x: g.unary(x, "LOG"),
    "a_division": lambda g, x: g.binary("DIV", x, g.unary(x, "ABS")),
    "a_convolution_of_huge_values": lambda g, x: g.conv(masked(g, x, -1e9), 8),
    "a_part_that_is_huge": lambda g, x: g.concatenate(x, masked(g, x, 1e12)),
    "the_smaller_of_two": lambda g, x: g.binary("MINIMUM", x, masked(g, x, -1e30)),
}
MODERATE_BEFORE_POOL: dict[str, Callable[[Graph, int], int]] = {
    "a_border_of_zeros": lambda g, x: bordered(g, x, 0.0),
    "huge_values_that_are_clamped": lambda g, x: g.unary(masked(g, x, -1e9), "RELU6"),
    "low_values_that_are_cut_off": lambda g, x: g.unary(masked(g, x, -1e9), "RELU"),
    "a_pool_that_never_sees_its_border_alone": lambda g, x: g.pool(bordered(g, x, LOWEST), "MAX_POOL_2D"),
    "the_larger_of_two": lambda g, x: g.binary("MAXIMUM", x, masked(g, x, -1e30)),
}


def network_with(before_pool: Callable[[Graph, int], int]) -> Model:
    graph = Graph((1, 48, 48, 3))
    return read_model(graph.output(graph.max_pool(before_pool(graph, graph.conv(graph.stem(), 8)))))


@pytest.mark.parametrize("case", HUGE_BEFORE_POOL)
def test_huge_values_before_a_pool_are_told(case: str) -> None:
    model = network_with(HUGE_BEFORE_POOL[case])
    assert model.operators[-1].inputs[0] in huge_values(model)


@pytest.mark.parametrize("case", MODERATE_BEFORE_POOL)
def test_moderate_values_before_a_pool_are_told_too(case: str) -> None:
    model = network_with(MODERATE_BEFORE_POOL[case])
    assert model.operators[-1].inputs[0] not in huge_values(model)


@pytest.mark.parametrize("number", [LOWEST, -np.inf, -1e9])
def test_pool_that_may_read_huge_values_is_left_and_no_exact_remedy_for_it(number: float) -> None:
    graph = Graph((1, 32, 32, 3))
    x = graph.max_pool(graph.conv(graph.stem(), 8))
    x = graph.max_pool(masked(graph, graph.conv(x, 8), number))
    before = graph.output(graph.mean(graph.conv(x, 8)))
    after = rewritten(before, NAME)
    assert kinds(after).count("MAX_POOL_2D") == 1
    check_same_outputs(before, after)
    remedies = {r.rewrite for each in readiness(read_model(after)) for r in each.remedies if "MAX_POOL" in each.where}
    assert NAME not in remedies


def test_pool_that_sparse_kernels_could_not_take_is_left() -> None:
    graph = Graph((1, 32, 32, 3))
    inside = graph.conv(graph.max_pool(graph.conv(graph.stem(), 8)), 8)
    outside = graph.max_pool(graph.conv(inside, 8, kernel=3))
    before = graph.output(graph.conv(outside, 8), graph.max_pool(graph.input))
    for name in (NAME, "max_pool_to_depthwise"):
        assert kinds(rewritten(before, name)).count("MAX_POOL_2D") == 2
