"""PAD of channels as a 1x1 convolution: the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapt.running import check_same_outputs, kinds, rewritten, seen_by_web_runtime
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.tflite import read_model
from zoo.xnnpack import readiness

NAME = "channel_pad_to_conv"


def padded(amounts: list[tuple[int, int]], *, stored: str = "dense") -> bytes:
    """A convolution, so that kernels have a type to follow, and a PAD by these amounts."""
    graph = Graph((1, 4, 5, 3))
    x = graph.conv(graph.input, 4, stored=stored, zeros=0)
    shape = tuple(size + sum(pair) for size, pair in zip(graph.shape(x), amounts, strict=True))
    return graph.output(graph.apply("PAD", x, graph.constant(np.array(amounts, np.int32)), shape=shape))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=3), st.integers(1, 5))
def test_any_amounts_give_the_same_bits(amounts: list[tuple[int, int]], more: int) -> None:
    amounts = [(0, 0), *amounts[:2], (amounts[2][0], amounts[2][1] + more)]
    before = padded(amounts)
    check_same_outputs(before, rewritten(before, NAME), tolerance=0)


def test_part_on_height_and_width_stays_a_pad_behind_the_convolution() -> None:
    assert kinds(rewritten(padded([(0, 0), (0, 0), (0, 0), (0, 4)]), NAME)) == ["CONV_2D", "CONV_2D"]
    assert kinds(rewritten(padded([(0, 0), (1, 1), (1, 1), (0, 4)]), NAME)) == ["CONV_2D", "CONV_2D", "PAD"]


@pytest.mark.parametrize(
    "amounts", [[(0, 0), (1, 1), (1, 1), (0, 0)], [(1, 0), (0, 0), (0, 0), (0, 4)]], ids=["space_alone", "batch_too"]
)
def test_other_pads_are_left(amounts: list[tuple[int, int]]) -> None:
    with pytest.raises(InputError, match="it needs a PAD of the channels"):
        rewritten(padded(amounts), NAME)


@pytest.mark.parametrize(("stored", "dtype"), [("dense", "float16"), ("float32", "float32")])
def test_kernel_is_stored_as_the_file_stores_its_kernels(stored: str, dtype: str) -> None:
    model = read_model(rewritten(padded([(0, 0), (0, 0), (0, 0), (0, 4)], stored=stored), NAME))
    assert [tensor.dtype for tensor in model.tensors if tensor.shape == (8, 1, 1, 4) and tensor.buffer] == [dtype]


def test_quantized_file_is_refused() -> None:
    with pytest.raises(InputError, match="kept as int8, not as float16 or float32; rewrite the file before"):
        rewritten(padded([(0, 0), (0, 0), (0, 0), (0, 4)], stored="int8"), NAME)


def test_sparse_kernels_run_and_are_right(tmp_path: Path) -> None:
    graph = Graph((1, 40, 40, 3))
    x = graph.conv(graph.stem(), 24)
    wide = graph.add(graph.pad(x, before=0, after=0, channels=8), graph.conv(x, 32))
    before = graph.output(graph.mean(graph.conv(wide, 16)))
    assert "operator_in_region" in {each.rule for each in readiness(read_model(before))}
    after = rewritten(before, NAME)
    assert not readiness(read_model(after))
    seen = seen_by_web_runtime({NAME: (before, after)}, tmp_path)
    assert seen[NAME].sparse_and_right, seen
