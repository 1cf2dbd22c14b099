"""Pages of the published pair of face detectors, and the pictures that packages carry."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.runtimes.conftest import astronaut, coffee, hand_model, modules, officer
from zoo.bridges import find_chromium
from zoo.demo import Shown, Side, make_side, serving, write_page
from zoo.errors import OutsideError
from zoo.progress import SilentProgress
from zoo.sources import fetch_reference, tasks_vision_package
from zoo.spec import ModelSpec, load_spec

__all__ = ["astronaut", "coffee", "hand_model", "modules", "officer"]
QUIET = SilentProgress()


@pytest.fixture(scope="session")
def spec() -> ModelSpec:
    return load_spec("face_detector").spec


@pytest.fixture(scope="session")
def sides(spec: ModelSpec) -> tuple[Side, Side]:
    """The published dense face detector, and the published sparse one."""
    dense, sparse = (
        fetch_reference(name, reference, progress=QUIET).path for name, reference in sorted(spec.references.items())
    )
    return make_side("dense", "published dense", dense, spec), make_side("sparse", "published sparse", sparse, spec)


@pytest.fixture(scope="session")
def page(
    spec: ModelSpec, sides: Sequence[Side], astronaut: Path, coffee: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A page with two pictures: one face, and none. Tests leave it as it is."""
    try:
        tasks_vision_package()
    except OutsideError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("demo") / "page"
    pictures = [Shown("astronaut.png", astronaut, "public domain (NASA)"), Shown("coffee.png", coffee)]
    write_page(folder, spec=spec, sides=sides, pictures=pictures, progress=QUIET)
    return folder


@pytest.fixture
def spoiled(page: Path, tmp_path: Path) -> Callable[[], Path]:
    """A copy of the page that may be changed."""

    def make() -> Path:
        return Path(shutil.copytree(page, tmp_path / "spoiled", copy_function=_link))

    return make


def _link(source: str, target: str) -> None:
    Path(target).symlink_to(source)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a running server of the folder."""
    with serving(folder) as (server, address):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def chromium() -> Path:
    try:
        return find_chromium()
    except OutsideError as error:
        pytest.skip(str(error))
