"""TACO storage of sparse tensors, decoded and encoded without a loop over elements.

Source: TensorFlow Lite's `tensorflow/lite/kernels/internal/utils/sparsity_format_converter.cc` (`FormatConverter`) and
the taco paper (Kjolstad et al., The Tensor Algebra Compiler, 2017): a tensor is a tree with one level a traversed
dimension, and each level stores all children of a node (dense) or only those that lead to a value (compressed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.tflite._model import SparseLevel, Sparsity


class SparseError(Exception):
    """The storage description does not fit the tensor; the caller names the tensor."""


@dataclass(frozen=True)
class _Walk:
    """For each level, its number of children and how far one step moves in the flat dense array."""

    sizes: tuple[int, ...]
    steps: tuple[int, ...]


def decode(values: npt.NDArray[Any], shape: Sequence[int], sparsity: Sparsity) -> npt.NDArray[Any]:
    """The dense array of `shape` and the values' dtype.

    `values`: (stored,), in traversal order. Raises SparseError where sizes, segments or indices do not fit together.
    """
    walk = _walk(shape, sparsity)
    flat = np.zeros(1, np.int64)
    for level, size, step in zip(sparsity.levels, walk.sizes, walk.steps, strict=True):
        if level.segments is None or level.indices is None:
            if len(flat) * size > prod(shape):
                raise SparseError("it stores more values than the tensor has elements")
            flat = (flat[:, None] + np.arange(size, dtype=np.int64) * step).ravel()
        else:
            segments, indices = level.segments.astype(np.int64), level.indices.astype(np.int64)
            _check_compressed(segments, indices, len(flat), size)
            flat = np.repeat(flat, np.diff(segments)) + indices * step
    if len(flat) != len(values):
        raise SparseError(f"its indices name {len(flat)} values but {len(values)} are stored")
    dense = np.zeros(prod(shape), values.dtype)
    dense[flat] = values
    return dense.reshape(tuple(shape))


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
    divides. Index arrays get the narrowest of uint8, uint16 and int32 that holds them, as TensorFlow's converter does.
    """
    order = tuple(traversal_order) if traversal_order is not None else tuple(range(dense.ndim + len(block_map)))
    nodes = _cut_into_blocks(dense, block_map, block_sizes).transpose(order)[None]
    levels = []
    for flag in compressed:
        parents, size = nodes.shape[:2]
        if not flag:
            levels.append(SparseLevel(size=size))
            nodes = nodes.reshape(parents * size, *nodes.shape[2:])
            continue
        alive = (nodes != 0).any(axis=tuple(range(2, nodes.ndim)))
        segments = np.concatenate([[0], np.cumsum(alive.sum(axis=1))])
        levels.append(SparseLevel(size=0, segments=_narrow(segments), indices=_narrow(np.nonzero(alive)[1])))
        nodes = nodes[alive]
    return nodes, Sparsity(order, tuple(block_map), tuple(levels))


def _walk(shape: Sequence[int], sparsity: Sparsity) -> _Walk:
    rank, order, block_map = len(shape), sparsity.traversal_order, sparsity.block_map
    if sorted(order) != list(range(rank + len(block_map))) or len(sparsity.levels) != len(order):
        raise SparseError("its traversal order does not cover the tensor's dimensions once each")
    if len(set(block_map)) != len(block_map) or any(not 0 <= dim < rank for dim in block_map):
        raise SparseError("its block map names dimensions that the tensor does not have")
    blocks = _block_sizes(shape, sparsity)
    strides = [prod(shape[dim + 1 :]) for dim in range(rank)]
    sizes, steps = [], []
    for dim, level in zip(order, sparsity.levels, strict=True):
        owner = dim if dim < rank else block_map[dim - rank]
        block = blocks.get(owner, 1)
        sizes.append(shape[owner] // block if dim < rank else block)
        steps.append(strides[owner] * (block if dim < rank else 1))
        if not level.compressed and level.size != sizes[-1]:
            raise SparseError(f"a dense dimension is stored as {level.size} long, not {sizes[-1]}")
    return _Walk(tuple(sizes), tuple(steps))


def _block_sizes(shape: Sequence[int], sparsity: Sparsity) -> dict[int, int]:
    """Block size by the dimension that it cuts."""
    blocks = {}
    for dim, level in zip(sparsity.traversal_order, sparsity.levels, strict=True):
        if dim >= len(shape):
            owner = sparsity.block_map[dim - len(shape)]
            if level.compressed or level.size < 1 or shape[owner] % level.size:
                raise SparseError("a block does not divide the dimension that it cuts")
            blocks[owner] = level.size
    return blocks


def _check_compressed(segments: npt.NDArray[np.int64], indices: npt.NDArray[np.int64], parents: int, size: int) -> None:
    if len(segments) != parents + 1 or segments[0] != 0 or segments[-1] != len(indices):
        raise SparseError("its segments do not match its indices")
    if len(indices) and (np.diff(segments).min() < 0 or indices.min() < 0 or indices.max() >= size):
        raise SparseError("an index lies outside its dimension")
    if (np.diff(segments) < 0).any():
        raise SparseError("its segments run backwards")


def _cut_into_blocks(dense: npt.NDArray[Any], block_map: Sequence[int], block_sizes: Sequence[int]) -> npt.NDArray[Any]:
    """Reshape to (outer dimensions..., inner block dimensions in the order of the block map)."""
    blocks = dict(zip(block_map, block_sizes, strict=True))
    if any(dense.shape[dim] % size for dim, size in blocks.items()):
        raise SparseError("a block does not divide the dimension that it cuts")
    split: list[int] = []
    outer, inner = [], {}
    for dim, length in enumerate(dense.shape):
        outer.append(len(split))
        split.append(length // blocks.get(dim, 1))
        if dim in blocks:
            inner[dim] = len(split)
            split.append(blocks[dim])
    return dense.reshape(split).transpose(outer + [inner[dim] for dim in block_map])


def _narrow(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    largest = int(numbers.max(initial=0))
    dtype = np.uint8 if largest < 2**8 else np.uint16 if largest < 2**16 else np.int32
    return numbers.astype(dtype)
