"""Detectors: of faces, of persons, of palms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.families._detect import detect
from zoo.families._dropin import Compared, try_places
from zoo.families._family import check_evaluation, noun_of
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.runtimes import Detection, match_runs, summed_metrics
from zoo.spec import Detector, Drop

if TYPE_CHECKING:
    from zoo.evaluate import FairnessHook, QualityResult
    from zoo.sources import Picture
    from zoo.training import Place


class DetectorFamily:
    """Boxes with key points; see `zoo.families.Family`."""

    def __init__(self, task: str, detector: Detector) -> None:
        self._task, self._detector = task, detector
        self.noun = noun_of(task)

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
