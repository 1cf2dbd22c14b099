"""Landmark models: of hands and of poses, in the regions that MediaPipe's detectors find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError
from zoo.families._dropin import Compared, Probe, Tried, try_places
from zoo.families._family import check_evaluation, noun_of
from zoo.families._probes import check_installed, probe_for
from zoo.families._scene import Scene
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.runtimes import Detection, Hand, Pose, Region, original_file, run_hand_graph, run_pose_graph
from zoo.spec import Drop, Landmarks, ModelSpec

if TYPE_CHECKING:
    from zoo.evaluate import FairnessHook, QualityResult, Sighting
    from zoo.sources import Picture
    from zoo.sources.annotations import LabelledSet
    from zoo.training import Place

FOUND_OVERLAP = 0.5
"""IoU at which the box around found points counts as a labelled box."""

Answer = Hand | Pose
Answers = list[list[Answer]]
"""By picture and region."""


@dataclass(frozen=True)
class LandmarkRun:
    """`answers[model][picture][region]`, from MediaPipe's graph."""

    runtime: str
    graph: str
    presence_threshold: float
    answers: dict[str, Answers]
    milliseconds: dict[str, list[float]]


class LandmarkFamily:
    """Points in regions; see `zoo.families.Family`."""

    def __init__(self, spec: ModelSpec, landmarks: Landmarks) -> None:
        self._spec, self._landmarks = spec, landmarks
        self.noun = noun_of(spec.task)

    def locate(self, model: Path, pictures: Sequence[Path], *, progress: Progress) -> list[list[Place]]:
        from zoo.training import Place

        run = self.run_graph({"model": model}, pictures, progress=progress)
        return [[_place(Place, one.region) for one in found if one.found] for found in run.answers["model"]]

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
        from zoo.evaluate import evaluate_landmarks
        from zoo.families._labelled import judge_sets, usable_labels

        check_evaluation(models, reference, pictures)
        usable, notes = usable_labels(labels, self.noun)
        run = self.run_graph(models, [picture.path for picture in pictures], progress=progress)
        result = evaluate_landmarks(
            {name: sightings(answers) for name, answers in run.answers.items()},
            reference=reference,
            pictures=pictures,
            runtime=f"{run.runtime}, {run.graph}",
            noun=self.noun,
            hook=hook,
        )
        find = partial(self._find, progress=progress)
        judged = judge_sets(usable, models, find, ranks_low=False, iou_threshold=FOUND_OVERLAP)
        return replace(result, labels=judged, notes=[*result.notes, *notes])

    def _find(
        self, models: Mapping[str, Path], pictures: Sequence[Path], _: float | None, *, progress: Progress
    ) -> Mapping[str, list[list[Detection]]]:
        """What is found, as detections; a landmark model has no score threshold to be run at."""
        from zoo.families._labelled import as_detection

        run = self.run_graph(models, pictures, progress=progress)
        return {
            name: [[as_detection(one) for one in regions if one.found] for regions in answers]
            for name, answers in run.answers.items()
        }

    def try_dropin(
        self, models: Mapping[str, Path], *, drops: Sequence[Drop], pictures: Sequence[Path], progress: Progress
    ) -> list[DropinCell]:
        def locate(chosen: Sequence[Path]) -> list[list[Region]]:
            original = original_file(self._spec.dropin[0].replaces)
            found = self.run_graph({"original": original}, chosen, progress=progress).answers["original"]
            return [[one.region for one in regions if one.found] for regions in found]

        scene = Scene(pictures, locate)

        def probe_of(drop: Drop) -> Probe[Any]:
            def legacy() -> Probe[Any]:
                return _LandmarkProbe(self, drop.runtime, pictures)

            return probe_for(drop, spec=self._spec, noun=self.noun, scene=scene, legacy=legacy)

        return try_places(models, drops=drops, probe_of=probe_of, progress=progress)

    def run_graph(self, models: Mapping[str, Path], pictures: Sequence[Path], *, progress: Progress) -> LandmarkRun:
        """What each model answers in its place in MediaPipe's graph. Raises as `zoo.runtimes.run_hand_graph`."""
        declared = self._landmarks.presence_threshold
        place, complexity = self._place()
        placed = {name: {place: path} for name, path in models.items()}
        if self._spec.task == "hand_landmark":
            hands = run_hand_graph(placed, pictures, complexity=complexity, progress=progress)
            threshold, runtime, graph = hands.presence_threshold, hands.runtime, hands.graph
            taken = hands.milliseconds
            answers: dict[str, Answers] = {
                name: [list(one.hands) for one in found] for name, found in hands.pictures.items()
            }
        else:
            poses = run_pose_graph(placed, pictures, progress=progress)
            threshold, runtime, graph = poses.presence_threshold, poses.runtime, poses.graph
            taken = poses.milliseconds
            answers = {
                name: [[one.pose] if one.pose else [] for one in found] for name, found in poses.pictures.items()
            }
        if abs(threshold - declared) > 1e-6:
            raise InputError(
                f"landmarks.presence_threshold is {declared:g} and the graph {graph} uses "
                f"{threshold:g}; correct it in the spec"
            )
        return LandmarkRun(runtime, graph, threshold, answers, taken)

    def _place(self) -> tuple[str, Literal["full", "lite"]]:
        """The published file whose place the model takes, by the spec's first drop-in, and the graph's complexity."""
        if not self._spec.dropin:
            raise InputError(f"{self._spec.name} declares no dropin, which tells whose place it takes in the graph")
        name = PurePosixPath(self._spec.dropin[0].replaces).name
        return name, "lite" if name.endswith("_lite.tflite") else "full"


