"""A build reads the labels of its pictures before it trains, and keeps only those that training does not see."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.sources.annotated import Scene, Thing, write_coco, write_dlib
from zoo.errors import InputError
from zoo.pipeline import (
    Annotations,
    BuildOptions,
    Stage,
    StageOutcome,
    StageRun,
    Store,
    make_plan,
    plan_stages,
    read_record,
    run_stages,
)
from zoo.pipeline._provenance import provenance_of
from zoo.progress import SilentProgress
from zoo.records import QualityRecord, StageRecord
from zoo.sources import check_unaltered, read_picture_set
from zoo.sources.annotations import LabelledSet, read_labelled_sets

SCENE = Scene((85, 85), {f"{number}.png": [Thing((10, 10, 20, 20))] for number in range(60)})


def draw(folder: Path) -> None:
    for number, name in enumerate(SCENE.things):
        blocks = np.random.default_rng(number).integers(0, 256, (17, 17, 3), np.uint8)
        Image.fromarray(blocks).resize((85, 85), Image.Resampling.NEAREST).save(folder / "images" / name)


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    folder = tmp_path / "faces"
    write_coco(SCENE, folder)
    draw(folder)
    return folder


def data_stage(tmp_path: Path, data: Path, annotations: Annotations | None = None) -> StageOutcome:
    """The stage that lists the pictures, run alone."""
    plan = make_plan(BuildOptions("face_detector", tmp_path / "build", "zoo build", data=data, annotations=annotations))
    stages = [stage for stage in plan_stages(plan, command="zoo build") if stage.name == "data"]
    store = Store(tmp_path / "work")
    (outcome,) = run_stages(
        stages, store=store, provenance=provenance_of("zoo build"), progress=SilentProgress(), rerun_from=None
    )
    return outcome


def labels_of(outcome: StageOutcome) -> list[LabelledSet]:
    return read_labelled_sets(outcome.stored.path("labels.json"))


def test_labels_that_lie_in_the_folder_are_kept_without_those_of_training(tmp_path: Path, annotated: Path) -> None:
    outcome = data_stage(tmp_path, annotated)

    pictures = read_picture_set(outcome.stored.path("pictures.json"))
    (labels,) = labels_of(outcome)
    assert {one.path for one in labels.evaluation} == {one.path for one in pictures.of("evaluation")}
    assert {one.path for one in labels.calibration} == {one.path for one in pictures.of("calibration")}
    assert labels.left_out == len(pictures.of("train")) > 30


def test_labels_of_another_folder_judge_with_all_pictures_that_training_does_not_see(
    tmp_path: Path, annotated: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in list(SCENE.things)[:20]:
        (data / name).write_bytes((annotated / "images" / name).read_bytes())

    outcome = data_stage(tmp_path, data, Annotations(annotated))

    pictures = read_picture_set(outcome.stored.path("pictures.json"))
    (labels,) = labels_of(outcome)
    seen = {one.name for one in pictures.pictures if one.split != "evaluation"}
    assert len(labels.evaluation) + len(labels.calibration) == 60 - len(seen)
    assert not {one.path.name for one in (*labels.evaluation, *labels.calibration)} & seen


def test_a_changed_label_measures_quality_again_and_trains_nothing(tmp_path: Path, annotated: Path) -> None:
    before = data_stage(tmp_path, annotated)
    file = next(annotated.glob("*.json"))
    file.write_text(file.read_text().replace("[10, 10, 20, 20]", "[10, 10, 21, 20]"))
    after = data_stage(tmp_path, annotated)

    def content(outcome: StageOutcome, name: str) -> str:
        return outcome.stored.path(name).read_text()

    assert content(before, "pictures.sha256") == content(after, "pictures.sha256")
    assert content(before, "labels.sha256") != content(after, "labels.sha256")
    plan = make_plan(BuildOptions("face_detector", tmp_path / "build", "zoo build", data=annotated))
    readers = {
        stage.name
        for stage in plan_stages(plan, command="zoo build")
        if any("labels.json" in getattr(read, "files", "") for read in stage.reads)
    }
    assert readers == {"quality"}


@pytest.mark.slow
def test_the_quality_stage_judges_by_labelled_pictures_of_the_evaluation_split(
    tmp_path: Path, shared_data: Path, published_sparse: Path
) -> None:
    """On real faces, with the published sparse file standing where training would have put both variants."""
    faces = shared_data / "faces" / "dlib"
    if not faces.is_dir():
        pytest.skip("the shared pictures lack faces/dlib")
    plan = make_plan(BuildOptions("face_detector", tmp_path / "build", "zoo build", preset="smoke", data=faces))

    def convert(run: StageRun) -> Sequence[StageRecord]:
        for variant in ("dense", "sparse"):
            shutil.copyfile(published_sparse, run.folder / f"face_detector_{variant}.tflite")
        return []

    by_name = {stage.name: stage for stage in plan_stages(plan, command="zoo build")}
    made = Stage(name="convert", purpose="stand for the trained files", version="1", run=convert)
    outcomes = run_stages(
        [by_name["fetch"], by_name["data"], made, by_name["quality"]],
        store=Store(tmp_path / "work"),
        provenance=provenance_of("zoo build"),
        progress=SilentProgress(),
        rerun_from=None,
    )

    quality = read_record(outcomes[-1].stored.record_path("quality"), QualityRecord)
    (labels,) = quality.labels
    evaluation = read_picture_set(outcomes[1].stored.path("pictures.json")).of("evaluation")
    annotated = {one.path for one in labels_of(outcomes[1])[0].evaluation}
    assert annotated <= {one.path for one in evaluation}
    assert labels.pictures == min(len(annotated), plan.preset.evaluation_pictures)
    assert labels.pictures + labels.left_out == 9
    metrics = {one.name: one.metrics for one in labels.variants}
    assert metrics["sparse"] == metrics["dense"] == metrics["published_sparse"]
    assert metrics["sparse"]["recall"].n == labels.objects
    # Twelve pictures show too few faces for a threshold to be chosen, and the record says so.
    assert quality.operating is not None
    assert quality.operating.reason


def test_a_named_file_with_a_fault_stops_the_build_before_it_trains(tmp_path: Path, annotated: Path) -> None:
    other = tmp_path / "other"
    write_dlib(SCENE, other)
    file = next(other.glob("*.xml"))
    file.write_text(file.read_text().replace("<box", "<box <", 1))

    with pytest.raises(InputError, match=rf"{file.name} line \d+ is not XML"):
        data_stage(tmp_path, annotated, Annotations(file))


def test_labelled_picture_is_known_by_its_content_and_refused_once_it_is_altered(
    tmp_path: Path, annotated: Path
) -> None:
    (labels,) = labels_of(data_stage(tmp_path, annotated))
    check_unaltered(labels.evaluation)
    altered = labels.evaluation[0]
    Image.new("RGB", (85, 85)).save(altered.path)

    with pytest.raises(InputError, match=rf"{altered.path} was altered"):
        check_unaltered(labels.evaluation)
    with pytest.raises(InputError, match="listed without its SHA-256"):
        check_unaltered([replace(altered, sha256=None)])
