"""The landmark models and detectors of hands and poses that the mediapipe package carries."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from zoo.adapt import REWRITES, suggest

MODELS = ("hand_landmark_full", "hand_landmark_lite", "palm_detection_full", "pose_detection", "pose_landmark_full")
QUICK = ("hand_landmark_lite", "pose_detection")
"""One landmark model and one detector stand for all where a test takes long; `-m slow` runs the others."""
EACH = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]


def published(name: str) -> bytes:
    """The file's bytes; the test is skipped where mediapipe is not installed."""
    found = find_spec("mediapipe")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package mediapipe is not installed")
    folder = name.removesuffix("_full").removesuffix("_lite")
    return (Path(found.submodule_search_locations[0]) / "modules" / folder / f"{name}.tflite").read_bytes()


@cache
def adapted(name: str) -> bytes:
    """The file after the cheapest exact rewrites that make it ready, those that `zoo inspect --suggest` gives."""
    plan = suggest(published(name), REWRITES, name=name).exact
    assert plan is not None
    return plan.adapted.data
