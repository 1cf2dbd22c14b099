"""Hands from MediaPipe's own legacy graph of palm detection and hand landmarks, with model files of ours in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zoo.progress import Progress
from zoo.runtimes._faces import detections_of
from zoo.runtimes._graph import HAND_GRAPHS, PRESENCE_THRESHOLD, SCORE_THRESHOLD
from zoo.runtimes._graph_process import Found
from zoo.runtimes._landmarks import Hand, HandPicture, Region
from zoo.runtimes._run import Replaced, run_graph


@dataclass(frozen=True)
class HandRun:
    """What the graph found: `pictures[model][picture]`, in the order of the pictures given.

    `runtime` is `mediapipe==VERSION`; both thresholds are those that the graph ran with. `milliseconds` as `pictures`,
    from the decoded picture on.
    """

    runtime: str
    graph: str
    score_threshold: float
    presence_threshold: float
    pictures: dict[str, list[HandPicture]]
    milliseconds: dict[str, list[float]]


def run_hand_graph(
    models: Mapping[str, Replaced],
    pictures: Sequence[Path],
    *,
    complexity: Literal["full", "lite"] = "full",
    score_threshold: float | None = None,
    presence_threshold: float | None = None,
    progress: Progress,
) -> HandRun:
    """Run MediaPipe's `hand_landmark_tracking_cpu` for each model on every picture, each picture for itself.

    `models`: by a name of ours, which files run in the place of which of the graph's: `hand_landmark_full.tflite` and
    `palm_detection_full.tflite`, or both `_lite` where `complexity` is so. An empty mapping is the published graph. At
    most two hands are looked at in a picture. The thresholds in [0, 1] replace the graph's own (0.5 both), None keeps
    them: `score_threshold` is of palms, `presence_threshold` of what the landmark model says is no hand.

    Raises InputError for a file that the graph has no place for, a model that it does not take or a picture that cannot
    be read, OutsideError when the process dies or hangs.
    """
    thresholds = {SCORE_THRESHOLD: score_threshold, PRESENCE_THRESHOLD: presence_threshold}
    run = run_graph(HAND_GRAPHS[complexity], models, pictures, thresholds=thresholds, progress=progress)
    return HandRun(
        runtime=run.runtime,
        graph=run.graph,
        score_threshold=run.thresholds[SCORE_THRESHOLD],
        presence_threshold=run.thresholds[PRESENCE_THRESHOLD],
        pictures={name: [_picture(found) for found in answers] for name, answers in run.found.items()},
        milliseconds=run.milliseconds,
    )


def _picture(found: Found) -> HandPicture:
    presence, landmarks, world, handedness = (
        _by_number(found, key) for key in ("presence", "landmarks", "world", "handedness")
    )
    hands = []
    for number, region in found["region"]:
        label, label_score = handedness.get(number, ("", 0.0))
        hands.append(
            Hand(
                region=Region(*region),
                presence=presence[number],
                landmarks=tuple((x, y, z) for x, y, z, *_ in landmarks.get(number, [])),
                world=tuple((x, y, z) for x, y, z, *_ in world.get(number, [])),
                label=label,
                label_score=label_score,
            )
        )
    return HandPicture(detections=tuple(detections_of(found)), hands=tuple(hands))


def _by_number(found: Found, key: str) -> dict[int, Any]:
    # The parts of one region bear the same number; a stream has none for a region that was dropped on the way.
    return {number: answer for number, answer in found[key]}  # noqa: C416 - dict() loses the type
