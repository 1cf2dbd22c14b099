"""The bytes of a file by what they are for: kind of part, and the layer that reads it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from zoo.tflite._model import Model

STRUCTURE = "structure"
SPARSE_VALUES, SPARSE_INDICES = "sparse_values", "sparse_indices"
_LEVEL = 6
"""That of `zoo.gzipped`."""
_MOST_THREADS = 4


@dataclass(frozen=True, eq=False)
class StoredPart:
    """Bytes of one kind that one layer reads; `layer` None: no layer does. `pieces` are views of the file."""

    kind: str
    layer: int | None
    pieces: tuple[memoryview, ...]

    @property
    def size(self) -> int:
        return sum(len(piece) for piece in self.pieces)


def stored_parts(model: Model, layer_of: Mapping[int, int]) -> tuple[StoredPart, ...]:
    """Every byte of the file once. `layer_of` is the layer that reads a buffer, by the buffer's number."""
    found: dict[tuple[str, int | None], list[tuple[int, int]]] = {}
    for buffer, kind in _kinds(model).items():
        if buffer < len(model.buffers) and model.buffers[buffer].size:
            stored = model.buffers[buffer]
            found.setdefault((kind, layer_of.get(buffer)), []).append((stored.start, stored.size))
    for span, buffer in _index_arrays(model):
        found.setdefault((SPARSE_INDICES, layer_of.get(buffer)), []).append(span)
    view = memoryview(model.data)
    parts = [
        StoredPart(kind, layer, tuple(view[start : start + size] for start, size in spans))
        for (kind, layer), spans in found.items()
    ]
    taken = sorted(span for spans in found.values() for span in spans)
    return (*parts, StoredPart(STRUCTURE, None, _between(view, taken)))


def deflated_sizes(parts: Sequence[StoredPart]) -> list[int]:
    """Bytes of each part after DEFLATE, gzip's compression, each part alone and without gzip's header of 18 bytes.

    Compression leaves Python's lock, so the parts are shared out over threads, the largest first.
    """
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    shares: list[list[int]] = [[] for _ in range(threads)]
    loads = [0] * threads
    for index in sorted(range(len(parts)), key=lambda index: -parts[index].size):
        least = loads.index(min(loads))
        shares[least].append(index)
        loads[least] += parts[index].size
    sizes = [0] * len(parts)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        done = pool.map(lambda share: [(index, _deflated(parts[index])) for index in share], shares)
        for index, size in (pair for share in done for pair in share):
            sizes[index] = size
    return sizes


def _deflated(part: StoredPart) -> int:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return sum(len(packer.compress(piece)) for piece in part.pieces) + len(packer.flush())


def _kinds(model: Model) -> dict[int, str]:
    """Kind by buffer. What several tensors share counts once, as the first tensor holds it or as sparse values."""
    kinds = {entry.buffer: "metadata" for entry in model.metadata}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.sparsity is not None:
                kinds[tensor.buffer] = SPARSE_VALUES
            else:
                kinds.setdefault(tensor.buffer, f"dense_{tensor.dtype}")
    return kinds


def _index_arrays(model: Model) -> list[tuple[tuple[int, int], int]]:
    """(start, size) of every index array in the file, with the buffer of the values that it places."""
    origin = np.frombuffer(model.data, np.uint8).__array_interface__["data"][0]
    found = []
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            for level in tensor.sparsity.levels if tensor.sparsity else ():
                for array in (level.segments, level.indices):
                    if array is not None and array.nbytes:
                        start = array.__array_interface__["data"][0] - origin
                        found.append(((start, array.nbytes), tensor.buffer))
    return found


def _between(view: memoryview, taken: list[tuple[int, int]]) -> tuple[memoryview, ...]:
    """What no span covers; `taken` in the order of their starts."""
    pieces, end = [], 0
    for start, size in taken:
        if start > end:
            pieces.append(view[end:start])
        end = max(end, start + size)
    return (*pieces, view[end:]) if end < len(view) else tuple(pieces)
