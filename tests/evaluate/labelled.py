"""Labelled and found objects drawn at random, and what pycocotools says of them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from zoo.evaluate import COCO_POINTS, Found, Truth

POINTS = len(COCO_POINTS)
SIDE = 400.0


def drawn_truth(generator: np.random.Generator, *, most: int = 5, points: int = POINTS) -> Truth:
    """Up to `most` objects; some are crowds, some to be ignored without being one, some have no labelled point."""
    count = int(generator.integers(0, most + 1))
    corner, size = generator.uniform(0, SIDE / 2, (count, 2)), generator.uniform(30, SIDE / 2, (count, 2))
    places = corner[:, None] + generator.uniform(0, 1, (count, points, 2)) * size[:, None]
    visibility = generator.integers(0, 3, (count, points)).astype(float)
    visibility[generator.uniform(size=count) < 0.2] = 0
    crowd = generator.uniform(size=count) < 0.15
    return Truth(
        boxes=np.concatenate([corner, corner + size], axis=1),
        points=np.concatenate([places, visibility[..., None]], axis=2),
        areas=size.prod(axis=1) * generator.uniform(0.4, 1, count),
        crowd=crowd,
        ignore=crowd.copy(),
    )


def drawn_found(
    generator: np.random.Generator, truth: Truth, *, amount: float = 12.0, alarms: int = 3, levels: int | None = None
) -> Found:
    """Most labelled objects, moved, some twice, and false alarms. With `levels`, many scores are equal."""
    sources = np.flatnonzero(generator.uniform(size=len(truth.boxes)) > 0.2)
    sources = np.concatenate([sources, sources[generator.uniform(size=len(sources)) > 0.7]])
    boxes = truth.boxes[sources] + generator.normal(0, amount, (len(sources), 4))
    points = truth.points[sources][..., :2] + generator.normal(0, amount, (len(sources), truth.points.shape[1], 2))
    wrong = drawn_truth(generator, most=alarms, points=truth.points.shape[1])
    boxes = np.concatenate([boxes, wrong.boxes])
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    scores = generator.uniform(0, 1, len(boxes))
    if levels:
        scores = np.ceil(scores * levels) / levels
    return Found(scores, boxes, np.concatenate([points, wrong.points[..., :2]]))


def coco_evaluation(found: Sequence[Found], truths: Sequence[Truth], kind: str) -> COCOeval:
    """pycocotools' evaluation of the same, `kind` "bbox" or "keypoints", accumulated and summarized."""
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for number, (one, truth) in enumerate(zip(found, truths, strict=True), 1):
        for box, points, area, crowd in zip(truth.boxes, truth.points, truth.areas, truth.crowd, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "bbox": _xywh(box),
                    "area": float(area),
                    "iscrowd": int(crowd),
                    "keypoints": points.ravel().tolist(),
                    "num_keypoints": int((points[:, 2] > 0).sum()),
                }
            )
        for score, box, points in zip(one.scores, one.boxes, one.points, strict=True):
            flat = np.concatenate([points, np.ones((len(points), 1))], axis=1).ravel().tolist()
            place = {"keypoints": flat} if kind == "keypoints" else {"bbox": _xywh(box)}
            results.append({"image_id": number, "category_id": 1, "score": float(score), **place})
    labels = COCO()
    labels.dataset = {
        "images": [{"id": number} for number in range(1, len(truths) + 1)],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "object"}],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        labels.createIndex()
        evaluation = COCOeval(labels, labels.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def _xywh(box: Any) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]
