"""MAX_POOL_2D by depthwise convolutions: exactly, by comparing, or by one that starts as the mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.tflite.running import outputs_of
from tests.xnnpack.graphs import PADDINGS, RELU, Graph
from zoo.errors import InputError
from zoo.tflite import read_model
from zoo.xnnpack import readiness

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
    """A pool of values of many magnitudes: the picture times powers of ten, one a channel."""
    graph = Graph((1, *size, channels))
    scaled = graph.multiply(graph.constant(powers(channels).astype(np.float32)), graph.input)
    shape = (1, *(side // 2 if padding == "VALID" else -(-side // 2) for side in size), channels)
    options |= {"strideW": 2, "strideH": 2, "filterWidth": window, "filterHeight": window}
    return graph.output(graph.apply(kind, scaled, shape=shape, padding=PADDINGS[padding], **options))


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
    (expected,), (found,) = outputs_of(before, seed=seed), outputs_of(rewritten(before, NAME), seed=seed)
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
    assert kinds(after) == ["MUL", "PAD", "DEPTHWISE_CONV_2D"]
    mean = pooled((6, 8), kind="AVERAGE_POOL_2D")
    np.testing.assert_allclose(outputs_of(after)[0], outputs_of(mean)[0], rtol=0, atol=1e-5)


def test_each_pad_is_read_once() -> None:
    model = read_model(rewritten(pooled(), NAME))
    pads = [operator for operator in model.operators if operator.name == "PAD"]
    assert len(pads) == kinds(model.data).count("DEPTHWISE_CONV_2D") == 4
    assert all(len(model.main.consumers[pad.outputs[0]]) == 1 for pad in pads)


def test_pools_of_equal_width_share_their_kernels() -> None:
    graph = Graph((1, 8, 8, 3))
    once = graph.output(graph.max_pool(graph.input))
    graph = Graph((1, 8, 8, 3))
    twice = graph.output(graph.max_pool(graph.max_pool(graph.input)))
    added = [len(read_model(rewritten(data, NAME)).buffers) for data in (once, twice)]
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
