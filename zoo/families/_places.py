"""Every place in which a model of a task can be tried: MediaPipe's graphs, its Tasks, on the web too, interpreters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from zoo.errors import InputError
from zoo.runtimes import GRAPHS, HOLISTIC, METHODS, WEB_METHODS, role_of
from zoo.spec import Drop, Metric, ModelSpec

LEGACY = "mediapipe==0.10.21"
TASKS = ("mediapipe==1.2.2", "mediapipe==0.10.35", LEGACY)
WEB = "@mediapipe/tasks-vision"
WEB_VERSIONS = (f"{WEB}==0.10.35", f"{WEB}==1.1.0")
INTERPRETERS = ("ai-edge-litert==2.3.0", "ai-edge-litert==1.4.0", "tflite-runtime==2.14.0")
INVOKE = "Interpreter.invoke"
_RUNTIME = re.compile(r"(mediapipe|ai-edge-litert|tflite-runtime|@mediapipe/tasks-vision)==[A-Za-z0-9.+!-]{1,40}")

FIGURES: Mapping[Metric, float] = {"landmark_error": 0.1, "presence_agreement": 0.8}
"""For detectors, judged by the landmarks behind them; a spec that declares these says otherwise.

A detector moves the landmark model's region a little, so points move by some hundredths of the figure's size.
"""
DIFFERENCE = 0.01
"""For interpreters, `output_difference`: rounding differs from kernel to kernel, answers do not."""
ERROR_OF_BOXES, ERROR_OF_POINTS = 0.6, 0.2
"""For interpreters, `output_error`. Raw boxes of two good detectors differ much: the published dense and sparse face
detectors are 0.25 apart on 6 pictures of groups, and 0.41 on one face."""


def places_of(spec: ModelSpec, runtime: str | None) -> Sequence[Drop]:
    """The places that the spec declares, then all others of its task; or those of one `runtime`, `NAME==VERSION`.

    Raises InputError for a runtime that this tool cannot drive, and a spec that declares no place at all.
    """
    if not spec.dropin:
        raise InputError(f"{spec.name} declares no dropin, which tells whose place it takes")
    if runtime is not None and not _RUNTIME.fullmatch(runtime):
        known = ", ".join(dict.fromkeys((*TASKS, *WEB_VERSIONS, *INTERPRETERS)))
        raise InputError(f"runtime '{runtime[:80]}' is not known; write one such as {known}")
    declared = [drop for drop in spec.dropin if runtime in (None, drop.runtime)]
    there = {(drop.runtime, drop.graph) for drop in declared}
    return [*declared, *(drop for drop in _known(spec, runtime) if (drop.runtime, drop.graph) not in there)]


def _known(spec: ModelSpec, runtime: str | None) -> list[Drop]:
    replaces = spec.dropin[0].replaces
    declared: dict[Metric, float] = {name: value for drop in spec.dropin for name, value in drop.tolerances.items()}
    boxes: dict[Metric, float] = {
        name: limit for name, limit in declared.items() if name in ("f_score", "mean_iou", "keypoint_error")
    }
    figures: dict[Metric, float] = {name: declared.get(name, limit) for name, limit in FIGURES.items()}
    figures |= {name: declared[name] for name in declared if name == "handedness_agreement"}
    task = role_of(replaces).task
    found = (
        []
        if runtime not in (None, LEGACY)
        else [
            Drop(runtime=LEGACY, graph=graph.name, replaces=replaces, tolerances=figures)
            for graph in GRAPHS
            if graph is HOLISTIC and replaces in graph.models
        ]
    )
    # Holistic gives no mask, and of hands no world points.
    whole = figures | {name: declared[name] for name in declared if name in ("mask_iou", "world_error")}
    seen = boxes if task == "FaceDetector" else whole
    for name in _chosen(TASKS, "mediapipe", runtime):
        found += [
            Drop(runtime=name, graph=f"{task}.{method}", replaces=replaces, tolerances=seen) for method in METHODS
        ]
    for name in _chosen(WEB_VERSIONS, WEB, runtime):
        graphs = [f"{task}.{method}" for method in WEB_METHODS]
        found += [Drop(runtime=name, graph=graph, replaces=replaces, tolerances=seen) for graph in graphs]
    error = ERROR_OF_BOXES if spec.detector else ERROR_OF_POINTS
    raw: dict[Metric, float] = {"output_difference": DIFFERENCE, "output_error": error}
    outputs: dict[Metric, float] = {name: declared.get(name, limit) for name, limit in raw.items()}
    for package in ("ai-edge-litert", "tflite-runtime"):
        every = [one for one in INTERPRETERS if one.startswith(package)]
        found += [
            Drop(runtime=name, graph=INVOKE, replaces=replaces, tolerances=outputs)
            for name in _chosen(every, package, runtime)
        ]
    return found


def _chosen(every: Sequence[str], package: str, runtime: str | None) -> Sequence[str]:
    """All of a package's versions, or the one that is asked for, which need not be among them."""
    if runtime is None:
        return every
    return [runtime] if runtime.partition("==")[0] == package else []
