"""Agreement of a landmark model with a reference, region by region: both are fed the same regions of each picture.

Errors are taken in the region, where a step to the right is as long as a step down, and over the size of the object:
the longer side of the box around the reference's points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.evaluate._statistics import Ratio, Statistic
from zoo.evaluate._tally import Floats

CLOSE = 0.05
"""Share of the object's size within which a point counts as in its place (PCK at 0.05)."""
SMALLEST_SIZE = 1e-6


@dataclass(frozen=True)
class Sighting:
    """What a model says of one region. Where it finds nothing, all but `found` is empty.

    `points` (n, 2): shares of the region's side. `world` (n, 3): metres. `label`: such as a hand's side. `mask` (m, m):
    how much of each cell of the picture is covered, in [0, 1]; None for models without.
    """

    found: bool
    points: Floats
    world: Floats
    label: str = ""
    mask: Floats | None = None


Sightings = Sequence[Sequence[Sighting]]
"""By picture and region."""


def landmark_statistics(ours: Sightings, reference: Sightings) -> dict[str, Statistic]:
    """What two runs on the same pictures agree on.

    `presence_agreement`: regions for which both or neither find something, by all regions. Of regions in which both do:
    `landmark_error`, the mean distance of points over the object's size; `pck`, points within `CLOSE` of it;
    `world_error`, the mean distance in metres; `handedness_agreement`, equal labels; `mask_iou`. The last two only
    where the reference has them. Raises ValueError for runs of different pictures or regions.
    """
    rows = [_picture(mine, theirs) for mine, theirs in zip(ours, reference, strict=True)]

    def ratio(top: str, bottom: str, kind: str) -> Statistic:
        sums = [np.array([row[name] for row in rows], np.float64) for name in (top, bottom)]
        return Ratio(sums[0], sums[1], "share" if kind == "share" else "mean")

    found: dict[str, Statistic] = {
        "landmark_error": ratio("error", "both", "mean"),
        "pck": ratio("close", "points", "share"),
        "presence_agreement": ratio("alike", "regions", "share"),
        "world_error": ratio("world", "both", "mean"),
    }
    every = [one for regions in reference for one in regions if one.found]
    if any(one.label for one in every):
        found["handedness_agreement"] = ratio("labels", "both", "share")
    if any(one.mask is not None for one in every):
        found["mask_iou"] = ratio("iou", "both", "mean")
    return found


def found_objects(sightings: Sightings) -> int:
    """Regions in which something was found."""
    return sum(one.found for regions in sightings for one in regions)


def _picture(ours: Sequence[Sighting], reference: Sequence[Sighting]) -> Mapping[str, float]:
    names = ("regions", "alike", "both", "error", "points", "close", "world", "labels", "iou")
    row = dict.fromkeys(names, 0.0)
    for mine, theirs in zip(ours, reference, strict=True):
        row["regions"] += 1
        row["alike"] += mine.found == theirs.found
        if not (mine.found and theirs.found):
            continue
        size = max(float(np.ptp(theirs.points, axis=0).max()), SMALLEST_SIZE)
        distances = np.linalg.norm(mine.points - theirs.points, axis=1) / size
        row["both"] += 1
        row["error"] += float(distances.mean())
        row["points"] += len(distances)
        row["close"] += float((distances <= CLOSE).sum())
        row["world"] += float(np.linalg.norm(mine.world - theirs.world, axis=1).mean())
        row["labels"] += mine.label == theirs.label
        if mine.mask is not None and theirs.mask is not None:
            union = float(np.maximum(mine.mask, theirs.mask).sum())
            row["iou"] += float(np.minimum(mine.mask, theirs.mask).sum()) / union if union else 1.0
    return row
