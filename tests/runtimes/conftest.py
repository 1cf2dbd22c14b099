"""Pictures that installed packages carry, and model files altered on the spot."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.runtimes.altered import with_scaled_output


def _carried(package: str, path: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"the package {package} is not installed")
    return Path(found.submodule_search_locations[0]) / path


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """512 x 512 pixels, one face."""
    return _carried("skimage", "data/astronaut.png")


@pytest.fixture(scope="session")
def officer() -> Path:
    """One face, in a picture of other shape."""
    return _carried("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")


@pytest.fixture(scope="session")
def coffee() -> Path:
    """No face."""
    return _carried("skimage", "data/coffee.png")


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder of published models, by module."""
    return _carried("mediapipe", "modules")


@pytest.fixture(scope="session")
def hand_model() -> Path:
    """A published model of another task."""
    return _carried("mediapipe", "modules/hand_landmark/hand_landmark_lite.tflite")


@pytest.fixture(scope="session")
def scaled_model(published_dense: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make the published dense model with one output multiplied: `scaled_model(output=BOXES, factor=1.2)`."""

    def make(*, output: int, factor: float) -> Path:
        path = tmp_path_factory.mktemp("scaled") / "model.tflite"
        path.write_bytes(with_scaled_output(published_dense.read_bytes(), output=output, factor=factor))
        return path

    return make
