"""What a detector of any family finds, through MediaPipe's own graph for its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.progress import Progress

if TYPE_CHECKING:
    from zoo.runtimes import DetectionRun


def detect(
    task: str,
    models: Mapping[str, Path],
    pictures: Sequence[Path],
    *,
    score_threshold: float | None = None,
    progress: Progress,
) -> DetectionRun:
    """What each model finds in the place of the published file in MediaPipe's graph for the task.

    `score_threshold` replaces the graph's own; None keeps it. Raises as `zoo.runtimes.run_face_graph`.
    """
    from zoo.runtimes import DetectionRun, run_face_graph, run_hand_graph, run_pose_graph

    if task == "face_detection":
        return run_face_graph(models, pictures, score_threshold=score_threshold, progress=progress)
    if task == "pose_detection":
        placed = {name: {"pose_detection.tflite": path} for name, path in models.items()}
        poses = run_pose_graph(placed, pictures, score_threshold=score_threshold, progress=progress)
        found = {name: [list(one.detections) for one in answers] for name, answers in poses.pictures.items()}
        return DetectionRun(poses.runtime, poses.graph, poses.score_threshold, found, poses.milliseconds)
    if task == "palm_detection":
        placed = {name: {"palm_detection_full.tflite": path} for name, path in models.items()}
        hands = run_hand_graph(placed, pictures, score_threshold=score_threshold, progress=progress)
        found = {name: [list(one.detections) for one in answers] for name, answers in hands.pictures.items()}
        return DetectionRun(hands.runtime, hands.graph, hands.score_threshold, found, hands.milliseconds)
    raise InputError(f"task {task} finds no boxes; a detector's ends in _detection")
