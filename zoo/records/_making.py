"""Records of the stages that make the model: fetch, data, locate, import, adapt, train, calibrate, convert."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zoo.records._base import Frozen, Sha256, StageRecord
from zoo.records._file import FileRef

Split = Literal["train", "calibration", "evaluation"]


class FetchedReference(Frozen):
    """A published file, verified. `source` says where it came from, in words a reader can follow."""

    reference: str
    file: FileRef
    source: str
    licence: str


class FetchRecord(StageRecord):
    stage: Literal["fetch"] = "fetch"
    references: list[FetchedReference]


class SkippedPicture(Frozen):
    file: str
    reason: str


class DataRecord(StageRecord):
    """The pictures and how they were split; the list itself is the stage's `pictures.json`."""

    stage: Literal["data"] = "data"
    name: str
    sample: bool
    pictures_sha256: Sha256
    found: int = Field(ge=0)
    used: int = Field(ge=0)
    duplicates: int = Field(ge=0)
    skipped_count: int = Field(ge=0)
    skipped: list[SkippedPicture]
    split: dict[Split, int]
    group_columns: list[str]
    sources: list[str]


class LocateRecord(StageRecord):
    """What the teacher finds through MediaPipe's graph, to aim training at; kept in `places.json`.

    `noun`: what that is, in the plural.
    """

    stage: Literal["locate"] = "locate"
    teacher: FileRef
    pictures: int
    noun: str
    pictures_with_objects: int
    objects: int


class ImportRecord(StageRecord):
    """TFLite to Keras, with the parity of both on the same random inputs."""

    stage: Literal["import"] = "import"
    source: FileRef
    operators: dict[str, int]
    parameters: int
    max_abs_difference: float
    output_magnitude: float
    relative_difference: float
    tolerance: float
    inputs_tried: int


class AppliedRewrite(Frozen):
    name: str
    exact: bool
    layers: int


class AdaptRecord(StageRecord):
    """Rewrites applied, and whether the student can engage XNNPACK's sparse kernels once pruned."""

    stage: Literal["adapt"] = "adapt"
    rewrites: list[AppliedRewrite]
    ready: bool
    reasons: list[str]


class CurvePoint(Frozen):
    """One epoch of training: the means over its steps."""

    step: str
    epoch: int
    updates: int
    learning_rate: float
    loss: float
    sparsity: float


class TrainedStep(Frozen):
    """One row of the three-step table, as it was run."""

    name: str
    purpose: str
    epochs: int
    updates: int
    learning_rate: str
    weight_decay: float


class BudgetedKernel(Frozen):
    """One 1x1 kernel and what was chosen for it: `zeros` of its `weights`, a share.

    `rise`: of the loss, measured, if this kernel alone had these zeros. `time`, `dense_time`: predicted, with them and
    dense, in shares of the reference's whole time in WebAssembly. `bytes`, `dense_bytes`: stored, likewise.
    """

    layer: str
    weights: int = Field(ge=1)
    zeros: float = Field(ge=0, lt=1)
    rise: float = Field(ge=0)
    time: float = Field(ge=0)
    dense_time: float = Field(ge=0)
    bytes: int = Field(ge=0)
    dense_bytes: int = Field(ge=0)


class BudgetedVariant(Frozen):
    """How a variant's budget was spent; limits and costs are shares of what `reference` costs.

    `wasm_time_limit`, `bytes_limit`: as the spec declares them, None where it does not. `wasm_time`: predicted, and
    `bytes`: of the file, to about a hundredth. `rest_time`: what all but the kernels takes.
    """

    variant: str
    reference: str
    wasm_time_limit: float | None
    bytes_limit: float | None
    wasm_time: float
    bytes: float
    rest_time: float
    kernels: list[BudgetedKernel]


class BudgetRecord(StageRecord):
    """Which share of zeros each kernel of a variant with a budget got, and why."""

    stage: Literal["budget"] = "budget"
    variants: list[BudgetedVariant]


class TrainRecord(StageRecord):
    """`reconstruction_inputs`: on so many, kernels were pruned before the prune step; 0 where that step pruned them.

    `target_sparsity`: of each pruned kernel, None where a budget gives each its own.
    """

    stage: Literal["train"] = "train"
    preset: str
    seed: int
    batch_size: int
    reconstruction_inputs: int = 0
    target_sparsity: float | None
    sparsity: float
    sparsity_by_layer: dict[str, float]
    steps: list[TrainedStep]
    curve: list[CurvePoint]
    pictures: int
    updates_per_second: float
    resumed_at_epochs: list[int]


class Calibration(Frozen):
    """The shift of one variant's score logits that makes its F-score best at the graph's own threshold.

    Measured through MediaPipe's graph on calibration pictures, which neither train nor judge the model.
    `best_threshold` is where F was best before the shift, on the average of redrawn pictures (`zoo.evaluate`); the
    shift moves it to `graph_threshold`, and is 0 where they were the same.
    """

    variant: str
    shift: float
    graph_threshold: float
    best_threshold: float
    pictures: int
    reference_detections: int
    f_before: float
    f_after: float


class CalibrateRecord(StageRecord):
    stage: Literal["calibrate"] = "calibrate"
    calibrations: list[Calibration]


class Artifact(Frozen):
    """One converted file. `max_abs_difference`: LiteRT on the file against the Keras model it came from.

    `relative_difference`: the same over the outputs' magnitude, which is what `tolerance` bounds.
    """

    variant: str
    file: FileRef
    gzip_bytes: int
    precision: str
    max_abs_difference: float
    relative_difference: float | None = None
    tolerance: float


class ConvertRecord(StageRecord):
    stage: Literal["convert"] = "convert"
    artifacts: list[Artifact]
    twin: FileRef
