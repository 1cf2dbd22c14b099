"""What a TFLite file holds, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy.typing as npt

PaddingName = Literal["SAME", "VALID"]
MAIN = 0
"""Index of the subgraph that an interpreter runs."""


@dataclass(frozen=True, eq=False)
class SparseLevel:
    """How one traversed dimension is stored.

    Dense: `size` entries each, no arrays. Compressed (CSR): the entries of parent `p` are
    `indices[segments[p]:segments[p + 1]]`; `segments` (parents + 1,), `indices` (entries,), uint8, uint16 or
    int32 as stored.
    """

    size: int
    segments: npt.NDArray[Any] | None = None
    indices: npt.NDArray[Any] | None = None

    @property
    def compressed(self) -> bool:
        return self.segments is not None

    @property
    def index_bytes(self) -> int:
        """Bytes of both arrays as stored."""
        return sum(int(part.nbytes) for part in (self.segments, self.indices) if part is not None)


@dataclass(frozen=True)
class Sparsity:
    """TACO storage: which dimension each level walks, and which dimensions are cut into blocks.

    Levels walk dimension `traversal_order[level]`; numbers from the tensor's rank upward are the inner dimensions of
    blocks, and `block_map[number - rank]` names the dimension that the block cuts.
    """

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    levels: tuple[SparseLevel, ...]

    @property
    def index_bytes(self) -> int:
        return sum(level.index_bytes for level in self.levels)


@dataclass(frozen=True)
class Quantization:
    """`real = scale * (stored - zero_point)`, one pair a tensor or one a slice of dimension `dimension`."""

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    dimension: int


@dataclass(frozen=True)
class Tensor:
    """A value of the graph. `shape` as the file states it; `signature` has -1 where a dimension may change."""

    index: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    buffer: int
    sparsity: Sparsity | None
    quantization: Quantization | None
    variable: bool


@dataclass(frozen=True)
class Options:
    """An operator's settings, those that this project reads. None: the operator has no such setting.

    `strides`, `dilation` and `window` are (height, width). `activation` is the fused one: NONE, RELU, RELU6, ...
    """

    padding: PaddingName | None = None
    strides: tuple[int, int] | None = None
    dilation: tuple[int, int] | None = None
    window: tuple[int, int] | None = None
    activation: str | None = None
    depth_multiplier: int | None = None
    block_size: int | None = None
    align_corners: bool | None = None
    half_pixel_centers: bool | None = None
    keep_dims: bool | None = None
    axis: int | None = None
    new_shape: tuple[int, ...] | None = None
    squeeze_dims: tuple[int, ...] | None = None
    alpha: float | None = None
    beta: float | None = None


@dataclass(frozen=True)
class Operator:
    """One step of the graph. `name` as in the schema (`CONV_2D`), or `CUSTOM:code`; input -1 is an absent one."""

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


@dataclass(frozen=True)
class Subgraph:
    """Tensors and the operators that connect them, in the order they run."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tensors that the graph is given and those that it gives back."""
        return frozenset((*self.inputs, *self.outputs))

    @cached_property
    def producers(self) -> dict[int, Operator]:
        """The operator that writes each tensor, by tensor index."""
        return {output: operator for operator in self.operators for output in operator.outputs}

    @cached_property
    def consumers(self) -> dict[int, list[Operator]]:
        """The operators that read each tensor, by tensor index, in the order they run."""
        readers: dict[int, list[Operator]] = {}
        for operator in self.operators:
            for index in dict.fromkeys(operator.inputs):
                readers.setdefault(index, []).append(operator)
        return readers


@dataclass(frozen=True)
class BufferSpan:
    """Where a buffer's bytes lie in the file."""

    start: int
    size: int


@dataclass(frozen=True)
class MetadataEntry:
    name: str
    buffer: int


@dataclass(frozen=True)
class Signature:
    """A named entry point: tensor indices by name."""

    key: str
    subgraph: int
    inputs: dict[str, int]
    outputs: dict[str, int]


@dataclass(frozen=True)
class Model:
    """A TFLite file. `name` is what messages call it; the main subgraph's parts are at hand as properties."""

    name: str
    version: int
    description: str
    subgraphs: tuple[Subgraph, ...]
    buffers: tuple[BufferSpan, ...]
    metadata: tuple[MetadataEntry, ...]
    signatures: tuple[Signature, ...]
    data: bytes = field(repr=False)

    @property
    def main(self) -> Subgraph:
        return self.subgraphs[MAIN]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return self.main.tensors

    @property
    def operators(self) -> tuple[Operator, ...]:
        return self.main.operators

    @property
    def inputs(self) -> tuple[int, ...]:
        return self.main.inputs

    @property
    def outputs(self) -> tuple[int, ...]:
        return self.main.outputs
