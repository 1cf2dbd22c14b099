"""TACO storage of sparse tensors, decoded and encoded without a loop over elements.

Source: TensorFlow Lite's `tensorflow/lite/kernels/internal/utils/sparsity_format_converter.cc` (`FormatConverter`) and
the taco paper (Kjolstad et al., The Tensor Algebra Compiler, 2017): a tensor is a tree with one level a traversed
dimension, and each level stores all children of a node (dense) or only those that lead to a value (compressed).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.tflite._model import SparseLevel, Sparsity

MAX_SPARSE_ELEMENTS = 1 << 25
"""Of the dense array: a few bytes of description could ask for any memory, and each stored value takes 16 more."""


class SparseError(Exception):
    """The storage description does not fit the tensor; the caller names the tensor."""


def decode(values: npt.NDArray[Any], shape: Sequence[int], sparsity: Sparsity) -> npt.NDArray[Any]:
    """The dense array of `shape` and the values' dtype.

    `values`: (stored,), in traversal order. Raises SparseError where sizes, segments or indices do not fit together.
    """
    order, block_map = sparsity.traversal_order, sparsity.block_map
    sizes, steps = _walk(shape, order, block_map, _block_sizes(len(shape), sparsity))
    most = _most_nodes(sizes)
    places = np.zeros(1, np.intp)
    for level, size, step in zip(sparsity.levels, sizes, steps, strict=True):
        if level.segments is None or level.indices is None:
            if level.size != size:
                raise SparseError(f"a dense dimension is stored as {level.size} long, not {size}")
            if len(places) * size > most:
                raise SparseError("it stores more values than the tensor has elements")
            places = (places[:, None] + np.arange(size) * step).ravel()
        else:
            children = _children(level.segments, level.indices, len(places), size)
            places = np.repeat(places, children)
            places += np.multiply(level.indices, step, dtype=np.intp)
    if len(places) != len(values):
        raise SparseError(f"its indices name {len(places)} values but {len(values)} are stored")
    dense = np.zeros(tuple(shape), values.dtype)
    dense.reshape(-1)[places] = values
    return dense


def encode(
    dense: npt.NDArray[Any],
    *,
    compressed: Sequence[bool],
    traversal_order: Sequence[int] | None = None,
    block_map: Sequence[int] = (),
    block_sizes: Sequence[int] = (),
) -> tuple[npt.NDArray[Any], Sparsity]:
    """Values (stored,) and their description, the inverse of `decode`.

    `compressed`: one flag a level, in traversal order. `block_sizes[i]` cuts dimension `block_map[i]`, whose size it
    divides; the inside of a block is stored dense. Index arrays get the narrowest of uint8, uint16 and int32 that holds
    them, as TensorFlow's converter does. A negative zero counts as a zero, as there, and is decoded as 0.
    Raises SparseError where the description does not fit the array.
    """
    rank = dense.ndim
    order = tuple(range(rank + len(block_map)) if traversal_order is None else traversal_order)
    _check_order(rank, order, block_map, len(compressed))
    if len(block_sizes) != len(block_map):
        raise SparseError("there is not one size for each block")
    if any(flag and dim >= rank for flag, dim in zip(compressed, order, strict=True)):
        raise SparseError("the inside of a block cannot be compressed")
    sizes, _ = _walk(dense.shape, order, block_map, block_sizes)
    flat = _cut_into_blocks(dense, block_map, block_sizes).transpose(order).reshape(-1)
    nonzero = _nonzero(flat)
    kept: npt.NDArray[np.intp] | None = None  # numbers of the nodes that are stored; None: all
    levels = []
    for place, (flag, size) in enumerate(zip(compressed, sizes, strict=True)):
        if not flag:
            levels.append(SparseLevel(size=size))
            kept = None if kept is None else (kept[:, None] * size + np.arange(size)).ravel()
            continue
        parents, below = prod(sizes[:place]), prod(sizes[place + 1 :])
        alive = nonzero.reshape(parents, size) if below == 1 else nonzero.reshape(parents, size, below).any(axis=2)
        if kept is not None:
            alive = alive[kept]
        children, found = np.count_nonzero(alive, axis=1), np.flatnonzero(alive)
        segments = np.concatenate([[0], np.cumsum(children)])
        indices = found - np.repeat(np.arange(len(alive)) * size, children)
        levels.append(SparseLevel(size=0, segments=_narrow(segments), indices=_narrow(indices)))
        kept = found if kept is None else np.repeat(kept * size, children) + indices
    return flat if kept is None else flat[kept], Sparsity(order, tuple(block_map), tuple(levels))


def index_type(largest: int) -> np.dtype[Any]:
    """What index arrays are stored as whose largest number is this: the narrowest of uint8, uint16 and int32."""
    return np.dtype(np.uint8 if largest < 2**8 else np.uint16 if largest < 2**16 else np.int32)


def encode_like(dense: npt.NDArray[Any], sparsity: Sparsity) -> tuple[npt.NDArray[Any], Sparsity]:
    """`encode` with the traversal order, blocks and levels of a description that fits an array of this rank."""
    return encode(
        dense,
        compressed=[level.compressed for level in sparsity.levels],
        traversal_order=sparsity.traversal_order,
        block_map=sparsity.block_map,
        block_sizes=_block_sizes(dense.ndim, sparsity),
    )


def _check_order(rank: int, order: Sequence[int], block_map: Sequence[int], levels: int) -> None:
    if sorted(order) != list(range(rank + len(block_map))) or levels != len(order):
        raise SparseError("its traversal order does not cover the tensor's dimensions once each")
    if len(set(block_map)) != len(block_map) or any(not 0 <= dim < rank for dim in block_map):
        raise SparseError("its block map names dimensions that the tensor does not have")


def _block_sizes(rank: int, sparsity: Sparsity) -> list[int]:
    """Sizes of the blocks, in the order of the block map; they are those of the levels that walk their insides."""
    _check_order(rank, sparsity.traversal_order, sparsity.block_map, len(sparsity.levels))
    level_of = dict(zip(sparsity.traversal_order, sparsity.levels, strict=True))
    inside = [level_of[rank + place] for place in range(len(sparsity.block_map))]
    if any(level.compressed for level in inside):
        raise SparseError("the inside of a block is compressed")
    return [level.size for level in inside]


def _walk(
    shape: Sequence[int], order: Sequence[int], block_map: Sequence[int], block_sizes: Sequence[int]
) -> tuple[list[int], list[int]]:
    """For each level, its number of children and how far one step moves in the flat dense array."""
    if any(size < 0 for size in shape):
        raise SparseError("it has a negative size")
    if any(size < 1 or shape[dim] % size for dim, size in zip(block_map, block_sizes, strict=True)):
        raise SparseError("a block does not divide the dimension that it cuts")
    strides = [prod(shape[dim + 1 :]) for dim in range(len(shape))]
    sizes, steps = list(shape), list(strides)
    for dim, size in zip(block_map, block_sizes, strict=True):
        sizes[dim] //= size
        steps[dim] *= size
    sizes += block_sizes
    steps += [strides[dim] for dim in block_map]
    if _most_nodes(sizes) > MAX_SPARSE_ELEMENTS:
        raise SparseError("it is larger, when dense, than any weight")
    return [sizes[dim] for dim in order], [steps[dim] for dim in order]


def _most_nodes(sizes: Sequence[int]) -> int:
    """Of any level, also where a dimension is empty and so is the array."""
    return prod(max(size, 1) for size in sizes)


def _children(segments: npt.NDArray[Any], indices: npt.NDArray[Any], parents: int, size: int) -> npt.NDArray[np.int64]:
    """How many children of each parent are stored."""
    if len(segments) != parents + 1 or segments[0] != 0 or segments[-1] != len(indices):
        raise SparseError("its segments do not match its indices")
    children = np.diff(segments.astype(np.int64))
    if children.min(initial=0) < 0:
        raise SparseError("its segments run backwards")
    if len(indices) and (indices.min() < 0 or indices.max() >= size):
        raise SparseError("an index lies outside its dimension")
    return children


def _cut_into_blocks(dense: npt.NDArray[Any], block_map: Sequence[int], block_sizes: Sequence[int]) -> npt.NDArray[Any]:
    """Reshape to (outer dimensions..., inner block dimensions in the order of the block map)."""
    blocks = dict(zip(block_map, block_sizes, strict=True))
    split: list[int] = []
    outer, inner = [], {}
    for dim, length in enumerate(dense.shape):
        outer.append(len(split))
        split.append(length // blocks.get(dim, 1))
        if dim in blocks:
            inner[dim] = len(split)
            split.append(blocks[dim])
    return dense.reshape(split).transpose(outer + [inner[dim] for dim in block_map])


def _nonzero(flat: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which elements are neither 0 nor -0."""
    if flat.dtype == np.float16:
        # NumPy compares halves one by one; as integers, without the sign bit, they are compared by the vector.
        flat = flat.view(np.uint16) << 1
    nonzero: npt.NDArray[np.bool_] = flat != 0
    return nonzero


def _narrow(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return numbers.astype(index_type(int(numbers.max(initial=0))))
