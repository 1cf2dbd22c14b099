"""Detection against labels: average precision, and precision, recall and F-score at the threshold that users have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoo.evaluate._average_precision import COCO_THRESHOLDS, ranked
from zoo.evaluate._coco_matching import Matches, box_overlap, match
from zoo.evaluate._statistics import Ratio, Statistic
from zoo.evaluate._tally import Floats
from zoo.evaluate._truth import Found, Truth

MOST_DETECTIONS = 100
"""In one picture, as COCO counts boxes."""


def detection_statistics(
    found: Sequence[Found],
    truths: Sequence[Truth],
    *,
    score_threshold: float,
    iou_threshold: float = 0.5,
    most: int = MOST_DETECTIONS,
) -> dict[str, Statistic]:
    """`ap`, `ap50`, `precision`, `recall` and `f_score` of one model's boxes, picture by picture, against labels.

    `ap` is the mean over IoU 0.5 to 0.95, `ap50` that at 0.5; both rank all that is found, so run the model at a low
    threshold for them. The others take what scores `score_threshold` or more and overlaps at `iou_threshold`. Crowds
    and objects to be ignored count neither way. Raises ValueError for different numbers of pictures.
    """
    truths = [_with_boxes(truth) for truth in truths]
    matches = [_match(one, truth, COCO_THRESHOLDS, most) for one, truth in zip(found, truths, strict=True)]
    if not matches:
        return {}
    precision = ranked(matches, found, truths)
    kept = [_kept(one, score_threshold) for one in found]
    at = [_match(one, truth, np.array([iou_threshold]), most) for one, truth in zip(kept, truths, strict=True)]
    hits = np.array([one.hit.sum() for one in at], np.float64)
    taken = np.array([(~one.ignored).sum() for one in at], np.float64)
    # What is labelled is the same for every model, so recall is compared object by object.
    right = np.concatenate([one.taken[0][~truth.ignore] for one, truth in zip(at, truths, strict=True)])
    where = np.repeat(np.arange(len(truths)), precision.labelled.astype(int))
    return {
        "ap": precision,
        "ap50": precision.at(0),
        "precision": Ratio(hits, taken, "share"),
        "recall": Ratio.of_trials(right, where, len(truths)),
        "f_score": Ratio(2 * hits, taken + precision.labelled, "f_score"),
    }


def match_boxes(found: Found, truth: Truth, *, iou_threshold: float) -> Matches:
    """Which boxes of one picture are labelled ones, at one overlap."""
    return _match(found, _with_boxes(truth), np.array([iou_threshold]), MOST_DETECTIONS)


def _match(found: Found, truth: Truth, thresholds: Floats, most: int) -> Matches:
    overlap = box_overlap(found.boxes, truth.boxes, truth.crowd)
    return match(overlap, found.scores, crowd=truth.crowd, ignore=truth.ignore, thresholds=thresholds, most=most)


def _kept(found: Found, threshold: float) -> Found:
    chosen = found.scores >= threshold
    return Found(found.scores[chosen], found.boxes[chosen], found.points[chosen])


def _with_boxes(truth: Truth) -> Truth:
    """Objects without a box cannot be found by one."""
    return replace(truth, ignore=truth.ignore | np.isnan(truth.boxes).any(axis=1))
