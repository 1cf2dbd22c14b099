"""Which detections of two runs are the same object, and the agreement that follows.

Lives beside the runners because both the drop-in check and `zoo.evaluate` stand on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.runtimes._detection import Box, Detection

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """A candidate's detection taken for the reference's, by position in the two lists.

    `iou` in [0, 1]; `keypoint_error` as `keypoint_error` gives it, None without key points.
    """

    candidate: int
    reference: int
    iou: float
    keypoint_error: float | None


@dataclass(frozen=True)
class PictureMatch:
    """One picture: how many detections each side has, which belong together, and the candidate's scores."""

    pairs: tuple[Pair, ...]
    candidate_scores: tuple[float, ...]
    references: int

    @property
    def candidates(self) -> int:
        return len(self.candidate_scores)

    @property
    def found(self) -> tuple[bool, ...]:
        """For each reference detection, whether the candidate has it too."""
        taken = {pair.reference for pair in self.pairs}
        return tuple(number in taken for number in range(self.references))

    @property
    def counts(self) -> tuple[float, float, float, float, float, float]:
        """Matches, candidates, references, sum of IoU, sum of key-point errors, matches that have key points."""
        errors = [pair.keypoint_error for pair in self.pairs if pair.keypoint_error is not None]
        iou = math.fsum(pair.iou for pair in self.pairs)
        return len(self.pairs), self.candidates, self.references, iou, math.fsum(errors), len(errors)


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union in [0, 1]; 0 for boxes without area or with numbers that are not finite."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if not (width > 0 and height > 0):
        return 0.0
    intersection = width * height
    union = _area(a) + _area(b) - intersection
    return min(intersection / union, 1.0) if union > 0 and math.isfinite(union) else 0.0


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def keypoint_error(candidate: Detection, reference: Detection) -> float | None:
    """Mean distance of the key points, in sides of the reference's box: x over its width, y over its height.

    Dividing by the sides, and not by one length, makes it free of the picture's shape, which shares of width and
    height are not. 0.05 is a twentieth of the face. None without key points on both, or with a box without area.
    """
    width, height = reference.box[2] - reference.box[0], reference.box[3] - reference.box[1]
    points = list(zip(candidate.keypoints, reference.keypoints, strict=False))
    if not points or not (width > 0 and height > 0):
        return None
    return math.fsum(math.hypot((a[0] - b[0]) / width, (a[1] - b[1]) / height) for a, b in points) / len(points)


def match_detections(
    candidate: Sequence[Detection], reference: Sequence[Detection], *, iou_threshold: float
) -> PictureMatch:
    """Greedy, one to one: from the candidate's highest score down, each takes the free reference of highest IoU.

    Only references at `iou_threshold` (in (0, 1)) or above are taken. This is the matching of the COCO evaluation
    (`COCOeval.evaluateImg` of pycocotools) without crowds and ignored boxes. What a detection matches does not
    depend on detections of lower score.
    """
    order = sorted(range(len(candidate)), key=lambda number: -_rankable(candidate[number].score))
    free = set(range(len(reference)))
    pairs = []
    for number in order:
        best, best_iou = None, iou_threshold
        for other in sorted(free):
            iou = box_iou(candidate[number].box, reference[other].box)
            if iou >= best_iou and (best is None or iou > best_iou):
                best, best_iou = other, iou
        if best is not None:
            free.remove(best)
            error = keypoint_error(candidate[number], reference[best])
            pairs.append(Pair(candidate=number, reference=best, iou=best_iou, keypoint_error=error))
    scores = tuple(detection.score for detection in candidate)
    return PictureMatch(pairs=tuple(pairs), candidate_scores=scores, references=len(reference))


def match_runs(
    candidate: Sequence[Sequence[Detection]], reference: Sequence[Sequence[Detection]], *, iou_threshold: float
) -> list[PictureMatch]:
    """`match_detections` picture by picture. Raises ValueError for runs over different numbers of pictures."""
    return [
        match_detections(ours, theirs, iou_threshold=iou_threshold)
        for ours, theirs in zip(candidate, reference, strict=True)
    ]


def _rankable(score: float) -> float:
    return -math.inf if math.isnan(score) else score


METRICS = ("precision", "recall", "f_score", "mean_iou", "keypoint_error")


def agreement_metrics(counts: Floats) -> dict[str, Floats]:
    """The metrics from summed counts, `(..., 6)` in the order of `PictureMatch.counts`; each result is `(...)`.

    Micro-averaged: every detection weighs the same, whatever picture it is in. NaN where there is nothing to divide by.
    """
    import numpy as np

    matched, candidates, references, iou, errors, with_points = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": matched / candidates,
            "recall": matched / references,
            "f_score": 2 * matched / (candidates + references),
            "mean_iou": iou / matched,
            "keypoint_error": errors / with_points,
        }


def summed_metrics(matches: Sequence[PictureMatch]) -> dict[str, float]:
    """`agreement_metrics` of all pictures together; metrics without a value are left out."""
    import numpy as np

    counts = np.array([match.counts for match in matches], np.float64).reshape(-1, 6)
    values = {name: float(value) for name, value in agreement_metrics(counts.sum(axis=0)).items()}
    return {name: value for name, value in values.items() if math.isfinite(value)}
