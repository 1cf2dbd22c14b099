"""The score threshold at which a detector agrees best with a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.evaluate._detection_metrics import match_boxes
from zoo.evaluate._tally import Bools, Floats
from zoo.evaluate._truth import Found, Truth
from zoo.runtimes import Detection, match_runs


@dataclass(frozen=True)
class ThresholdChoice:
    """`f_score` is what detections at or above `threshold` reach against `reference_detections` detections."""

    threshold: float
    f_score: float
    reference_detections: int


def best_threshold(
    candidate: Sequence[Sequence[Detection]], reference: Sequence[Sequence[Detection]], *, iou_threshold: float
) -> ThresholdChoice:
    """The threshold of highest F-score: `candidate` run at a low threshold, `reference` at the graph's own.

    One matching serves every threshold, because what a detection matches does not depend on those of lower score.
    The threshold lies midway, in logits, between the lowest score kept and the highest one dropped, so that neither
    rounding nor the shift of a calibration moves a detection across it. Raises InputError where either side has no
    detection to choose by.
    """
    return _best(*_ranked(candidate, reference, iou_threshold))


def best_threshold_by_labels(
    found: Sequence[Found], truths: Sequence[Truth], *, iou_threshold: float
) -> ThresholdChoice:
    """The threshold of highest F-score against labels; `found` at a low threshold.

    Crowds and objects to be ignored count neither way. Otherwise as `best_threshold`, whose answer it gives.
    """
    scores: list[Floats] = []
    hits: list[Bools] = []
    for one, truth in zip(found, truths, strict=True):
        matched = match_boxes(one, truth, iou_threshold=iou_threshold)
        counted = ~matched.ignored[0]
        scores.append(one.scores[matched.order][counted])
        hits.append(matched.hit[0][counted])
    every, right = np.concatenate([*scores, np.zeros(0)]), np.concatenate([*hits, np.zeros(0, bool)])
    order = np.argsort(-every, kind="stable")
    labelled = sum(int((~truth.ignore & ~np.isnan(truth.boxes).any(axis=1)).sum()) for truth in truths)
    return _best(every[order], right[order], labelled)


def _best(scores: Floats, hits: Bools, faces: int) -> ThresholdChoice:
    """The choice among detections from the highest score down, of which `hits` are right, for `faces` to be found."""
    if faces == 0 or not hits.any():
        raise InputError(
            "no face of the reference is found on the calibration pictures, so no score threshold can be chosen; "
            "give pictures with faces"
        )
    kept = np.arange(1, len(scores) + 1)
    f_scores = 2 * np.cumsum(hits) / (kept + faces)
    # A threshold cannot cut between two equal scores: only the last of each run counts.
    possible = np.append(np.diff(scores) < 0, True)
    best = int(np.argmax(np.where(possible, f_scores, -1.0)))
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return ThresholdChoice(_between(float(below), float(scores[best])), float(f_scores[best]), faces)


def f_score_at(
    candidate: Sequence[Sequence[Detection]],
    reference: Sequence[Sequence[Detection]],
    *,
    threshold: float,
    iou_threshold: float,
) -> float:
    """F-score of the detections with a score of `threshold` or more, as the graph keeps them; 0 without any."""
    scores, hits, faces = _ranked(candidate, reference, iou_threshold)
    kept = scores >= threshold
    total = int(kept.sum()) + faces
    return 2 * float(hits[kept].sum()) / total if total else 0.0


def _ranked(
    candidate: Sequence[Sequence[Detection]], reference: Sequence[Sequence[Detection]], iou_threshold: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], int]:
    """Scores of all detections, highest first, whether each matches, and the number of reference detections."""
    matches = match_runs(candidate, reference, iou_threshold=iou_threshold)
    scores = np.array([score for match in matches for score in match.candidate_scores], np.float64)
    hits = np.array(
        [number in {p.candidate for p in match.pairs} for match in matches for number in range(match.candidates)], bool
    )
    order = np.argsort(-scores, kind="stable")
    return scores[order], hits[order], sum(match.references for match in matches)


def _between(low: float, high: float) -> float:
    """Midway in logits; just below `high` where nothing lies under it."""
    edge = 1e-6
    if low <= edge:
        return high - min(edge, high / 2)
    low, high = min(low, 1 - edge), min(high, 1 - edge)
    middle = (np.log(low / (1 - low)) + np.log(high / (1 - high))) / 2
    return float(1 / (1 + np.exp(-middle)))
