"""Which found objects are which labelled ones: the matching of the COCO evaluation, at many thresholds at once.

Computes what `COCOeval.evaluateImg` of pycocotools 2.0 does for one picture, one category and all sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.evaluate._statistics import Positions
from zoo.evaluate._tally import Bools, Floats


@dataclass(frozen=True)
class Matches:
    """T thresholds, D found objects in their order of score, highest first, and G labelled ones.

    `order`: (D,), where each lies in what was found. `hit`: (T, D), whether it is a labelled object. `ignored`: (T, D),
    whether it is one that is to be ignored, so that it counts neither as right nor as wrong. `taken`: (T, G), whether
    each labelled object was found.
    """

    order: Positions
    hit: Bools
    ignored: Bools
    taken: Bools


def match(overlap: Floats, scores: Floats, *, crowd: Bools, ignore: Bools, thresholds: Floats, most: int) -> Matches:
    """Greedily from the highest score down, one to one, each takes the free labelled object of highest overlap.

    `overlap`: (D, G) in [0, 1]; NaN overlaps with nothing. Objects to be ignored are taken only where no other one
    reaches the threshold, and a crowd by any number. Only the `most` highest scores take part.
    """
    order = np.argsort(-scores, kind="stable")[:most]
    overlap = np.nan_to_num(overlap[order], nan=-1.0)
    rows, labelled = overlap.shape
    limits = np.minimum(thresholds, 1 - 1e-10)
    hit = np.zeros((len(limits), rows), bool)
    ignored = np.zeros_like(hit)
    free = np.ones((len(limits), labelled), bool)
    if labelled == 0:
        return Matches(order, hit, ignored, ~free)
    level = np.arange(len(limits))
    for row in range(rows):
        possible = (overlap[row] >= limits[:, None]) & (free | crowd)
        counted = possible & ~ignore
        has_counted = counted.any(axis=1)
        usable = np.where(has_counted[:, None], counted, possible)
        # Of equal overlaps the last is taken, as there.
        backwards = np.where(usable, overlap[row], -1.0)[:, ::-1]
        best = labelled - 1 - np.argmax(backwards, axis=1)
        matched = usable.any(axis=1)
        free[level[matched], best[matched]] = False
        hit[:, row] = matched & has_counted
        ignored[:, row] = matched & ~has_counted
    return Matches(order, hit, ignored, ~free)


def box_overlap(found: Floats, labelled: Floats, crowd: Bools) -> Floats:
    """(D, G) intersection over union of corners (D, 4) and (G, 4); over the found box's own area for a crowd."""
    low = np.maximum(found[:, None, :2], labelled[None, :, :2])
    high = np.minimum(found[:, None, 2:], labelled[None, :, 2:])
    sides = np.maximum(high - low, 0)
    intersection = sides[..., 0] * sides[..., 1]
    ours, theirs = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (found, labelled))
    union = np.where(crowd[None, :], ours[:, None], ours[:, None] + theirs[None, :] - intersection)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(union > 0, intersection / union, 0.0), np.float64)
