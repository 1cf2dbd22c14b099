"""Poses against labels: object key-point similarity and its average precision (https://cocodataset.org/#keypoints-eval)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoo.evaluate._average_precision import COCO_THRESHOLDS, ranked
from zoo.evaluate._coco_matching import match
from zoo.evaluate._statistics import Statistic
from zoo.evaluate._tally import Floats
from zoo.evaluate._truth import Found, Truth

MOST_POSES = 20
"""In one picture, as COCO counts persons with key points."""


def pose_statistics(
    found: Sequence[Found], truths: Sequence[Truth], *, sigmas: Sequence[float], most: int = MOST_POSES
) -> dict[str, Statistic]:
    """`oks_ap`, the mean over similarities 0.5 to 0.95, and `oks_ap50` and `oks_ap75`, of one model against labels.

    `sigmas`: one for each key point, as `sigmas_of` gives them. Persons without a labelled point, crowds, and those to
    be ignored count neither way. Raises ValueError for different numbers of pictures.
    """
    truths = [replace(truth, ignore=truth.ignore | ~(truth.points[..., 2] > 0).any(axis=1)) for truth in truths]
    matches = [
        match(
            oks(one, truth, sigmas),
            one.scores,
            crowd=truth.crowd,
            ignore=truth.ignore,
            thresholds=COCO_THRESHOLDS,
            most=most,
        )
        for one, truth in zip(found, truths, strict=True)
    ]
    if not matches:
        return {}
    precision = ranked(matches, found, truths)
    return {"oks_ap": precision, "oks_ap50": precision.at(0), "oks_ap75": precision.at(5)}


def oks(found: Found, truth: Truth, sigmas: Sequence[float]) -> Floats:
    """(D, G) object key-point similarity in [0, 1]: the mean over labelled points of exp(-d² / (2 area (2 sigma)²)).

    For a person without labelled points d is the distance from a box three times as wide and high around the person's,
    as in `COCOeval.computeOks`, so that what is found there can be ignored.
    """
    if not len(found.scores) or not len(truth.areas):
        return np.zeros((len(found.scores), len(truth.areas)))
    labelled = truth.points[..., 2] > 0
    distance = (found.points[:, None] - truth.points[None, :, :, :2]) ** 2
    unlabelled = ~labelled.any(axis=1)
    if unlabelled.any():
        distance[:, unlabelled] = _outside(found.points, truth.boxes[unlabelled]) ** 2
    counted = labelled | unlabelled[:, None]
    scale = 2 * (2 * np.asarray(sigmas)) ** 2 * (truth.areas[:, None] + np.spacing(1))
    similarity = np.where(counted, np.exp(-distance.sum(axis=-1) / scale), 0.0)
    return np.asarray(similarity.sum(axis=-1) / counted.sum(axis=-1), np.float64)


def _outside(points: Floats, boxes: Floats) -> Floats:
    """(D, G, K, 2), how far points (D, K, 2) lie outside of boxes (G, 4) grown by their size on each side."""
    size = boxes[:, 2:] - boxes[:, :2]
    low, high = (boxes[:, :2] - size)[None, :, None], (boxes[:, 2:] + size)[None, :, None]
    places = points[:, None]
    return np.asarray(np.maximum(low - places, 0) + np.maximum(places - high, 0), np.float64)
