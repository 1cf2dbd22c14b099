"""MediaPipe's legacy graph that finds pose, hands and face together, with a model file of ours in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.runtimes._finding import Figure, Finding, NotTakenError, Trial
from zoo.runtimes._graph import HOLISTIC
from zoo.runtimes._graph_process import Found
from zoo.runtimes._run import run_graph


def run_holistic(
    model: Path, pictures: Sequence[Path], *, replaces: str, noun: Literal["hands", "persons"], progress: Progress
) -> Trial:
    """What `holistic_landmark_cpu` finds on each picture with `model` in the place of `replaces`: hands, or the person.

    Hands have no world points there. Raises NotTakenError where the graph does not take the file, OutsideError when the
    process dies or hangs.
    """
    try:
        run = run_graph(HOLISTIC, {"model": {replaces: model}}, pictures, thresholds={}, progress=progress)
    except InputError as error:
        raise NotTakenError(str(error)) from error
    keys = {"left": "Left", "right": "Right"} if noun == "hands" else {"landmarks": ""}
    findings = tuple(_finding(found, keys) for found in run.found["model"])
    return Trial(findings, tuple(run.milliseconds["model"]))


def _finding(found: Found, keys: dict[str, str]) -> Finding:
    figures = [
        Figure(_points(found, key), _points(found, "world") if not label else (), label, b"")
        for key, label in keys.items()
        if found[key]
    ]
    return Finding((), tuple(figures))


def _points(found: Found, key: str) -> tuple[tuple[float, float, float], ...]:
    ((_, points),) = found[key]
    return tuple((x, y, z) for x, y, z, *_ in points)
