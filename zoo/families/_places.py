"""Every place in which a model of a task can be tried: MediaPipe's graphs, its Tasks, on the web too, interpreters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from zoo.errors import InputError
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


def check_call(drop: Drop) -> None:
    """Raise InputError where a runtime has no such call, or is none that this tool can drive."""
    from zoo.runtimes import METHODS, WEB_METHODS, role_of

    task = role_of(drop.replaces).task
    calls = {
        "mediapipe": [f"{task}.{method}" for method in METHODS],
        WEB: [f"{task}.{method}" for method in WEB_METHODS],
    }
    known = calls.get(drop.runtime.partition("==")[0], [INVOKE])
    if not _RUNTIME.fullmatch(drop.runtime) or drop.graph not in known:
        raise InputError(
            f"dropin: {drop.graph} of {drop.runtime} cannot be tried for {drop.replaces}; write a runtime such as "
            f"{TASKS[0]} with {' or '.join(calls['mediapipe'])}"
        )


def _known(spec: ModelSpec, runtime: str | None) -> Iterator[Drop]:
    from zoo.runtimes import HOLISTIC, METHODS, WEB_METHODS, role_of

    replaces = spec.dropin[0].replaces
    task = role_of(replaces).task
    declared: dict[Metric, float] = {name: value for drop in spec.dropin for name, value in drop.tolerances.items()}
    boxes = _of(declared, "f_score", "mean_iou", "keypoint_error")
    figures = {name: declared.get(name, limit) for name, limit in FIGURES.items()}
    figures |= _of(declared, "handedness_agreement")
    if runtime in (None, LEGACY) and replaces in HOLISTIC.models:
        yield Drop(runtime=LEGACY, graph=HOLISTIC.name, replaces=replaces, tolerances=figures)
    # Holistic gives no mask, and of hands no world points.
    seen = boxes if task == "FaceDetector" else figures | _of(declared, "mask_iou", "world_error")
    for package, versions, methods in (("mediapipe", TASKS, METHODS), (WEB, WEB_VERSIONS, WEB_METHODS)):
        for name in _chosen(versions, package, runtime):
            for method in methods:
                yield Drop(runtime=name, graph=f"{task}.{method}", replaces=replaces, tolerances=seen)
    error = ERROR_OF_BOXES if spec.detector else ERROR_OF_POINTS
    raw: dict[Metric, float] = {"output_difference": DIFFERENCE, "output_error": error}
    outputs = {name: declared.get(name, limit) for name, limit in raw.items()}
    for package in ("ai-edge-litert", "tflite-runtime"):
        for name in _chosen([one for one in INTERPRETERS if one.startswith(package)], package, runtime):
            yield Drop(runtime=name, graph=INVOKE, replaces=replaces, tolerances=outputs)


def _of(declared: Mapping[Metric, float], *names: Metric) -> dict[Metric, float]:
    return {name: declared[name] for name in names if name in declared}


def _chosen(every: Sequence[str], package: str, runtime: str | None) -> Sequence[str]:
    """All of a package's versions, or the one that is asked for, which need not be among them."""
    if runtime is None:
        return every
    return [runtime] if runtime.partition("==")[0] == package else []
