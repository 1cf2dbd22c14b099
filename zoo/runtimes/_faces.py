"""Face detections from MediaPipe's own legacy full-range graph, with a model file of ours in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.progress import Progress
from zoo.runtimes._detection import Detection, from_numbers
from zoo.runtimes._graph import FACE_FULL_RANGE, SCORE_THRESHOLD, LegacyGraph
from zoo.runtimes._graph_process import Found
from zoo.runtimes._run import run_graph


@dataclass(frozen=True)
class DetectionRun:
    """What the graph found: `detections[model][picture]`, in the order of the pictures given.

    `runtime` is `mediapipe==VERSION`; `score_threshold` the one that the graph ran with. `milliseconds` as
    `detections`, from the decoded picture on; empty where nobody took the time.
    """

    runtime: str
    graph: str
    score_threshold: float
    detections: dict[str, list[list[Detection]]]
    milliseconds: dict[str, list[float]] = field(default_factory=dict)


def detect_faces(
    model: Path, pictures: Sequence[Path], *, score_threshold: float | None = None, progress: Progress
) -> list[list[Detection]]:
    """Detections of one model on each picture; see `run_face_graph`."""
    return detect_faces_many({"model": model}, pictures, score_threshold=score_threshold, progress=progress)["model"]


def detect_faces_many(
    models: Mapping[str, Path], pictures: Sequence[Path], *, score_threshold: float | None = None, progress: Progress
) -> dict[str, list[list[Detection]]]:
    """Detections by model on each picture, each picture read once; see `run_face_graph`."""
    return run_face_graph(models, pictures, score_threshold=score_threshold, progress=progress).detections


def run_face_graph(
    models: Mapping[str, Path],
    pictures: Sequence[Path],
    *,
    score_threshold: float | None = None,
    graph: LegacyGraph = FACE_FULL_RANGE,
    progress: Progress,
) -> DetectionRun:
    """Run each model in the place of the original file of MediaPipe's graph, on every picture.

    All graphs live in one child process, each with its own resource folder; every picture is decoded once and carries
    no state to the next. `score_threshold` in [0, 1] replaces the graph's own (0.6), None keeps it. Detections that a
    low threshold adds do not change which others survive the graph's non-maximum suppression, but they do move boxes a
    little, because suppressed neighbours are averaged in.

    Raises InputError for a model that the graph does not take or a picture that cannot be read, OutsideError when the
    process dies or hangs.
    """
    replaced = {name: {graph.replaces: path} for name, path in models.items()}
    thresholds = {SCORE_THRESHOLD: score_threshold}
    run = run_graph(graph, replaced, pictures, thresholds=thresholds, progress=progress)
    return DetectionRun(
        runtime=run.runtime,
        graph=run.graph,
        score_threshold=run.thresholds[SCORE_THRESHOLD],
        detections={name: [detections_of(found) for found in answers] for name, answers in run.found.items()},
        milliseconds=run.milliseconds,
    )


def detections_of(found: Found) -> list[Detection]:
    """The detections among what a graph found on a picture, in the graph's order; none where it gave no packet."""
    return [from_numbers(numbers) for _, packet in found["detections"] for numbers in packet]
