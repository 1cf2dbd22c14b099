"""What is in a file, and whether XNNPACK runs it sparse. Plain dataclasses: see `zoo.records._file.PLAIN`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from zoo.records._file import PLAIN, FileRef


@dataclass(frozen=True)
class RuleBreak:
    """An operator or value that keeps XNNPACK's sparse kernels away."""

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    rule: str
    where: str
    upstream: str
    advice: str


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


@dataclass(frozen=True)
class LayerSparsity:
    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    layer: str
    shape: list[int]
    sparsity: float
    stored_sparse: bool


@dataclass(frozen=True)
class InspectedFile:
    """What is in one file. `name` is `dense`, `sparse`, `published_dense`, `published_sparse`, `twin`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    name: str
    file: FileRef
    gzip_bytes: int
    operators: dict[str, int]
    parameters: int
    sparse_tensors: int
    pointwise_sparsity: float
    weight_bytes: dict[str, int]
    layers: list[LayerSparsity]
    verdicts: list[EngagementVerdict]
