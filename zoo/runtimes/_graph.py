"""Which legacy graphs we drive, and a resource folder in which one model file is replaced."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from zoo.errors import OutsideError


@dataclass(frozen=True)
class LegacyGraph:
    """A graph of the `mediapipe` package that ends in detections. Paths are posix, below the folder of the package."""

    name: str
    file: str
    replaces: str
    image_stream: str
    detections_stream: str


FACE_FULL_RANGE = LegacyGraph(
    name="face_detection_full_range_cpu",
    file="mediapipe/modules/face_detection/face_detection_full_range_cpu.binarypb",
    replaces="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
    image_stream="image",
    detections_stream="detections",
)
"""Behind `mediapipe.solutions.face_detection` with `model_selection=1`; it holds no state between pictures."""

LEGACY_GRAPHS = {graph.name: graph for graph in (FACE_FULL_RANGE,)}
"""The graphs that we can drive, by name."""


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


def make_shadow(graph: LegacyGraph, model: Path, folder: Path) -> Path:
    """Fill `folder` with the graph's resources, `model` in the place of the original file, and return it.

    Only the graph's own folder is needed; its other files are links. The model is copied, because MediaPipe maps the
    file into memory and a change under its feet would change the run.
    """
    root = resource_root()
    module = PurePosixPath(graph.file).parent
    if not (root / graph.file).is_file() or not (root / graph.replaces).is_file():
        raise OutsideError(
            f"the installed {installed_mediapipe()} does not carry {graph.file} and {graph.replaces}; "
            "install mediapipe==0.10.21"
        )
    target = folder / module
    target.mkdir(parents=True)
    for original in (root / module).iterdir():
        if original.suffix in {".tflite", ".binarypb"} and original != root / graph.replaces:
            _link(original, target / original.name)
    shutil.copyfile(model, folder / graph.replaces)
    return folder


def _link(original: Path, target: Path) -> None:
    try:
        target.symlink_to(original)
    except OSError:
        # Systems that refuse links to ordinary users take a copy.
        shutil.copyfile(original, target)
