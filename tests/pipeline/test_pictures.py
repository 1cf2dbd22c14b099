"""Pictures are read by path long after they were listed: what is read must be what was listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pipeline.test_engine import provenance
from zoo.errors import InputError
from zoo.pipeline import BuildOptions, Stage, StageOutcome, Store, make_plan, plan_stages, run_stages
from zoo.progress import SilentProgress
from zoo.sources import Picture, check_unaltered, read_picture_set, web_packages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    for number in range(40):
        blocks = np.random.default_rng(number).integers(0, 256, (17, 17, 3), np.uint8)
        Image.fromarray(blocks).resize((85, 85), Image.Resampling.NEAREST).save(made / f"{number}.png")
    return made


def stages_of(folder: Path, out: Path) -> list[Stage]:
    planned = make_plan(BuildOptions("face_detector", out, "zoo build", preset="smoke", data=folder))
    return plan_stages(planned, command="zoo build")


def run_until(name: str, stages: list[Stage], work: Path) -> list[StageOutcome]:
    names = [stage.name for stage in stages]
    return run_stages(
        stages[: names.index(name) + 1], store=Store(work), provenance=provenance, progress=SilentProgress()
    )


def alter(picture: Picture) -> None:
    with Image.open(picture.path) as shown:
        turned = shown.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turned.save(picture.path)


def test_picture_altered_after_it_was_listed_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    # The stages of a build whose data stage is done already, as after an hour of it.
    stages, work = stages_of(folder, tmp_path / "build"), tmp_path / "work"
    data = run_until("data", stages, work)[-1]
    taught = read_picture_set(data.stored.path("pictures.json")).of("train")[0]
    alter(taught)

    with pytest.raises(InputError, match=rf"{taught.path} was altered after the build listed it"):
        run_until("locate", stages, work)


def test_picture_altered_between_two_builds_is_listed_anew(folder: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    data = run_until("data", stages_of(folder, tmp_path / "build"), work)[-1]
    alter(read_picture_set(data.stored.path("pictures.json")).of("train")[0])

    again = run_until("data", stages_of(folder, tmp_path / "build"), work)[-1]

    assert again.ran
    check_unaltered(read_picture_set(again.stored.path("pictures.json")).pictures)


def test_every_stage_that_reads_pictures_has_the_decoders_in_its_key(folder: Path, tmp_path: Path) -> None:
    stages = stages_of(folder, tmp_path / "build")
    reading = [stage for stage in stages if stage.name == "data" or any(read.stage == "data" for read in stage.reads)]
    with_records = {"gates", "card", "release"}
    for stage in reading:
        if stage.name not in with_records:
            assert {"pillow", "numpy"} <= set(stage.tools), stage.name


def test_stages_that_run_web_runtimes_have_their_pinned_bytes_in_their_keys(folder: Path, tmp_path: Path) -> None:
    stages = {stage.name: stage for stage in stages_of(folder, tmp_path / "build")}
    for name in ("bench", "dropin"):
        assert stages[name].parameters["web"] == web_packages()
    assert {"@litertjs/core@2.5.3", "@mediapipe/tasks-vision@1.1.0"} <= set(web_packages())
