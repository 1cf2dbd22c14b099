"""Poses from MediaPipe's own legacy graph of pose detection and pose landmarks, with model files of ours in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.progress import Progress
from zoo.runtimes._faces import detections_of
from zoo.runtimes._graph import POSE_FULL, PRESENCE_THRESHOLD, SCORE_THRESHOLD
from zoo.runtimes._graph_process import Found
from zoo.runtimes._landmarks import Pose, PosePicture, Region
from zoo.runtimes._run import Replaced, run_graph


@dataclass(frozen=True)
class PoseRun:
    """What the graph found: `pictures[model][picture]`, in the order of the pictures given.

    `runtime` is `mediapipe==VERSION`; both thresholds are those that the graph ran with. `milliseconds` as `pictures`,
    from the decoded picture on.
    """

    runtime: str
    graph: str
    score_threshold: float
    presence_threshold: float
    pictures: dict[str, list[PosePicture]]
    milliseconds: dict[str, list[float]]


def run_pose_graph(
    models: Mapping[str, Replaced],
    pictures: Sequence[Path],
    *,
    score_threshold: float | None = None,
    presence_threshold: float | None = None,
    progress: Progress,
) -> PoseRun:
    """Run MediaPipe's `pose_landmark_cpu` for each model on every picture, each picture for itself and unsmoothed.

    `models`: by a name of ours, which files run in the place of which of the graph's: `pose_landmark_full.tflite` and
    `pose_detection.tflite`. An empty mapping is the published graph. The thresholds in [0, 1] replace the graph's own
    (0.5 both), None keeps them: `score_threshold` is of persons, `presence_threshold` of what the landmark model says
    is none.

    Raises InputError for a file that the graph has no place for, a model that it does not take or a picture that cannot
    be read, OutsideError when the process dies or hangs.
    """
    thresholds = {SCORE_THRESHOLD: score_threshold, PRESENCE_THRESHOLD: presence_threshold}
    run = run_graph(POSE_FULL, models, pictures, thresholds=thresholds, progress=progress)
    return PoseRun(
        runtime=run.runtime,
        graph=run.graph,
        score_threshold=run.thresholds[SCORE_THRESHOLD],
        presence_threshold=run.thresholds[PRESENCE_THRESHOLD],
        pictures={name: [_picture(found) for found in answers] for name, answers in run.found.items()},
        milliseconds=run.milliseconds,
    )


def _picture(found: Found) -> PosePicture:
    detections = tuple(detections_of(found))
    if not found["region"]:
        return PosePicture(detections=detections, pose=None)
    landmarks, world = _first(found, "landmarks", []), _first(found, "world", [])
    pose = Pose(
        region=Region(*_first(found, "region", ())),
        presence=_first(found, "presence", 0.0),
        landmarks=tuple((x, y, z) for x, y, z, *_ in landmarks),
        world=tuple((x, y, z) for x, y, z, *_ in world),
        visibility=tuple(point[3] for point in landmarks),
        landmark_presence=tuple(point[4] for point in landmarks),
        mask=base64.b64decode(_first(found, "mask", "")),
    )
    return PosePicture(detections=detections, pose=pose)


def _first(found: Found, key: str, otherwise: Any) -> Any:
    packets = found[key]
    return packets[0][1] if packets else otherwise
