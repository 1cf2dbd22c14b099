"""A network small enough to be measured in a test: MobileNetV2 of a third of its width, for pictures of 32 x 32."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import yaml

from zoo.pipeline import LadderOptions, LadderPlan, climb_ladder, make_ladder_plan
from zoo.progress import SilentProgress, Ticker
from zoo.records import LadderRecord

NAME = "tiny_network"
SPARSITIES, PRECISIONS = (0.5, 0.8), ("float32", "float16")


class Listener:
    """A `Progress` that keeps what it is told; after a sentence that has `stop_after`, it presses Ctrl-C."""

    def __init__(self, stop_after: str | None = None) -> None:
        self.said: list[str] = []
        self._stop_after = stop_after

    def task(self, label: str, total: float | None) -> AbstractContextManager[Ticker]:
        return SilentProgress().task(label, total)

    def say(self, message: str) -> None:
        self.said.append(message)
        if self._stop_after and self._stop_after in message:
            raise KeyboardInterrupt


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    """A folder with the tiny network's spec in its `models/`; builds go to `build/`."""
    place = tmp_path_factory.mktemp("ladder")
    spec = yaml.safe_load((project_root / "models" / "mobilenet_v2" / "spec.yaml").read_text(encoding="utf-8"))
    spec |= {"name": NAME, "network": {"family": "mobilenet_v2", "width": 0.35, "side": 32, "seed": 5}}
    folder = place / "models" / NAME
    folder.mkdir(parents=True)
    (folder / "spec.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return place


def tiny_plan(workplace: Path, **options: object) -> LadderPlan:
    """A plan of the tiny network; the time limit lets each set of files be timed as shortly as the bench can."""
    with standing_in(workplace):
        usual = {"targets": ("host",), "sparsities": SPARSITIES, "precisions": PRECISIONS, "seconds": 1.0}
        given = {"out": workplace / "build"} | usual | options
        return make_ladder_plan(LadderOptions(model=NAME, command="zoo ladder", **given))


@pytest.fixture(scope="session")
def tiny_ladder(workplace: Path) -> tuple[LadderRecord, Path]:
    """The tiny network's ladder, climbed once a session, and its folder."""
    plan = tiny_plan(workplace)
    return climb_ladder(plan, progress=SilentProgress()), plan.folder.root


@pytest.fixture
def climbed(tiny_ladder: tuple[LadderRecord, Path], workplace: Path, tmp_path: Path) -> Path:
    """A copy of the folder of builds with the tiny network's ladder, to be climbed again."""
    return shutil.copytree(workplace / "build", tmp_path / "build")
