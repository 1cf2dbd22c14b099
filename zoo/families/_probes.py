"""Which probe judges a place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from zoo.families._dropin import Probe, takes_bundles
from zoo.families._findings import FindingProbe, Runner
from zoo.families._places import INVOKE, WEB, check_call
from zoo.families._scene import Scene
from zoo.families._tensors import TensorProbe
from zoo.progress import Progress
from zoo.runtimes import (
    HOLISTIC,
    NotInstalledError,
    Trial,
    graph_at,
    installed_mediapipe,
    run_holistic,
    run_task,
    run_web_task,
)
from zoo.spec import Drop, ModelSpec


def probe_for(drop: Drop, *, spec: ModelSpec, noun: str, scene: Scene, legacy: Callable[[], Probe[Any]]) -> Probe[Any]:
    """The probe of a place; `legacy` makes the family's own, for MediaPipe's legacy graph of its task.

    Raises InputError for a place that this tool does not know.
    """
    if "." in drop.graph:
        check_call(drop)
    if drop.graph == INVOKE:
        return TensorProbe(noun, spec, scene, drop.runtime)
    boxes = spec.detector.iou_threshold if spec.task == "face_detection" and spec.detector else None
    if takes_bundles(drop):
        return FindingProbe(noun, scene, _task_runner(drop), boxes)
    graph_at(drop.graph, drop.replaces)
    if drop.graph == HOLISTIC.name:
        return FindingProbe(noun, scene, _holistic_runner(drop, noun), boxes)
    return legacy()


def check_installed(runtime: str) -> None:
    """Raise NotInstalledError where legacy graphs of a version are asked for that is not the installed one."""
    installed = installed_mediapipe()
    if installed != runtime:
        raise NotInstalledError(f"{runtime} is asked for and {installed} is installed")


def _task_runner(drop: Drop) -> Runner:
    run = run_web_task if drop.runtime.startswith(WEB) else run_task
    method = drop.graph.partition(".")[2]
    tried = partial(run, runtime=drop.runtime, replaces=drop.replaces, method=method)
    return lambda model, scene, progress: tried(model, scene.pixels, progress=progress)


def _holistic_runner(drop: Drop, noun: str) -> Runner:
    shown: Literal["hands", "persons"] = "hands" if noun == "hands" else "persons"

    def run(model: Path, scene: Scene, progress: Progress) -> Trial:
        check_installed(drop.runtime)
        return run_holistic(model, scene.paths, replaces=drop.replaces, noun=shown, progress=progress)

    return run
