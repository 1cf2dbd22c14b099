"""Detectors: of faces, of persons, of palms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.families._detect import detect
from zoo.families._dropin import Compared, Probe, Tried, try_places
from zoo.families._family import check_evaluation, noun_of
from zoo.families._probes import check_installed, probe_for
from zoo.families._scene import Scene
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.runtimes import (
    Detection,
    Region,
    match_runs,
    original_file,
    run_hand_graph,
    run_pose_graph,
    summed_metrics,
)
from zoo.spec import Detector, Drop, ModelSpec

if TYPE_CHECKING:
    from zoo.evaluate import FairnessHook, QualityResult
    from zoo.sources import Picture
    from zoo.sources.annotations import LabelledSet
    from zoo.training import Place


class DetectorFamily:
    """Boxes with key points; see `zoo.families.Family`."""

    def __init__(self, spec: ModelSpec, detector: Detector) -> None:
        self._spec, self._task, self._detector = spec, spec.task, detector
        self.noun = noun_of(spec.task)

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
        calibration: Sequence[Picture] = (),
        labels: Sequence[LabelledSet] = (),
    ) -> QualityResult:
        from zoo.evaluate import evaluate_detections
        from zoo.families._labelled import Thresholds, judge_sets, usable_labels

        check_evaluation(models, reference, pictures)
        usable, notes = usable_labels(labels, self.noun)
        is_box = self._task == "face_detection"
        if not is_box:
            # The box of a person or a palm need not have its centre where a labelled face is.
            pictures = [replace(picture, face=None) for picture in pictures]
        run = detect(self._task, models, [picture.path for picture in pictures], progress=progress)
        result = evaluate_detections(
            run, reference=reference, pictures=pictures, detector=self._detector, noun=self.noun, hook=hook
        )
        find = partial(self._find, progress=progress)
        iou = self._detector.iou_threshold
        thresholds = Thresholds(
            models=models,
            reference=reference,
            noun=self.noun,
            graph_threshold=run.score_threshold,
            iou_threshold=iou,
            detect=partial(self._detect, progress=progress),
            find=find,
            by_labels=is_box,
        )
        return replace(
            result,
            labels=judge_sets(usable, models, find, ranks_low=is_box, iou_threshold=iou),
            operating=thresholds.judge(run.detections, pictures=pictures, calibration=calibration, labels=usable),
            notes=[*result.notes, *notes],
        )

    def _detect(
        self, models: Mapping[str, Path], pictures: Sequence[Path], threshold: float | None, *, progress: Progress
    ) -> Mapping[str, list[list[Detection]]]:
        return detect(self._task, models, pictures, score_threshold=threshold, progress=progress).detections

    def _find(
        self, models: Mapping[str, Path], pictures: Sequence[Path], threshold: float | None, *, progress: Progress
    ) -> Mapping[str, list[list[Detection]]]:
        """What people label: faces themselves, and of persons and palms the landmarks that the graph makes of them."""
        from zoo.families._labelled import as_detection

        if self._task == "face_detection":
            return self._detect(models, pictures, threshold, progress=progress)
        if self._task == "pose_detection":
            placed = {name: {"pose_detection.tflite": path} for name, path in models.items()}
            poses = run_pose_graph(placed, pictures, score_threshold=threshold, progress=progress)
            return {
                name: [[as_detection(one.pose)] if one.pose and one.pose.found else [] for one in found]
                for name, found in poses.pictures.items()
            }
        placed = {name: {"palm_detection_full.tflite": path} for name, path in models.items()}
        hands = run_hand_graph(placed, pictures, score_threshold=threshold, progress=progress)
        return {
            name: [[as_detection(hand) for hand in one.hands if hand.found] for one in found]
            for name, found in hands.pictures.items()
        }

    def try_dropin(
        self, models: Mapping[str, Path], *, drops: Sequence[Drop], pictures: Sequence[Path], progress: Progress
    ) -> list[DropinCell]:
        def locate(chosen: Sequence[Path]) -> list[list[Region]]:
            original = original_file(self._spec.dropin[0].replaces)
            found = detect(self._task, {"original": original}, chosen, progress=progress).detections["original"]
            return [[_region(one) for one in detections] for detections in found]

        scene = Scene(pictures, locate)

        def probe_of(drop: Drop) -> Probe[Any]:
            def legacy() -> Probe[Any]:
                return _DetectionProbe(self._task, self.noun, self._detector.iou_threshold, drop.runtime, pictures)

            return probe_for(drop, spec=self._spec, noun=self.noun, scene=scene, legacy=legacy)

        return try_places(models, drops=drops, probe_of=probe_of, progress=progress)


def _place(place: type[Place], detection: Detection) -> Place:
    region = _region(detection)
    return place(x=region.x_center, y=region.y_center, width=region.width, height=region.height)


def _region(detection: Detection) -> Region:
    xmin, ymin, xmax, ymax = detection.box
    return Region((xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin, 0.0)


@dataclass(frozen=True)
class _DetectionProbe:
    """How detections of a file in the place of the original are compared with the original's."""

    task: str
    noun: str
    iou_threshold: float
    runtime: str
    paths: Sequence[Path]

    @property
    def pictures(self) -> int:
        return len(self.paths)

    def run(self, model: Path, progress: Progress) -> Tried[list[list[Detection]]]:
        check_installed(self.runtime)
        run = detect(self.task, {"model": model}, self.paths, progress=progress)
        return Tried(run.detections["model"], run.milliseconds["model"])

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
