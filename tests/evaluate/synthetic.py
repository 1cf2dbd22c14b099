"""Detections drawn at random, and pictures whose true rates are known."""

from __future__ import annotations

import numpy as np

from zoo.evaluate._tally import COLUMNS, Tallies, Tally
from zoo.runtimes import Detection


def random_run(generator: np.random.Generator, pictures: int, *, most: int = 6) -> list[list[Detection]]:
    """Boxes crowded enough that many overlap."""
    return [[random_detection(generator) for _ in range(generator.integers(0, most + 1))] for _ in range(pictures)]


def random_detection(generator: np.random.Generator) -> Detection:
    x, y = generator.uniform(0, 0.5, 2)
    width, height = generator.uniform(0.2, 0.4, 2)
    points = generator.uniform(0, 1, (6, 2))
    return Detection(
        score=float(generator.uniform()),
        box=(float(x), float(y), float(x + width), float(y + height)),
        keypoints=tuple((float(a), float(b)) for a, b in points),
    )


def jittered(run: list[list[Detection]], generator: np.random.Generator, *, amount: float) -> list[list[Detection]]:
    """The same detections with other scores, boxes moved a little, and one in five lost."""

    def moved(detection: Detection) -> Detection:
        x, y = generator.normal(0, amount, 2)
        xmin, ymin, xmax, ymax = detection.box
        points = tuple((px + x, py + y) for px, py in detection.keypoints)
        return Detection(float(generator.uniform()), (xmin + x, ymin + y, xmax + x, ymax + y), points)

    return [[moved(detection) for detection in found if generator.uniform() > 0.2] for found in run]


def drawn_tallies(generator: np.random.Generator, pictures: int) -> tuple[Tallies, dict[str, dict[str, float]]]:
    """Two models, `sparse` and `dense`, on pictures that differ in how hard they are; and their true metrics.

    A picture holds one to three faces. Each model finds each of them with the picture's own chance, less some for
    `sparse`, and adds false alarms. Faces of one picture share its difficulty, so they are not independent.
    """
    faces = generator.integers(1, 4, pictures)
    chance = np.repeat(generator.beta(8, 2, pictures), faces)
    picture = np.repeat(np.arange(pictures), faces)
    luck = generator.uniform(size=len(picture))
    models, truth = {}, {}
    for name, loss, alarms in (("dense", 1.0, 0.1), ("sparse", 0.9, 0.2)):
        # The same luck for both: what the worse model finds, the better finds too.
        found = luck < chance * loss
        false = generator.poisson(alarms, pictures)
        matched = np.bincount(picture, found, pictures)
        counts = np.zeros((pictures, COLUMNS))
        counts[:, 0], counts[:, 1], counts[:, 2] = matched, matched + false, faces
        models[name] = Tally(counts, found, np.zeros(pictures, bool))
        recall = 0.8 * loss
        candidates = 2 * recall + alarms
        truth[name] = {
            "precision": 2 * recall / candidates,
            "recall": recall,
            "f_score": 4 * recall / (candidates + 2),
        }
    return Tallies(models, picture, np.zeros(pictures, bool)), truth
