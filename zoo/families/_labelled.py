"""Models against labels, and at other thresholds, through the whole of MediaPipe's graph for their family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zoo.errors import InputError
from zoo.evaluate import (
    Labels,
    ThresholdChoice,
    best_threshold,
    best_threshold_by_labels,
    change_of_threshold,
    estimate_all,
    judge_labels,
    label_statistics,
    labels_for,
)
from zoo.families._family import FEWEST_OBJECTS, LOW_THRESHOLD
from zoo.records import LabelledAt, LabelledQuality, OperatingPoint, OperatingPoints
from zoo.runtimes import Detection, Hand, Pose

if TYPE_CHECKING:
    from zoo.sources import Picture
    from zoo.sources.annotations import LabelledSet

ChosenBy = Literal["labels", "agreement"]
Run = list[list[Detection]]
"""What one model finds, by picture."""
Find = Callable[[Mapping[str, Path], Sequence[Path], float | None], Mapping[str, Run]]
"""What each model finds at a score threshold, or at the graph's own."""


def as_detection(answer: Hand | Pose) -> Detection:
    """A found hand or pose: its box is that around its points, its score the landmark model's own."""
    points = tuple((x, y) for x, y, _ in answer.landmarks)
    across, down = zip(*points, strict=True)
    return Detection(answer.presence, (min(across), min(down), max(across), max(down)), points)


def usable_labels(sets: Sequence[LabelledSet], noun: str) -> tuple[list[Labels], list[str]]:
    """The sets that are about what the family finds and have pictures to judge by; and what is to be said of others.

    Raises InputError where a person named annotations and they are not about it.
    """
    found: list[Labels] = []
    notes: list[str] = []
    for one in sets:
        labels = labels_for(one, noun)
        if labels is None:
            said = f"{one.place}/{one.file} labels no {noun} with what they are measured by"
            if one.named:
                raise InputError(f"{said}: give annotations of {noun}, with boxes or key points")
            notes.append(f"{said}, so it is not used.")
        elif not labels.evaluation:
            said = f"{one.place}/{one.file} has no labelled picture that training did not see"
            if one.named and not labels.calibration:
                raise InputError(f"{said} ({one.left_out} were left out): give other pictures")
            notes.append(f"{said}, so it is not used.")
        else:
            found.append(labels)
    return found, notes


def judge_sets(
    sets: Sequence[Labels], models: Mapping[str, Path], find: Find, *, ranks_low: bool, iou_threshold: float
) -> list[LabelledQuality]:
    """Every model on the judged pictures of every set.

    `ranks_low`: average precision ranks what is found at a low score threshold, as of a detector's boxes.
    """
    judged = []
    for labels in sets:
        pictures = [picture.path for picture in labels.evaluation]
        low = find(models, pictures, LOW_THRESHOLD) if ranks_low else None
        runs = find(models, pictures, None)
        if low is None and labels.kind == "boxes":
            low = runs
        judged.append(judge_labels(labels, runs, low_runs=low, iou_threshold=iou_threshold))
    return judged


@dataclass(frozen=True)
class Thresholds:
    """Finds each model's best score threshold on calibration pictures and judges it on evaluation pictures.

    `detect` gives the detector's own boxes, which agreement is of; `find` what labels are compared with.
    `by_labels`: whether both are the same, so that labels can choose.
    """

    models: Mapping[str, Path]
    reference: str
    noun: str
    graph_threshold: float
    iou_threshold: float
    detect: Find
    find: Find
    by_labels: bool

    def judge(
        self,
        at_graph: Mapping[str, Run],
        *,
        pictures: Sequence[Picture],
        calibration: Sequence[Picture],
        labels: Sequence[Labels],
    ) -> OperatingPoints:
        """What each model but the reference reaches at its best threshold; `at_graph`: on `pictures`, at its own."""
        labelled = [one for one in labels if self.by_labels and one.calibration]
        if not calibration and not labelled:
            return self._none("there is no calibration split, so no other threshold was chosen")
        choices, chosen_by, count = self._by_labels(labelled)
        if not choices:
            choices, chosen_by, count = self._by_agreement(calibration)
        if not choices:
            return self._none(
                f"the calibration pictures show fewer than {FEWEST_OBJECTS} {self.noun} that are found, so no other "
                "threshold was chosen"
            )
        points = []
        for name, choice in choices.items():
            model = {name: self.models[name]}
            at_best = self.detect(model, [picture.path for picture in pictures], choice.threshold)[name]
            metrics, changes = change_of_threshold(
                name,
                at_best=at_best,
                at_graph=at_graph[name],
                reference=at_graph[self.reference],
                iou_threshold=self.iou_threshold,
                faces=[picture.face for picture in pictures],
            )
            points.append(
                OperatingPoint(
                    name=name,
                    threshold=choice.threshold,
                    chosen_by=chosen_by,
                    calibration_f_score=choice.f_score,
                    calibration_pictures=count,
                    calibration_objects=choice.reference_detections,
                    metrics=metrics,
                    changes=changes,
                    labels=[self._labelled_at(one, name, choice.threshold) for one in labels],
                )
            )
        return OperatingPoints(graph_threshold=self.graph_threshold, points=points, reason="")

    def _none(self, reason: str) -> OperatingPoints:
        return OperatingPoints(graph_threshold=self.graph_threshold, points=[], reason=reason)

    def _others(self) -> dict[str, Path]:
        return {name: path for name, path in self.models.items() if name != self.reference}

    def _by_agreement(self, calibration: Sequence[Picture]) -> tuple[dict[str, ThresholdChoice], ChosenBy, int]:
        paths = [picture.path for picture in calibration]
        theirs = self.detect({self.reference: self.models[self.reference]}, paths, None)[self.reference]
        choices: dict[str, ThresholdChoice] = {}
        if sum(map(len, theirs)) >= FEWEST_OBJECTS:
            for name, run in self.detect(self._others(), paths, LOW_THRESHOLD).items():
                if any(run):
                    choices[name] = best_threshold(
                        run, theirs, iou_threshold=self.iou_threshold, graph_threshold=self.graph_threshold
                    )
        return choices, "agreement", len(paths)

    def _by_labels(self, labelled: Sequence[Labels]) -> tuple[dict[str, ThresholdChoice], ChosenBy, int]:
        truths = [truth for labels in labelled for truth in labels.truths(labels.calibration)]
        if sum(int((~truth.ignore).sum()) for truth in truths) < FEWEST_OBJECTS:
            return {}, "labels", 0
        paths = [picture.path for labels in labelled for picture in labels.calibration]
        choices = {}
        for name, run in self.find(self._others(), paths, LOW_THRESHOLD).items():
            left = iter(run)
            found = [
                one
                for labels in labelled
                for one in labels.found([next(left) for _ in labels.calibration], labels.calibration)
            ]
            if any(len(one.scores) for one in found):
                choices[name] = best_threshold_by_labels(
                    found, truths, iou_threshold=self.iou_threshold, graph_threshold=self.graph_threshold
                )
        return choices, "labels", len(paths)

    def _labelled_at(self, labels: Labels, name: str, threshold: float) -> LabelledAt:
        pictures = [picture.path for picture in labels.evaluation]
        run = self.find({name: self.models[name]}, pictures, threshold)[name]
        statistics = label_statistics(labels, run, iou_threshold=self.iou_threshold)
        return LabelledAt(place=labels.source.place, file=labels.source.file, metrics=estimate_all(statistics))
