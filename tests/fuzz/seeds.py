"""Sound files to damage: small graphs of the rules' own tests, and published files from installed packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tests.xnnpack.cases import CASES

PUBLISHED = {
    "hand_recrop": ("mediapipe", "modules/holistic_landmark/hand_recrop.tflite"),
    "face_short_range": ("mediapipe", "modules/face_detection/face_detection_short_range.tflite"),
    "selfie_segmentation": ("mediapipe", "modules/selfie_segmentation/selfie_segmentation.tflite"),
    "face_sparse": ("mediapipe", "modules/face_detection/face_detection_full_range_sparse.tflite"),
}
"""Small ones, so that a mutant costs milliseconds."""


def small_graphs() -> dict[str, bytes]:
    """The graphs that hold or break one rule each, a few kilobytes; sparse storage among them."""
    return {case.name: case.file() for case in CASES}


def published() -> dict[str, bytes]:
    """Published files by name; those whose package is not installed are left out."""
    found = {}
    for name, (package, path) in PUBLISHED.items():
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            file = Path(spec.submodule_search_locations[0]) / path
            if file.is_file():
                found[name] = file.read_bytes()
    return found
