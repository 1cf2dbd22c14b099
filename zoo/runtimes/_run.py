"""One run of a legacy graph: models side by side in a child process, and what goes wrong there in one sentence."""

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
from zoo.runtimes._graph import LegacyGraph, installed_mediapipe, make_shadow
from zoo.runtimes._graph_process import Found, Job
from zoo.tflite import read_model

START_SECONDS = 180.0
"""For importing the runtime and opening the graphs; 2 seconds are usual, many more from a cold disk."""

PICTURE_SECONDS = 60.0
"""Per picture and model; 0.05 seconds are usual."""

Replaced = Mapping[str, Path]
"""Our files by the file of the graph in whose place they run; none: the graph as it is published."""


@dataclass(frozen=True)
class GraphRun:
    """What a graph's streams held: `found[model][picture]`, in the order of the pictures given.

    `runtime` is `mediapipe==VERSION`; `thresholds` those that the graph ran with, by our name; `milliseconds` as
    `found`, from the decoded picture to the streams.
    """

    runtime: str
    graph: str
    thresholds: dict[str, float]
    found: dict[str, list[Found]]
    milliseconds: dict[str, list[float]]


def run_graph(
    graph: LegacyGraph,
    models: Mapping[str, Replaced],
    pictures: Sequence[Path],
    *,
    thresholds: Mapping[str, float | None],
    progress: Progress,
) -> GraphRun:
    """Run each model in the place of original files of MediaPipe's graph, on every picture.

    All graphs live in one child process, each with its own resource folder; every picture is decoded once and carries
    no state to the next. A threshold in [0, 1] replaces the graph's own, None keeps it.

    Raises InputError for a file that the graph has no place for, a model that it does not take or a picture that cannot
    be read, OutsideError when the process dies or hangs.
    """
    if not models:
        raise InputError("name at least one model to run in MediaPipe's graph")
    for name, value in thresholds.items():
        if value is not None and not 0.0 <= value <= 1.0:
            raise InputError(f"{name} is {value}; give a number from 0 to 1")
    placed = {name: {graph.file_of(file): path for file, path in replaced.items()} for name, replaced in models.items()}
    for replaced in placed.values():
        for path in replaced.values():
            # A sound file cannot make the graph's process read past its end; other faults the graph words itself.
            read_model(path)
    with tempfile.TemporaryDirectory(prefix="zoo-graph-") as temporary:
        folder = Path(temporary)
        job = Job(
            graph=graph,
            shadows={
                name: str(make_shadow(graph, replaced, folder / f"model-{number}"))
                for number, (name, replaced) in enumerate(placed.items())
            },
            pictures=[str(path.absolute()) for path in pictures],
            thresholds={name: value for name, value in thresholds.items() if value is not None},
        )
        job.write(folder / "job.json")
        return _Run(graph, placed, pictures, progress).collect(folder)


class _Run:
    """The parent's side of one run: takes the answers, and words what goes wrong."""

    def __init__(
        self, graph: LegacyGraph, models: Mapping[str, Replaced], pictures: Sequence[Path], progress: Progress
    ) -> None:
        self._graph = graph
        self._models = models
        self._pictures = pictures
        self._progress = progress
        self._reached = "while it started"

    def collect(self, folder: Path) -> GraphRun:
        cwd = folder / "cwd"
        cwd.mkdir()
        found: dict[str, list[Found]] = {name: [] for name in self._models}
        taken: dict[str, list[float]] = {name: [] for name in self._models}
        label = f"{self._graph.name}: {len(self._models)} model(s)"
        with (
            start("zoo.runtimes._graph_process", str(folder / "job.json"), cwd=cwd) as child,
            self._progress.task(label, len(self._pictures)) as ticker,
        ):
            ready = self._answer(child, START_SECONDS)
            for picture in self._pictures:
                self._reached = f"on {picture}"
                answer = self._answer(child, PICTURE_SECONDS * len(self._models))
                for name, kept in found.items():
                    kept.append(answer["found"][name])
                    taken[name].append(float(answer["milliseconds"][name]))
                ticker.advance()
        return GraphRun(
            runtime=installed_mediapipe(),
            graph=self._graph.name,
            # The graph holds 32-bit numbers; 0.6 reads back as 0.60000002.
            thresholds={name: round(float(value), 6) for name, value in ready["thresholds"].items()},
            found=found,
            milliseconds=taken,
        )

    def _answer(self, child: Child, timeout: float) -> dict[str, Any]:
        try:
            answer = child.answer(timeout=timeout)
        except ChildStopped as stopped:
            files = ", ".join(_files(replaced) for replaced in self._models.values())
            raise OutsideError(
                f"MediaPipe's graph {self._graph.name} with {files} {stopped.reason} {self._reached}"
                f"{last_line(stopped.stderr)}; try the file and the picture alone"
            ) from stopped
        if "fault" in answer:
            self._explain(answer)
        return answer

    def _explain(self, answer: Mapping[str, Any]) -> NoReturn:
        message = short(str(answer["message"]))
        if answer["fault"] == "picture":
            raise InputError(message)
        replaced = self._models[answer["name"]]
        did = "does not load" if answer["fault"] == "model" else "does not run"
        raise InputError(
            f"{_files(replaced)} {did} in MediaPipe's graph {self._graph.name}: {message}; "
            f"give a model with the inputs and outputs of {', '.join(replaced) or self._graph.replaces}"
        )


def _files(replaced: Replaced) -> str:
    return ", ".join(str(path) for path in replaced.values()) or "its own files"


def short(message: str, limit: int = 300) -> str:
    """One line; MediaPipe wraps the cause in the names of graph and node, so the end tells most."""
    line = re.sub(r"RET_CHECK failure \([^)]*\) ", "", " ".join(message.split()).split("failed: ; ")[-1])
    return line if len(line) <= limit else "... " + line[-limit:]


def last_line(stderr: str) -> str:
    """What a process wrote last, in parentheses; nothing where it wrote nothing."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    return f" ({short(lines[-1], 200)})" if lines else ""
