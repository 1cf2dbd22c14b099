"""Records of the stages that measure: inspect, bench, quality, dropin."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zoo.records._base import Estimate, Frozen, Interval, Machine, Sha256, StageRecord
from zoo.records._file import FileRef
from zoo.records._inspected import InspectedFile


class InspectRecord(StageRecord):
    stage: Literal["inspect"] = "inspect"
    files: list[InspectedFile]


class OutputParity(Frozen):
    """A model's output on the target against what it must be, on the same input."""

    max_abs_difference: float
    output_magnitude: float
    tolerance: float
    agrees: bool


class ColdStart(Frozen):
    """A model's start in a fresh process, once an entry, milliseconds.

    `load_ms`: reading the file into the runtime. `compile_ms`: making it ready, weights packed. `first_ms`: the first
    inference. `total`: the median of the three together. `peak_bytes`: the median of the process's highest resident
    memory; `added_bytes`: of what that is above the memory before the model came. None where it cannot be read.
    """

    load_ms: list[float]
    compile_ms: list[float]
    first_ms: list[float]
    total: Estimate
    peak_bytes: int | None
    added_bytes: int | None


class ModelTiming(Frozen):
    """Latency of one model on one target.

    `outcome`: `differs` where its outputs are not those that it must give, so that it is not timed; `failed` where the
    runtime refused it or ended at it; `note` says why. `samples_ms` are the raw single inferences: by session, by
    block, in the order measured. `settled`: in how many sessions it was warm before the first block.
    """

    name: str
    outcome: Literal["timed", "differs", "failed"]
    parity: OutputParity | None
    samples_ms: list[list[list[float]]]
    median_ms: float | None
    p10_ms: float | None
    p90_ms: float | None
    n: int
    settled: int = 0
    cold: ColdStart | None = None
    joules: Estimate | None = None
    note: str | None = None


class LatencyRatio(Frozen):
    """Paired ratio of two models' latency, interleaved: the geometric mean over sessions of their medians over blocks.

    The method of `interval` says what varied. Of a single session it is the median over its blocks.
    """

    numerator: str
    denominator: str
    ratio: float
    interval: Interval
    blocks: int
    sessions: int


class KernelCount(Frozen):
    """Convolutions of a model that ran on sparse kernels in one inference, and how they were counted."""

    name: str
    sparse: int
    how: str


class NoiseCheck(Frozen):
    """One file loaded twice and timed as two: `noisy` where the interval of the ratio does not contain 1.

    `again` holds the samples of the second copy.
    """

    ratio: LatencyRatio
    again: ModelTiming
    noisy: bool
    verdict: str


class TargetResult(Frozen):
    """All that one target measured. `engaged` None: not known; `how_known` says how it was told.

    `noise` None: too little was measured to check it. `stopped`: why no more was measured; `interrupted` leaves part
    of a measurement. `energy` says why there are no joules, and is empty where there are.
    """

    target: str
    runtime: str
    version: str
    threads: int
    machine: Machine
    engaged: bool | None
    how_known: str
    note: str
    timings: list[ModelTiming]
    ratios: list[LatencyRatio]
    kernels: list[KernelCount]
    noise: NoiseCheck | None
    stopped: Literal["narrow enough", "blocks done", "time limit", "interrupted"]
    energy: str
    seconds: float = Field(ge=0)


class FailedTarget(Frozen):
    """A target that measured nothing, and why."""

    target: str
    reason: str


class BenchSize(Frozen):
    name: str
    file: FileRef
    gzip_bytes: int


class BenchRecord(StageRecord):
    """Size and latency. `interrupted` by Ctrl-C, it is a part of what was asked."""

    stage: Literal["bench"] = "bench"
    sizes: list[BenchSize]
    targets: list[TargetResult]
    failed: list[FailedTarget]
    interrupted: bool = False


QUALITY_METRICS = frozenset(
    {"f_score", "precision", "recall", "mean_iou", "keypoint_error", "labelled_recall", "landmark_error", "pck"}
    | {"presence_agreement", "handedness_agreement", "world_error", "mask_iou", "ap", "ap50", "oks_ap", "oks_ap50"}
    | {"oks_ap75", "pck10", "pdj20", "mean_error", "pck5", "pck20", "pck_area", "found"}
)
"""Names of all metrics of quality that this package measures."""
LOWER_IS_BETTER = frozenset({"keypoint_error", "landmark_error", "mean_error", "world_error"})
"""Metrics of quality that are errors; of all others more is better."""


