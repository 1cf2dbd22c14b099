"""Detectors: of faces, of persons, of palms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.families._dropin import Compared, try_places
from zoo.families._family import check_evaluation
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.runtimes import (
    Detection,
    DetectionRun,
    match_runs,
    run_face_graph,
    run_hand_graph,
    run_pose_graph,
    summed_metrics,
)
from zoo.spec import Detector, Drop

if TYPE_CHECKING:
    from zoo.evaluate import FairnessHook, QualityResult
    from zoo.sources import Picture
    from zoo.training import Place

NOUNS = {"face_detection": "faces", "pose_detection": "persons", "palm_detection": "palms"}


def detect(
    task: str,
    models: Mapping[str, Path],
    pictures: Sequence[Path],
    *,
    score_threshold: float | None = None,
    progress: Progress,
) -> DetectionRun:
    """What each model finds in the place of the published file in MediaPipe's graph for the task.

    `score_threshold` replaces the graph's own; None keeps it. Raises as `zoo.runtimes.run_face_graph`.
    """
    if task == "face_detection":
        return run_face_graph(models, pictures, score_threshold=score_threshold, progress=progress)
    if task == "pose_detection":
        placed = {name: {"pose_detection.tflite": path} for name, path in models.items()}
        poses = run_pose_graph(placed, pictures, score_threshold=score_threshold, progress=progress)
        found = {name: [list(one.detections) for one in answers] for name, answers in poses.pictures.items()}
        return DetectionRun(poses.runtime, poses.graph, poses.score_threshold, found)
    if task == "palm_detection":
        placed = {name: {"palm_detection_full.tflite": path} for name, path in models.items()}
        hands = run_hand_graph(placed, pictures, score_threshold=score_threshold, progress=progress)
        found = {name: [list(one.detections) for one in answers] for name, answers in hands.pictures.items()}
        return DetectionRun(hands.runtime, hands.graph, hands.score_threshold, found)
    raise InputError(f"task {task} finds no boxes; a detector's is one of {', '.join(NOUNS)}")


class DetectorFamily:
    """Boxes with key points; see `zoo.families.Family`."""

    def __init__(self, task: str, detector: Detector) -> None:
        self._task, self._detector = task, detector
        self.noun = NOUNS[task]

    def locate(self, model: Path, pictures: Sequence[Path], *, progress: Progress) -> list[list[Place]]:
        from zoo.training import Place

        run = detect(self._task, {"model": model}, pictures, progress=progress)
        return [[_place(Place, one) for one in found] for found in run.detections["model"]]

    def evaluate(
        self,
        models: Mapping[str, Path],
        *,
        reference: str,
        pictures: Sequence[Picture],
        hook: FairnessHook,
        progress: Progress,
    ) -> QualityResult:
        from zoo.evaluate import evaluate_detections

        check_evaluation(models, reference, pictures)
        run = detect(self._task, models, [picture.path for picture in pictures], progress=progress)
        return evaluate_detections(run, reference=reference, pictures=pictures, detector=self._detector, hook=hook)

    def try_dropin(
        self, models: Mapping[str, Path], *, drops: Sequence[Drop], pictures: Sequence[Path], progress: Progress
    ) -> list[DropinCell]:
        probe = _DetectionProbe(self._task, self.noun, self._detector.iou_threshold)
        return try_places(models, drops=drops, probe=probe, pictures=pictures, progress=progress)


def _place(place: type[Place], detection: Detection) -> Place:
    xmin, ymin, xmax, ymax = detection.box
    return place(x=(xmin + xmax) / 2, y=(ymin + ymax) / 2, width=xmax - xmin, height=ymax - ymin)


@dataclass(frozen=True)
class _DetectionProbe:
    """How detections of a file in the place of the original are compared with the original's."""

    task: str
    noun: str
    iou_threshold: float

    def run(self, model: Path, pictures: Sequence[Path], progress: Progress) -> list[list[Detection]]:
        return detect(self.task, {"model": model}, pictures, progress=progress).detections["model"]

    def count(self, found: list[list[Detection]]) -> int:
        return sum(len(detections) for detections in found)

    def compare(self, ours: list[list[Detection]], original: list[list[Detection]]) -> Compared:
        if any(not detection.is_finite for found in ours for detection in found):
            return Compared("its detections hold numbers that are not finite", {})
        matches = match_runs(ours, original, iou_threshold=self.iou_threshold)
        measured = summed_metrics(matches)
        if not any(match.pairs for match in matches):
            return Compared(f"none of its {self.count(ours)} detections lies on one of the original's", measured)
        return Compared("", measured)
