"""Published files, from packages that are installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

MODULES = {
    "pose_detection": "modules/pose_detection/pose_detection.tflite",
    "hand_landmark": "modules/hand_landmark/hand_landmark_full.tflite",
    "palm_detection": "modules/palm_detection/palm_detection_full.tflite",
    "face_attention": "modules/face_landmark/face_landmark_with_attention.tflite",
}


def of_mediapipe(path: str) -> Path:
    found = find_spec("mediapipe")
    if found is None or not found.submodule_search_locations:
        pytest.skip("mediapipe is not installed")
    return Path(found.submodule_search_locations[0]) / path


@pytest.fixture(scope="session")
def pose_detection() -> Path:
    return of_mediapipe(MODULES["pose_detection"])


@pytest.fixture(scope="session", params=[*MODULES, "face_dense", "face_sparse"])
def any_published(request: pytest.FixtureRequest, published_dense: Path, published_sparse: Path) -> Path:
    faces = {"face_dense": published_dense, "face_sparse": published_sparse}
    return faces[request.param] if request.param in faces else of_mediapipe(MODULES[request.param])