def _place(place: type[Place], region: Region) -> Place:
    return place(region.x_center, region.y_center, region.width, region.height, region.rotation)


def sightings(answers: Answers) -> list[list[Sighting]]:
    """A model's answers as evaluation takes them: points in shares of the region's side, whose scale is isotropic."""
    return [[_sighting(one) for one in found] for found in answers]


def _sighting(answer: Answer) -> Sighting:
    from zoo.evaluate import Sighting

    points = np.array([(x, y) for x, y, _ in answer.landmarks], np.float64).reshape(-1, 2)
    return Sighting(
        found=answer.found,
        points=points / np.array([answer.region.width, answer.region.height]),
        world=np.array(answer.world, np.float64).reshape(-1, 3),
        label=answer.label if isinstance(answer, Hand) else "",
        mask=answer.cells() if isinstance(answer, Pose) and answer.found else None,
    )


@dataclass(frozen=True)
class _LandmarkProbe:
    """How landmarks of a file in the place of the original are compared with the original's."""

    family: LandmarkFamily
    runtime: str
    paths: Sequence[Path]

    @property
    def pictures(self) -> int:
        return len(self.paths)

    @property
    def noun(self) -> str:
        return self.family.noun

    def run(self, model: Path, progress: Progress) -> Tried[Answers]:
        check_installed(self.runtime)
        run = self.family.run_graph({"model": model}, self.paths, progress=progress)
        return Tried(run.answers["model"], run.milliseconds["model"])

    def count(self, found: Answers) -> int:
        return sum(one.found for regions in found for one in regions)

    def compare(self, ours: Answers, original: Answers) -> Compared:
        from zoo.evaluate import landmark_statistics

        if not all(np.isfinite(point).all() for regions in ours for one in regions for point in one.landmarks):
            return Compared("its landmarks hold numbers that are not finite", {})
        statistics = landmark_statistics(sightings(ours), sightings(original))
        values = {name: float(one.values(np.ones((1, one.pictures)))[0]) for name, one in statistics.items()}
        return Compared("", {name: value for name, value in values.items() if np.isfinite(value)})
