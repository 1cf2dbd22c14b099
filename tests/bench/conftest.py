"""The real runtimes that bench measures on."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.errors import OutsideError
from zoo.sources._node import litertjs_package
from zoo.tflite import densified_twin


@pytest.fixture(scope="session")
def web_runtime() -> Path:
    """The folder of LiteRT's web runtime, from the cache or the registry."""
    try:
        return litertjs_package()
    except OutsideError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def twin(published_sparse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published sparse face detector's weights, stored dense."""
    path = tmp_path_factory.mktemp("twin") / "twin.tflite"
    path.write_bytes(densified_twin(published_sparse.read_bytes()))
    return path
