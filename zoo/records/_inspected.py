"""What is in a file, and whether XNNPACK runs it sparse. Plain dataclasses: see `zoo.records._file.PLAIN`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from zoo.records._file import PLAIN, FileRef


@dataclass(frozen=True)
class Remedy:
    """A rewrite of `zoo.adapt` that mends a broken rule; where it is not exact, training has to recover the outputs."""

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    rewrite: str
    exact: bool


@dataclass(frozen=True)
class RuleBreak:
    """An operator or value that keeps XNNPACK's sparse kernels away. `remedies`: what mends it there, best first."""

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    rule: str
    where: str
    upstream: str
    advice: str
    remedies: list[Remedy]


@dataclass(frozen=True)
class EngagementVerdict:
    """Whether XNNPACK runs the file sparse on one target family."""

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    target: str
    sparse: bool
    summary: str
    first_operator: str | None
    last_operator: str | None
    zero_share: float | None
    breaks: list[RuleBreak]

    def __post_init__(self) -> None:
        if self.zero_share is not None and not 0 <= self.zero_share <= 1:
            raise ValueError(f"{self.zero_share} is no share of zeros")

    @property
    def outcome(self) -> str:
        """The word with which `summary` begins: Sparse, Dense, or Wrong: it computes something else."""
        return self.summary.partition(" ")[0]

    def grouped_breaks(self) -> list[list[RuleBreak]]:
        """Breaks that differ only in their place together, in the order of the first of each."""
        groups: dict[tuple[object, ...], list[RuleBreak]] = {}
        for one in self.breaks:
            groups.setdefault((one.rule, one.advice, one.upstream, *one.remedies), []).append(one)
        return list(groups.values())


@dataclass(frozen=True)
class GainPrediction:
    """What sparse kernels should gain on one target, before anything is measured there.

    `ratio` is the time over that of the densified twin; 1 where kernels are dense, None where `notes` say why there is
    no number. `error` is the most that such ratios were off on networks that were measured to check them.
    `possible_ratio`: what it would be if the file ran sparse there with `possible_zeros` of its 1x1 weights zero.
    `multiply_adds` are those of one inference, `weight_bytes` those of 1x1 kernels in memory; `left`: what sparse
    kernels leave of them.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    target: str
    ratio: float | None
    error: float | None
    possible_ratio: float | None
    possible_zeros: float | None
    multiply_adds: int
    multiply_adds_left: int
    weight_bytes: int
    weight_bytes_left: int
    notes: list[str]


@dataclass(frozen=True)
class LayoutLevel:
    """How a traversed dimension is stored: `dense`, or `csr` with index arrays of these types."""

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    format: str
    segment_dtype: str | None = None
    index_dtype: str | None = None


@dataclass(frozen=True)
class SparseLayout:
    """TACO storage that sparse tensors, named in `tensors`, have in common.

    Level `i` walks dimension `traversal_order[i]`; numbers from the tensor's rank upward are the inner dimensions of
    blocks, of size `block_sizes[i]`, that cut dimension `block_map[i]`. `dtype` is that of the stored values.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    dtype: str
    traversal_order: list[int]
    block_map: list[int]
    block_sizes: list[int]
    levels: list[LayoutLevel]
    tensors: list[str]


@dataclass(frozen=True)
class InspectedLayer:
    """An operator as XNNPACK runs it: PAD and clamps are taken into the one that they feed or follow.

    `place`: `inside` the region that runs sparse, `candidate` where it would be if no rule were broken and none does
    yet, or `outside`; `broken` names the rules it breaks. `reads` are places in the list of layers. `shape`, `weights`
    and `zeros` are those of its kernel; bytes are all it reads, in the file; `gzip_bytes` those after compression on
    their own. `multiply_adds_left`: with weights that are not zero, where it is a 1x1 convolution. `time_share` is
    predicted, for WebAssembly.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    layer: str
    operator: str
    place: Literal["inside", "candidate", "outside"]
    broken: list[str]
    reads: list[int]
    output_shape: list[int]
    shape: list[int] | None
    pointwise: bool
    weights: int
    zeros: int
    sparsity: float
    stored_sparse: bool
    value_bytes: int
    index_bytes: int
    gzip_bytes: int
    multiply_adds: int
    multiply_adds_left: int
    time_share: float


@dataclass(frozen=True)
class InspectedFile:
    """What is in one file. `name` is `dense`, `sparse`, `published_dense`, `published_sparse`, `twin`.

    `weights` are elements by stored type. `weight_bytes` cover the file, by kind: `sparse_values`, `sparse_indices`,
    `dense_TYPE`, `metadata`, `structure`; `weight_gzip_bytes` are those after compression of each layer's part alone.
    `layers` are those of the main graph, in order; `verdicts` and `predictions` go by target.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    name: str
    file: FileRef
    gzip_bytes: int
    operators: dict[str, int]
    tensors: int
    parameters: int
    weights: dict[str, int]
    sparse_tensors: int
    pointwise_sparsity: float
    weight_bytes: dict[str, int]
    weight_gzip_bytes: dict[str, int]
    sparse_layouts: list[SparseLayout]
    layers: list[InspectedLayer]
    verdicts: list[EngagementVerdict]
    predictions: list[GainPrediction]
