"""Which legacy graphs we drive, and a resource folder in which model files are replaced."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from zoo.errors import InputError, OutsideError

Reading = Literal["detections", "region", "number", "label", "landmarks", "mask"]
"""What a packet of a stream holds; `zoo.runtimes._packets` has the forms."""


@dataclass(frozen=True)
class Stream:
    """A stream that is listened to: what its answers are called, its name in the expanded graph, and what it holds."""

    key: str
    name: str
    holds: Reading


@dataclass(frozen=True)
class LegacyGraph:
    """A graph of the `mediapipe` package. Paths are posix, below the folder of the package.

    `models`: the files that may be replaced; `resources`: what else it reads. `settings`: its side packets.
    `thresholds`: by our name, the option of its text that holds one.
    """

    name: str
    file: str
    models: tuple[str, ...]
    streams: tuple[Stream, ...]
    thresholds: Mapping[str, str]
    settings: Mapping[str, int | bool] = field(default_factory=dict)
    resources: tuple[str, ...] = ()

    @property
    def replaces(self) -> str:
        """The first of its models: the only one, where a graph has one."""
        return self.models[0]

    def file_of(self, name: str) -> str:
        """The path of a model given by path or file name. Raises InputError where this graph has no such file."""
        for path in self.models:
            if name in (path, PurePosixPath(path).name):
                return path
        known = ", ".join(PurePosixPath(path).name for path in self.models)
        raise InputError(f"MediaPipe's graph {self.name} loads no {name} here; replace one of {known}")


SCORE_THRESHOLD = "score_threshold"
"""Our name of the option of TensorsToDetectionsCalculator that drops weak detections before suppression."""
PRESENCE_THRESHOLD = "presence_threshold"
"""Our name of the option of ThresholdingCalculator that drops what the landmark model says is not there."""
_DETECTOR = {SCORE_THRESHOLD: "min_score_thresh"}
_WITH_LANDMARKS = {**_DETECTOR, PRESENCE_THRESHOLD: "threshold"}

_MODULES = "mediapipe/modules"
FACE_FULL_RANGE = LegacyGraph(
    name="face_detection_full_range_cpu",
    file=f"{_MODULES}/face_detection/face_detection_full_range_cpu.binarypb",
    models=(f"{_MODULES}/face_detection/face_detection_full_range_sparse.tflite",),
    streams=(Stream("detections", "detections", "detections"),),
    thresholds=_DETECTOR,
)
"""Behind `mediapipe.solutions.face_detection` with `model_selection=1`; it holds no state between pictures."""


def _hand_graph(complexity: Literal["full", "lite"], *, number: int) -> LegacyGraph:
    return LegacyGraph(
        name="hand_landmark_tracking_cpu",
        file=f"{_MODULES}/hand_landmark/hand_landmark_tracking_cpu.binarypb",
        models=(
            f"{_MODULES}/hand_landmark/hand_landmark_{complexity}.tflite",
            f"{_MODULES}/palm_detection/palm_detection_{complexity}.tflite",
        ),
        # Those in the middle of the graph run once a region, and are told apart by their timestamps alone.
        streams=(
            Stream("detections", "all_palm_detections", "detections"),
            Stream("region", "single_hand_rect", "region"),
            Stream("presence", "handlandmarkcpu__hand_presence_score", "number"),
            Stream("landmarks", "single_hand_landmarks", "landmarks"),
            Stream("world", "single_hand_world_landmarks", "landmarks"),
            Stream("handedness", "single_handedness", "label"),
        ),
        thresholds=_WITH_LANDMARKS,
        settings={"num_hands": 2, "model_complexity": number, "use_prev_landmarks": False},
        resources=(f"{_MODULES}/hand_landmark/handedness.txt",),
    )


HAND_GRAPHS = {"full": _hand_graph("full", number=1), "lite": _hand_graph("lite", number=0)}
"""Behind `mediapipe.solutions.hands` with `static_image_mode=True`, by model complexity."""

_BY_REGION = "poselandmarkbyroicpu__tensorstoposelandmarksandsegmentation"
POSE_FULL = LegacyGraph(
    name="pose_landmark_cpu",
    file=f"{_MODULES}/pose_landmark/pose_landmark_cpu.binarypb",
    models=(f"{_MODULES}/pose_landmark/pose_landmark_full.tflite", f"{_MODULES}/pose_detection/pose_detection.tflite"),
    streams=(
        Stream("detections", "pose_detections", "detections"),
        Stream("region", "pose_rect", "region"),
        Stream("presence", f"{_BY_REGION}__pose_presence_score", "number"),
        Stream("landmarks", "pose_landmarks", "landmarks"),
        Stream("world", "pose_world_landmarks", "landmarks"),
        Stream("mask", "segmentation_mask", "mask"),
    ),
    thresholds=_WITH_LANDMARKS,
    settings={
        "model_complexity": 1,
        "use_prev_landmarks": False,
        "smooth_landmarks": False,
        "enable_segmentation": True,
        "smooth_segmentation": False,
    },
)
"""Behind `mediapipe.solutions.pose` with `static_image_mode=True`, `enable_segmentation=True`."""

HOLISTIC = LegacyGraph(
    name="holistic_landmark_cpu",
    file=f"{_MODULES}/holistic_landmark/holistic_landmark_cpu.binarypb",
    # Of its other complexities the package lacks the pose model.
    models=(HAND_GRAPHS["full"].models[0], *POSE_FULL.models),
    streams=(
        Stream("landmarks", "pose_landmarks", "landmarks"),
        Stream("world", "pose_world_landmarks", "landmarks"),
        Stream("left", "left_hand_landmarks", "landmarks"),
        Stream("right", "right_hand_landmarks", "landmarks"),
    ),
    thresholds={},
    settings={**POSE_FULL.settings, "enable_segmentation": False, "refine_face_landmarks": False},
    resources=(
        f"{_MODULES}/face_detection/face_detection_short_range.tflite",
        f"{_MODULES}/face_landmark/face_landmark.tflite",
        f"{_MODULES}/hand_landmark/handedness.txt",
        f"{_MODULES}/holistic_landmark/hand_recrop.tflite",
    ),
)
"""Behind `mediapipe.solutions.holistic` with `static_image_mode=True`: pose, and both hands and the face from it."""

GRAPHS = (FACE_FULL_RANGE, *HAND_GRAPHS.values(), POSE_FULL, HOLISTIC)
"""Every graph that is driven here."""


def graph_at(name: str, replaced: str) -> LegacyGraph:
    """The graph of that name that loads the file `replaced`. Raises InputError where there is none."""
    named = [graph for graph in GRAPHS if graph.name == name]
    if not named:
        known = ", ".join(dict.fromkeys(graph.name for graph in GRAPHS))
        raise InputError(f"dropin: graph '{name}' is not known; known are {known}")
    for graph in named:
        if replaced in graph.models:
            return graph
    loads = ", ".join(path for graph in named for path in graph.models)
    raise InputError(f"dropin: {name} loads {loads}; replaces names {replaced}")


def installed_mediapipe() -> str:
    """The installed package as `mediapipe==VERSION`. Raises OutsideError where there is none."""
    try:
        return f"mediapipe=={importlib.metadata.version('mediapipe')}"
    except importlib.metadata.PackageNotFoundError as error:
        raise OutsideError("the package mediapipe is not installed; install mediapipe==0.10.21") from error


def resource_root() -> Path:
    """The folder that holds the `mediapipe` package, found without importing it."""
    found = importlib.util.find_spec("mediapipe")
    if found is None or not found.submodule_search_locations:
        raise OutsideError("the package mediapipe is not installed; install mediapipe==0.10.21")
    return Path(found.submodule_search_locations[0]).parent


def original_file(path: str) -> Path:
    """The published file at a path of `LegacyGraph.models`, as it is installed."""
    return resource_root() / path


def make_shadow(graph: LegacyGraph, replaced: Mapping[str, Path], folder: Path) -> Path:
    """Fill `folder` with the graph's resources, files of ours in the place of originals, and return it.

    `replaced`: our file for each path of `graph.models` that is replaced. What is not is a link to the original; what
    is gets copied, because MediaPipe maps the file into memory and a change under its feet would change the run.
    """
    root = resource_root()
    for path in (graph.file, *graph.models, *graph.resources):
        if not (root / path).is_file():
            raise OutsideError(
                f"the installed {installed_mediapipe()} does not carry {path}; install mediapipe==0.10.21"
            )
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path in replaced:
            shutil.copyfile(replaced[path], target)
        else:
            _link(root / path, target)
    return folder


def _link(original: Path, target: Path) -> None:
    try:
        target.symlink_to(original)
    except OSError:
        # Systems that refuse links to ordinary users take a copy.
        shutil.copyfile(original, target)
