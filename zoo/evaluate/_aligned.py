"""Labelled persons or hands, each beside what a model found of it, and the sizes that errors are measured in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.evaluate._coco_matching import box_overlap
from zoo.evaluate._statistics import Positions
from zoo.evaluate._tally import Bools, Floats
from zoo.evaluate._truth import Found, Truth, box_areas, extents


@dataclass(frozen=True)
class Aligned:
    """N labelled objects with K points, on P `pictures`, in pixels.

    `picture`: (N,), position of each one's picture. `truth`: (N, K, 3), x, y and visibility. `found`: (N, K, 2), NaN
    where the model found nothing. `boxes`: (N, 4), the labelled boxes, or the extent of the labelled points.
    """

    pictures: int
    picture: Positions
    truth: Floats
    found: Floats
    boxes: Floats

    @property
    def labelled(self) -> Bools:
        """(N, K), which points have a label."""
        return np.asarray(self.truth[..., 2] > 0)

    @property
    def distances(self) -> Floats:
        """(N, K) pixels between the label and what was found; infinite where nothing was, NaN without a label."""
        apart = np.linalg.norm(self.found - self.truth[..., :2], axis=-1)
        return np.where(self.labelled, np.where(np.isnan(apart), np.inf, apart), np.nan)


def align(found: Sequence[Found], truths: Sequence[Truth]) -> Aligned:
    """Pair the labelled objects of each picture with the found ones, so that their boxes overlap most in all.

    Found objects are taken by the extent of their points. One that overlaps with nothing is left, and a labelled object
    without a partner counts as not found. Objects to be ignored, and those without labelled points, take no part.
    Raises ValueError for different numbers of pictures or of points.
    """
    from scipy.optimize import linear_sum_assignment

    pictures: list[int] = []
    labels: list[Floats] = []
    places: list[Floats] = []
    boxes: list[Floats] = []
    for number, (one, truth) in enumerate(zip(found, truths, strict=True)):
        kept = ~truth.ignore & (truth.points[..., 2] > 0).any(axis=1)
        points = truth.points[kept]
        around = np.where(np.isnan(truth.boxes[kept]), extents(points), truth.boxes[kept])
        paired = np.full((*points.shape[:2], 2), np.nan)
        overlap = np.nan_to_num(box_overlap(extents(one.points), around, np.zeros(len(points), bool)))
        rows, columns = linear_sum_assignment(overlap, maximize=True)
        good = overlap[rows, columns] > 0
        if good.any():
            # A picture without finds does not know how many points they would have.
            paired[columns[good]] = one.points[rows[good]]
        pictures += [number] * len(points)
        labels.append(points)
        places.append(paired)
        boxes.append(around)
    filled = [number for number, points in enumerate(labels) if len(points)]
    count = labels[filled[0]].shape[1] if filled else 0
    return Aligned(
        pictures=len(truths),
        picture=np.array(pictures, np.int64),
        truth=np.concatenate([labels[number] for number in filled]) if filled else np.zeros((0, count, 3)),
        found=np.concatenate([places[number] for number in filled]) if filled else np.zeros((0, count, 2)),
        boxes=np.concatenate([boxes[number] for number in filled]) if filled else np.zeros((0, 4)),
    )


def as_truth(found: Found) -> Truth:
    """What a reference model found, as if it were the labels, to measure agreement with it: every point counts."""
    points = np.concatenate([found.points, np.full((*found.points.shape[:2], 1), 2.0)], axis=2)
    boxes = extents(found.points)
    nothing = np.zeros(len(points), bool)
    return Truth(boxes, points, box_areas(boxes), nothing, nothing)


def between(aligned: Aligned, first: int, second: int) -> Floats:
    """(N,) pixels between two labelled points of each object; NaN where one has no label."""
    apart = np.linalg.norm(aligned.truth[:, first, :2] - aligned.truth[:, second, :2], axis=-1)
    return np.where(aligned.labelled[:, first] & aligned.labelled[:, second], apart, np.nan)


def torso_size(aligned: Aligned, names: Sequence[str]) -> Floats:
    """(N,) pixels from the left shoulder to the right hip (B. Sapp and B. Taskar, "MODEC", CVPR 2013)."""
    return between(aligned, names.index("left_shoulder"), names.index("right_hip"))


def head_size(aligned: Aligned, names: Sequence[str]) -> Floats:
    """(N,) pixels from the neck to the top of the head, which LSP labels; stands for PCKh's head box.

    PCKh (M. Andriluka et al., CVPR 2014) takes 0.6 of the diagonal of a labelled head box, so the two differ.
    """
    return between(aligned, names.index("neck"), names.index("head_top"))


def longer_side(aligned: Aligned) -> Floats:
    """(N,) pixels, the longer side of the labelled box (PCK of Y. Yang and D. Ramanan, PAMI 2013)."""
    return np.asarray((aligned.boxes[:, 2:] - aligned.boxes[:, :2]).max(axis=1, initial=0), np.float64)


def palm_length(aligned: Aligned) -> Floats:
    """(N,) pixels from the wrist to the base of the middle finger, points 0 and 9 of MediaPipe's 21."""
    return between(aligned, 0, 9)
