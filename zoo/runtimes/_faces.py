"""Face detections from MediaPipe's own legacy full-range graph, with a model file of ours in it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from zoo.errors import InputError, OutsideError
from zoo.progress import Progress
from zoo.runtimes._child import Child, ChildStopped, start
from zoo.runtimes._detection import Detection, from_numbers
from zoo.runtimes._face_process import Job
from zoo.runtimes._graph import FACE_FULL_RANGE, LegacyGraph, installed_mediapipe, make_shadow
from zoo.tflite import read_model

START_SECONDS = 180.0
"""For importing the runtime and opening the graphs; 2 seconds are usual, many more from a cold disk."""

PICTURE_SECONDS = 60.0
"""Per picture and model; 0.05 seconds are usual."""


@dataclass(frozen=True)
class FaceRun:
    """What the graph found: `detections[model][picture]`, in the order of the pictures given.

    `runtime` is `mediapipe==VERSION`; `score_threshold` the one that the graph ran with.
    """

    runtime: str
    graph: str
    score_threshold: float
    detections: dict[str, list[list[Detection]]]


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
) -> FaceRun:
    """Run each model in the place of the original file of MediaPipe's graph, on every picture.

    All graphs live in one child process, each with its own resource folder; every picture is decoded once and carries
    no state to the next. `score_threshold` in [0, 1] replaces the graph's own (0.6), None keeps it. Detections that a
    low threshold adds do not change which others survive the graph's non-maximum suppression, but they do move boxes a
    little, because suppressed neighbours are averaged in.

    Raises InputError for a model that the graph does not take or a picture that cannot be read, OutsideError when the
    process dies or hangs.
    """
    if not models:
        raise InputError("name at least one model to run in MediaPipe's graph")
    if score_threshold is not None and not 0.0 <= score_threshold <= 1.0:
        raise InputError(f"score_threshold is {score_threshold}; give a number from 0 to 1")
    for path in models.values():
        # A sound file cannot make the graph's process read past its end; other faults the graph words itself.
        read_model(path)
    with tempfile.TemporaryDirectory(prefix="zoo-graph-") as temporary:
        folder = Path(temporary)
        shadows = {
            name: str(make_shadow(graph, path, folder / f"model-{number}"))
            for number, (name, path) in enumerate(models.items())
        }
        job = Job(
            graph=graph,
            shadows=shadows,
            pictures=[str(path.absolute()) for path in pictures],
            score_threshold=score_threshold,
        )
        job.write(folder / "job.json")
        return _Run(graph, models, pictures, progress).collect(folder)


class _Run:
    """The parent's side of one run: takes the answers, and words what goes wrong."""

    def __init__(
        self, graph: LegacyGraph, models: Mapping[str, Path], pictures: Sequence[Path], progress: Progress
    ) -> None:
        self._graph = graph
        self._models = models
        self._pictures = pictures
        self._progress = progress
        self._reached = "while it started"

    def collect(self, folder: Path) -> FaceRun:
        cwd = folder / "cwd"
        cwd.mkdir()
        found: dict[str, list[list[Detection]]] = {name: [] for name in self._models}
        label = f"{self._graph.name}: {len(self._models)} model(s)"
        with (
            start("zoo.runtimes._face_process", str(folder / "job.json"), cwd=cwd) as child,
            self._progress.task(label, len(self._pictures)) as ticker,
        ):
            ready = self._answer(child, START_SECONDS)
            for picture in self._pictures:
                self._reached = f"on {picture}"
                answer = self._answer(child, PICTURE_SECONDS * len(self._models))
                for name, kept in found.items():
                    kept.append([from_numbers(numbers) for numbers in answer["detections"][name]])
                ticker.advance()
        return FaceRun(
            runtime=installed_mediapipe(),
            graph=self._graph.name,
            # The graph holds a 32-bit number; 0.6 reads back as 0.60000002.
            score_threshold=round(float(ready["score_threshold"]), 6),
            detections=found,
        )

    def _answer(self, child: Child, timeout: float) -> dict[str, Any]:
        try:
            answer = child.answer(timeout=timeout)
        except ChildStopped as stopped:
            files = ", ".join(str(path) for path in self._models.values())
            raise OutsideError(
                f"MediaPipe's graph {self._graph.name} with {files} {stopped.reason} {self._reached}"
                f"{_last_line(stopped.stderr)}; try the file and the picture alone"
            ) from stopped
        if "fault" in answer:
            self._explain(answer)
        return answer

    def _explain(self, answer: Mapping[str, Any]) -> NoReturn:
        message = _short(str(answer["message"]))
        if answer["fault"] == "picture":
            raise InputError(message)
        model = self._models[answer["name"]]
        did = "does not load" if answer["fault"] == "model" else "does not run"
        raise InputError(
            f"{model} {did} in MediaPipe's graph {self._graph.name}: {message}; "
            f"give a model with the inputs and outputs of {self._graph.replaces}"
        )


def _short(message: str, limit: int = 300) -> str:
    """One line; MediaPipe wraps the cause in the names of graph and node, so the end tells most."""
    line = re.sub(r"RET_CHECK failure \([^)]*\) ", "", " ".join(message.split()).split("failed: ; ")[-1])
    return line if len(line) <= limit else "... " + line[-limit:]


def _last_line(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    return f" ({_short(lines[-1], 200)})" if lines else ""