def better_of(metric: str) -> Literal["lower", "higher"]:
    """Which direction of a quality metric is better."""
    return "lower" if metric in LOWER_IS_BETTER else "higher"


class VariantQuality(Frozen):
    """Metrics of one model, by name; those of detectors and of landmark models differ."""

    name: str
    metrics: dict[str, Estimate]


class PairedDifference(Frozen):
    """`a` minus `b` of one metric on the same pictures."""

    a: str
    b: str
    metric: str
    value: float
    interval: Interval
    n: int


class PckCurve(Frozen):
    """Share of points found within each threshold, in sizes of the object, with its 95% interval; `n` points."""

    name: str
    thresholds: list[float]
    shares: list[float]
    low: list[float]
    high: list[float]
    n: int


class LabelledQuality(Frozen):
    """Against the labels of one annotated set, on pictures that training did not see.

    `place`, `file`: the folder and its annotation file, read as `format`, for the reason `how`. `categories`: the
    labels that were taken for what the model finds. `pictures` are judged and hold `objects` with what is measured;
    `left_out` are annotated too, and were trained or calibrated on. `curves`: of hands.
    """

    place: str
    file: str
    format: str
    how: str
    categories: list[str]
    pictures: int
    objects: int
    left_out: int
    variants: list[VariantQuality]
    differences: list[PairedDifference]
    curves: list[PckCurve]
    notes: list[str]


class LabelledAt(Frozen):
    """The metrics of one annotated set, by name, at another threshold."""

    place: str
    file: str
    metrics: dict[str, Estimate]


class OperatingPoint(Frozen):
    """One model at the score threshold that served it best on the calibration split; judged on the evaluation split.

    `chosen_by`: F-score against labels, or against the reference's detections. `metrics` are of agreement, `labels` of
    each annotated set. `changes`: at this threshold minus at the graph's own, so `a` and `b` are the same model; of
    agreement.
    """

    name: str
    threshold: float
    chosen_by: Literal["labels", "agreement"]
    calibration_f_score: float
    calibration_pictures: int
    calibration_objects: int
    metrics: dict[str, Estimate]
    changes: list[PairedDifference]
    labels: list[LabelledAt]


class OperatingPoints(Frozen):
    """What another threshold than the graph's own, `graph_threshold`, would bring. `reason` says why there is none."""

    graph_threshold: float
    points: list[OperatingPoint]
    reason: str


class QualityRecord(StageRecord):
    """Through MediaPipe's own graph, on pictures that training did not see.

    `reference_detections`: what the reference found: boxes of a detector, or regions with landmarks. The thresholds are
    those of detectors. `variants` and `differences` are of agreement with the reference, `labels` against labels; empty
    where no labels are available. `operating`: of detectors.
    """

    stage: Literal["quality"] = "quality"
    runtime: str
    reference: str
    score_threshold: float | None
    iou_threshold: float | None
    pictures: int
    reference_detections: int
    pictures_sha256: Sha256
    variants: list[VariantQuality]
    differences: list[PairedDifference]
    labels: list[LabelledQuality] = Field(default=[])
    operating: OperatingPoints | None = None
    notes: list[str]


class DropinCell(Frozen):
    """One file in the place of the original, in one runtime.

    `status`: `not supported` where the runtime does not take the original either, `not tried` where the runtime is not
    there, or nothing could be compared. `milliseconds`: the median, from a decoded picture to what is found.
    """

    runtime: str
    graph: str
    variant: str
    status: Literal["passed", "failed", "not supported", "not tried"]
    reason: str
    pictures: int
    detections: int
    reference_detections: int
    measured: dict[str, float]
    tolerances: dict[str, float]
    milliseconds: float | None = None
    reference_milliseconds: float | None = None


class DropinRecord(StageRecord):
    stage: Literal["dropin"] = "dropin"
    cells: list[DropinCell]


class WorksInRecord(StageRecord):
    """What `zoo dropin` saw of a built model, in every runtime. No gate reads it; those of a build are in `dropin`."""

    stage: Literal["works_in"] = "works_in"
    cells: list[DropinCell]
