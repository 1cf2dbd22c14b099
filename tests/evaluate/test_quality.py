"""Quality through MediaPipe's own graph, from pictures to the record."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.evaluate.synthetic import jittered, random_run
from zoo.errors import InputError
from zoo.evaluate import QualityResult, agreement, load_hook
from zoo.families import family_of
from zoo.progress import SilentProgress
from zoo.records import Machine, Provenance, QualityRecord
from zoo.sources import Picture
from zoo.spec import Detector, FairnessRules, load_spec

QUIET = SilentProgress()


@pytest.fixture(scope="module")
def detector() -> Detector:
    declared = load_spec("face_detector").spec.detector
    assert declared is not None
    return declared


def evaluate(models: dict[str, Path], *, reference: str, pictures: list[Picture], detector: Detector) -> QualityResult:
    """Through the face family, judged by the hook of this package."""
    spec = load_spec("face_detector").spec.model_copy(update={"detector": detector})
    hook = load_hook(FairnessRules())
    return family_of(spec).evaluate(models, reference=reference, pictures=pictures, hook=hook, progress=QUIET)


def picture(package: str, path: str, *, face: tuple[float, float, float, float] | None) -> Picture:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"the package {package} is not installed")
    file = Path(found.submodule_search_locations[0]) / path
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return Picture(file, path, sha256, 512, 512, "evaluation", {}, face)


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    """One labelled face, and a picture without one."""
    return [
        picture("skimage", "data/astronaut.png", face=(0.3, 0.1, 0.6, 0.4)),
        picture("skimage", "data/coffee.png", face=None),
    ]


@pytest.fixture(scope="module")
def result(published_dense: Path, published_sparse: Path, pictures: list[Picture], detector: Detector) -> QualityResult:
    models = {
        "dense": published_sparse,
        "sparse": published_sparse,
        "published_dense": published_dense,
        "published_sparse": published_sparse,
    }
    return evaluate(models, reference="published_dense", pictures=pictures, detector=detector)


@pytest.fixture(scope="module")
def provenance() -> Provenance:
    machine = Machine(system="Linux", arch="x86_64", cpu_model="test", cores=2, has_avx=True, memory_gib=1.0)
    now = datetime.now(tz=timezone.utc)
    return Provenance(command="pytest", zoo_version="0", versions={}, machine=machine, started_at=now, seconds=1.0)


def test_the_record_says_what_was_measured_and_how(result: QualityResult, provenance: Provenance) -> None:
    record = QualityRecord.model_validate_json(result.quality_record(provenance).model_dump_json())
    assert record.runtime == "mediapipe==0.10.21, face_detection_full_range_cpu"
    assert (record.score_threshold, record.iou_threshold) == (0.6, 0.5)
    assert (record.pictures, record.reference_detections) == (2, 1)
    assert [variant.name for variant in record.variants] == ["dense", "sparse", "published_dense", "published_sparse"]


def test_one_face_is_a_whole_score_with_a_wide_interval(result: QualityResult) -> None:
    sparse = result.variants[1].metrics
    for metric in ("precision", "recall", "f_score", "labelled_recall"):
        assert (sparse[metric].value, sparse[metric].n) == (1.0, 1)
        interval = sparse[metric].interval
        assert interval is not None
        assert interval.low < 0.4
    assert 0.8 < sparse["mean_iou"].value < 1.0
    assert 0.0 < sparse["keypoint_error"].value < 0.1


def test_says_what_it_cannot_know(result: QualityResult, provenance: Provenance) -> None:
    assert any("2 picture(s) say little" in note for note in result.notes)
    fairness = result.fairness_record(provenance)
    assert (fairness.columns, fairness.notes) == ([], ["no group labels available"])


def test_differences_have_the_promised_pairs_and_metrics(result: QualityResult) -> None:
    found = {(one.a, one.b, one.metric) for one in result.differences}
    for metric in ("precision", "recall", "f_score", "labelled_recall"):
        assert ("sparse", "published_sparse", metric) in found
        assert ("sparse", "dense", metric) in found
    assert all(one.interval.low <= one.value <= one.interval.high for one in result.differences)


def test_differences_on_many_pictures_include_the_key_points() -> None:
    generator = np.random.default_rng(1)
    reference = random_run(generator, 60)
    runs = {
        "dense": jittered(reference, generator, amount=0.005),
        "sparse": jittered(reference, generator, amount=0.02),
        "published_dense": reference,
        "published_sparse": jittered(reference, generator, amount=0.01),
    }
    found = agreement(runs, reference="published_dense", iou_threshold=0.5)
    (worse,) = [one for one in found.differences if one.b == "dense" and one.metric == "keypoint_error"]
    assert worse.interval.low > 0
    assert worse.n == 60
    by_name = {variant.name: variant.metrics for variant in found.variants}
    assert worse.value == pytest.approx(
        by_name["sparse"]["keypoint_error"].value - by_name["dense"]["keypoint_error"].value
    )
    assert by_name["published_dense"]["f_score"].value == 1.0


def test_without_any_face_there_is_nothing_to_agree_with() -> None:
    empty = agreement({"sparse": [[], []], "published_dense": [[], []]}, reference="published_dense", iou_threshold=0.5)
    assert [variant.metrics for variant in empty.variants] == [{}, {}]
    assert empty.differences == []


def test_refuses_another_threshold_than_the_graphs(
    published_dense: Path, pictures: list[Picture], detector: Detector
) -> None:
    other = detector.model_copy(update={"score_threshold": 0.5})
    with pytest.raises(InputError, match=r"score_threshold is 0\.5 and the graph .* uses 0\.6"):
        evaluate(
            {"published_dense": published_dense},
            reference="published_dense",
            pictures=pictures[1:],
            detector=other,
        )


def test_refuses_a_reference_that_is_not_run(
    published_sparse: Path, pictures: list[Picture], detector: Detector
) -> None:
    with pytest.raises(InputError, match="'published_dense' is not among the models"):
        evaluate(
            {"sparse": published_sparse},
            reference="published_dense",
            pictures=pictures,
            detector=detector,
        )


def test_refuses_an_empty_evaluation_split(published_dense: Path, detector: Detector) -> None:
    with pytest.raises(InputError, match="no picture in the evaluation split"):
        evaluate(
            {"published_dense": published_dense},
            reference="published_dense",
            pictures=[],
            detector=detector,
        )
