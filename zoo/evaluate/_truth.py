"""One picture's labelled and found objects as arrays, in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.evaluate._tally import Bools, Floats
from zoo.runtimes import Detection
from zoo.sources.annotations import AnnotatedObject, AnnotatedPicture


@dataclass(frozen=True)
class Truth:
    """The G labelled objects of a picture, each with K key points.

    `boxes`: (G, 4) corners xmin, ymin, xmax, ymax, NaN where there is none. `points`: (G, K, 3), x, y and COCO's
    visibility; only those above 0 are labelled. `areas`: (G,), square pixels. `crowd`, `ignore`: (G,), as in COCO.
    """

    boxes: Floats
    points: Floats
    areas: Floats
    crowd: Bools
    ignore: Bools


@dataclass(frozen=True)
class Found:
    """The D objects that a model finds in a picture: `scores` (D,), `boxes` (D, 4), `points` (D, K, 2)."""

    scores: Floats
    boxes: Floats
    points: Floats


def truth_of(picture: AnnotatedPicture, *, points: Sequence[int] | None = None) -> Truth:
    """The picture's objects; `points`: which key points, in which order, all by default.

    Where the annotations give no area, that of the box stands in, and without a box that of the points' extent.
    Raises InputError where they give regions to look in instead of outlines, which no overlap can be measured with.
    """
    size = np.array([picture.width, picture.height], np.float64)
    region = next((thing for thing in picture.objects if thing.region), None)
    if region is not None:
        raise InputError(
            f"{region.where} gives a region and no outline, so only finding the face can be judged: give boxes"
        )
    marked = [_points(thing, size, points) for thing in picture.objects]
    boxes = np.array([thing.box or (np.nan,) * 4 for thing in picture.objects], np.float64).reshape(-1, 4)
    boxes *= np.tile(size, 2)
    count = max((len(one) for one in marked), default=len(points or ()))
    # Objects without any key points lie beside objects with them: theirs are all unlabelled.
    filled = np.array([one if len(one) else np.zeros((count, 3)) for one in marked], np.float64).reshape(
        len(marked), count, 3
    )
    given = [np.nan if thing.area is None else thing.area for thing in picture.objects]
    areas = np.array(given, np.float64)
    areas = np.where(np.isnan(areas), box_areas(np.where(np.isnan(boxes), extents(filled), boxes)), areas)
    return Truth(
        boxes=boxes,
        points=filled,
        areas=areas,
        crowd=np.array([thing.crowd for thing in picture.objects], bool),
        ignore=np.array([thing.ignore for thing in picture.objects], bool),
    )


def found_of(detections: Sequence[Detection], *, width: int, height: int, points: Sequence[int] | None = None) -> Found:
    """A model's detections in a picture of `width` x `height` pixels; `points`: which of their key points, or all."""
    size = np.array([width, height], np.float64)
    boxes = np.array([detection.box for detection in detections], np.float64).reshape(-1, 4) * np.tile(size, 2)
    count = len(detections[0].keypoints) if detections else len(points or ())
    places = np.array([detection.keypoints for detection in detections], np.float64).reshape(len(detections), count, 2)
    if points is not None and detections:
        places = places[:, list(points)]
    return Found(np.array([detection.score for detection in detections], np.float64), boxes, places * size)


def extents(points: Floats) -> Floats:
    """(N, 4) corners around the labelled of (N, K, 3) points, or the finite of (N, K, 2); NaN without any."""
    labelled = points[..., 2] > 0 if points.shape[-1] == 3 else np.isfinite(points).all(axis=-1)
    if points.shape[1] == 0:
        return np.full((len(points), 4), np.nan)
    places = points[..., :2]
    low = np.where(labelled[..., None], places, np.inf).min(axis=1)
    high = np.where(labelled[..., None], places, -np.inf).max(axis=1)
    corners = np.concatenate([low, high], axis=1)
    return np.where(np.isfinite(corners), corners, np.nan)


def _points(thing: AnnotatedObject, size: Floats, chosen: Sequence[int] | None) -> Floats:
    points = np.array(thing.keypoints, np.float64).reshape(-1, 3)
    points[:, :2] *= size
    return points[list(chosen)] if chosen is not None and len(points) else points


def box_areas(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float64)
