"""Probes of whole pipelines, from a picture to detections or figures: MediaPipe's Tasks, its web runtime, holistic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.evaluate import Sighting, landmark_statistics
from zoo.families._dropin import Compared, Tried
from zoo.families._scene import Scene
from zoo.progress import Progress
from zoo.runtimes import MASK_SIDE, Figure, Finding, Trial, match_runs, summed_metrics

Findings = Sequence[Finding]
Runner = Callable[[Path, Scene, Progress], Trial]

FARTHEST = 0.5
"""Figures whose points lie farther apart than this share of the original's size, on average, are not the same one."""
FAR_AWAY = 1e9
"""Between figures of different numbers of points."""


@dataclass(frozen=True)
class FindingProbe:
    """How what a runtime finds with a file is compared with what it finds with the original.

    `runner`: runs a file on the scene's pictures. `boxes`: the least IoU of two detections that are the same, None
    where figures are compared.
    """

    noun: str
    scene: Scene
    runner: Runner
    boxes: float | None

    @property
    def pictures(self) -> int:
        return len(self.scene.paths)

    def run(self, model: Path, progress: Progress) -> Tried[Findings]:
        trial = self.runner(model, self.scene, progress)
        return Tried(trial.findings, trial.milliseconds)

    def count(self, found: Findings) -> int:
        return sum(len(one.figures if self.boxes is None else one.detections) for one in found)

    def compare(self, ours: Findings, original: Findings) -> Compared:
        if self.boxes is None:
            return compare_figures(ours, original, [picture.shape for picture in self.scene.pixels])
        if not all(detection.is_finite for one in ours for detection in one.detections):
            return Compared("its detections hold numbers that are not finite", {})
        both = [[one.detections for one in run] for run in (ours, original)]
        return Compared("", summed_metrics(match_runs(*both, iou_threshold=self.boxes)))


def compare_figures(ours: Findings, original: Findings, shapes: Sequence[Sequence[int]]) -> Compared:
    """Agreement of two runs that found figures for themselves, so that it is not known which is which.

    `shapes`: (height, width, ...) of the pictures. Figures of a picture are paired so that their points lie closest;
    what is left alone on either side counts as found by one and not by the other.
    """
    numbers = (value for one in ours for figure in one.figures for point in figure.points for value in point)
    if not all(math.isfinite(value) for value in numbers):
        return Compared("its landmarks hold numbers that are not finite", {})
    rows = [_paired(*pair) for pair in zip(ours, original, shapes, strict=True)]
    statistics = landmark_statistics([mine for mine, _ in rows], [theirs for _, theirs in rows])
    values = {name: float(one.values(np.ones((1, one.pictures)))[0]) for name, one in statistics.items()}
    return Compared("", {name: value for name, value in values.items() if np.isfinite(value)})


def _paired(ours: Finding, original: Finding, shape: Sequence[int]) -> tuple[list[Sighting], list[Sighting]]:
    from scipy.optimize import linear_sum_assignment

    mine = [_sighting(figure, shape) for figure in ours.figures]
    theirs = [_sighting(figure, shape) for figure in original.figures]
    apart = np.array([[_distance(one, other) for other in theirs] for one in mine]).reshape(len(mine), len(theirs))
    pairs = [
        (mine[row], theirs[column])
        for row, column in zip(*linear_sum_assignment(apart), strict=True)
        if apart[row, column] <= FARTHEST
    ]
    nothing = Sighting(False, np.zeros((0, 2)), np.zeros((0, 3)))
    with_partner = {id(one) for pair in pairs for one in pair}
    pairs += [(one, nothing) for one in mine if id(one) not in with_partner]
    pairs += [(nothing, one) for one in theirs if id(one) not in with_partner]
    return [one for one, _ in pairs], [one for _, one in pairs]


def _distance(one: Sighting, other: Sighting) -> float:
    if one.points.shape != other.points.shape:
        return FAR_AWAY
    size = max(float(np.ptp(other.points, axis=0).max()), 1e-6)
    return float(np.linalg.norm(one.points - other.points, axis=1).mean()) / size


def _sighting(figure: Figure, shape: Sequence[int]) -> Sighting:
    """Points in shares of the picture's longer side, so that a step to the right is as long as a step down."""
    scale = np.array([shape[1], shape[0]], np.float64) / max(shape[:2])
    return Sighting(
        found=True,
        points=np.array([(x, y) for x, y, _ in figure.points], np.float64).reshape(-1, 2) * scale,
        # Without world points there is no error of them, which NaN says.
        world=np.array(figure.world or np.full((len(figure.points), 3), np.nan), np.float64).reshape(-1, 3),
        label=figure.label,
        mask=np.frombuffer(figure.mask, np.uint8).reshape(MASK_SIDE, MASK_SIDE) / 255.0 if figure.mask else None,
    )
