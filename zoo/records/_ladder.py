"""Records of `zoo ladder`: what one network's files are and do at ever more zeros, and in combination with the rest."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zoo.records._base import Frozen, StageRecord
from zoo.records._file import FileRef
from zoo.records._inspected import EngagementVerdict
from zoo.records._measuring import FailedTarget, QualityRecord, TargetResult


class PublishedLine(Frozen):
    """A speed-up that others published, dense time over sparse time, and who."""

    title: str
    speedup: float = Field(gt=1)
    source: str
    url: str


class TimedTogether(Frozen):
    """What was timed in one interleaved run; `name` is its precision, or what its models have in common."""

    name: str
    targets: list[TargetResult]
    failed: list[FailedTarget]


class LadderFile(Frozen):
    """One rung, or the dense file that the rungs of its precision are held against.

    `sparsity` is the asked share of zeros in each 1x1 kernel, None for the dense file; `zeros` the share found over all
    of them. `verdict`: whether XNNPACK's rules let it run sparse in WebAssembly.
    """

    name: str
    precision: str
    sparsity: float | None = Field(ge=0, lt=1)
    zeros: float = Field(ge=0, le=1)
    file: FileRef
    gzip_bytes: int
    verdict: EngagementVerdict


class LadderRecord(StageRecord):
    """Size, latency and quality against sparsity.

    `start`: which dense file the rungs come from. `pruning`: masks by magnitude in one shot, or training of each rung.
    `measured_only`: the network was never trained, so nothing can be said of its quality. `complete` False: it was
    stopped, and holds what was finished. `left_out`: shares that were asked for and say nothing here.
    """

    stage: Literal["ladder"] = "ladder"
    model: str
    title: str
    start: str
    pruning: Literal["one-shot", "trained"]
    measured_only: bool
    complete: bool
    files: list[LadderFile]
    timings: list[TimedTogether]
    quality: QualityRecord | None
    published: PublishedLine | None
    left_out: list[str]
    limits: list[str]


class Combination(Frozen):
    """Sparsity together with a precision or pattern: the file, and the same network dense at the same precision.

    `stored_sparse` of the `kernels` that have zeros are stored sparse; `kept` says why the largest of the rest is not.
    """

    name: str
    title: str
    stored: str
    pattern: str
    sparsity: float
    zeros: float
    file: FileRef
    gzip_bytes: int
    dense: FileRef
    dense_gzip_bytes: int
    stored_sparse: int
    kernels: int
    kept: str | None
    verdict: EngagementVerdict


class CombinationsRecord(StageRecord):
    """What sparsity does together with each way to store and compute weights, of one network.

    Each combination is timed against its densified twin, which is named after it, and against `baseline`.
    """

    stage: Literal["combinations"] = "combinations"
    model: str
    title: str
    start: str
    measured_only: bool
    complete: bool
    baseline: FileRef
    baseline_gzip_bytes: int
    combinations: list[Combination]
    timings: list[TimedTogether]
    limits: list[str]
