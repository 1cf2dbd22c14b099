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


class TrainRecord(StageRecord):
    """`reconstruction_inputs`: on so many, kernels were pruned before the prune step; 0 where that step pruned them."""

    stage: Literal["train"] = "train"
    preset: str
    seed: int
    batch_size: int
    reconstruction_inputs: int = 0
    target_sparsity: float
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
