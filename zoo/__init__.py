"""mediapipe-zoo: from a declared model spec to a verified release of dense and sparse MediaPipe models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__version__ = "0.1.0"


def load(model: str) -> Path:
    """The `.tflite` file of a released model, such as `zoo.load("face_detector")`, checked; nothing is fetched.

    `model`: `NAME`, for its newest release, or `NAME@VERSION`. Raises `zoo.errors.InputError` where there is no such
    release, `zoo.errors.RefusedError` where the file is not the one that was released.
    """
    from zoo.release import load as load_shipped

    return load_shipped(model)


def list_models() -> list[str]:
    """The models that `load` has a release of, as `NAME@VERSION`, the newest of each."""
    from zoo.release import shipped_releases

    return [f"{one.manifest.model}@{one.manifest.version}" for one in shipped_releases()]
