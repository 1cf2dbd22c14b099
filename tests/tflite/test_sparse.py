"""TACO storage: what `encode` writes, `decode` reads, whatever the order, blocks and levels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.tflite import SparseError, SparseLevel, Sparsity, decode, encode


@dataclass(frozen=True)
class Layout:
    """A dense array and a way to store it."""

    dense: npt.NDArray[np.float16]
    order: tuple[int, ...]
    block_map: tuple[int, ...]
    block_sizes: tuple[int, ...]
    compressed: tuple[bool, ...]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    rank = draw(st.integers(1, 4))
    block_map = tuple(draw(st.lists(st.integers(0, rank - 1), unique=True, max_size=2)))
    block_sizes = tuple(draw(st.sampled_from([1, 2, 3])) for _ in block_map)
    blocks = dict(zip(block_map, block_sizes, strict=True))
    shape = [draw(st.integers(1, 4)) * blocks.get(dim, 1) for dim in range(rank)]
    order = tuple(draw(st.permutations(range(rank + len(block_map)))))
    # The inside of a block is stored densely.
    compressed = tuple(dim < rank and draw(st.booleans()) for dim in order)
    values = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(size=shape).astype(np.float16)
    values[np.abs(values) < draw(st.sampled_from([0.0, 0.5, 1.5, 9.0]))] = 0
    return Layout(values, order, block_map, block_sizes, compressed)


@settings(max_examples=300, deadline=None)
@given(layouts())
def test_decode_inverts_encode(layout: Layout) -> None:
    values, sparsity = encode(
        layout.dense,
        compressed=layout.compressed,
        traversal_order=layout.order,
        block_map=layout.block_map,
        block_sizes=layout.block_sizes,
    )
    np.testing.assert_array_equal(decode(values, layout.dense.shape, sparsity), layout.dense)


def test_example_of_the_schema_is_stored_as_it_says() -> None:
    dense = np.array([[1, 0, 0, 2], [0, 0, 0, 0], [0, 3, 4, 0]], np.float32)
    values, sparsity = encode(dense, compressed=[False, True])
    assert values.tolist() == [1, 2, 3, 4]
    rows, columns = sparsity.levels
    assert (rows.size, rows.compressed) == (3, False)
    assert columns.segments is not None
    assert columns.indices is not None
    assert columns.segments.tolist() == [0, 2, 2, 4]
    assert columns.indices.tolist() == [0, 3, 1, 2]


@pytest.mark.parametrize(("width", "dtype"), [(200, np.uint8), (300, np.uint16), (70_000, np.int32)])
def test_indices_are_as_wide_as_they_must_be(width: int, dtype: type) -> None:
    dense = np.zeros((1, width), np.float16)
    dense[0, -1] = 1
    values, sparsity = encode(dense, compressed=[False, True])
    assert sparsity.levels[1].indices is not None
    assert sparsity.levels[1].indices.dtype == dtype
    np.testing.assert_array_equal(decode(values, dense.shape, sparsity), dense)


VALUES, GOOD = encode(np.eye(4, dtype=np.float32), compressed=[False, True])


def with_level(place: int, **changes: object) -> Sparsity:
    levels = list(GOOD.levels)
    levels[place] = replace(levels[place], **changes)  # type: ignore[arg-type]
    return replace(GOOD, levels=tuple(levels))


@pytest.mark.parametrize(
    "broken",
    [
        replace(GOOD, traversal_order=(0, 0)),
        replace(GOOD, traversal_order=(0, 1, 2)),
        replace(GOOD, levels=GOOD.levels[:1]),
        replace(GOOD, block_map=(7,)),
        replace(GOOD, traversal_order=(0, 1, 2), block_map=(0,), levels=(*GOOD.levels, SparseLevel(size=3))),
        with_level(0, size=5),
        with_level(0, size=2**31 - 1),
        with_level(1, indices=np.array([0, 1, 2, 9], np.int32)),
        with_level(1, indices=np.array([0, 1, 2, -1], np.int32)),
        with_level(1, segments=np.array([0, 1, 2, 3, 9], np.int32)),
        with_level(1, segments=np.array([0, 3, 2, 3, 4], np.int32)),
        with_level(1, segments=np.array([0, 4], np.int32)),
        with_level(1, segments=np.array([], np.int32)),
    ],
)
def test_description_that_does_not_fit_is_refused(broken: Sparsity) -> None:
    with pytest.raises(SparseError):
        decode(VALUES, (4, 4), broken)


def test_values_that_are_missing_are_refused() -> None:
    with pytest.raises(SparseError, match="4 values but 3"):
        decode(VALUES[:3], (4, 4), GOOD)
