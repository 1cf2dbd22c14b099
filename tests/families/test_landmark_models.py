"""Hands through MediaPipe's own graph: the published model agrees with itself, and a spoiled one is found out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.runtimes.altered import with_scaled_output
from zoo.errors import InputError
from zoo.evaluate import load_hook
from zoo.families import Family, family_of
from zoo.progress import SilentProgress
from zoo.records import DropinCell
from zoo.sources import Picture
from zoo.spec import FairnessRules, load_spec

QUIET = SilentProgress()
DATA = Path(os.environ.get("ZOO_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
LANDMARKS = 0
HANDEDNESS = 2


@pytest.fixture(scope="module")
def hands() -> Family:
    return family_of(load_spec("hand_landmark").spec)


@pytest.fixture(scope="module")
def published() -> Path:
    from importlib.util import find_spec

    found = find_spec("mediapipe")
    if found is None or not found.submodule_search_locations:
        pytest.skip("mediapipe is not installed")
    return Path(found.submodule_search_locations[0]) / "modules" / "hand_landmark" / "hand_landmark_full.tflite"


@pytest.fixture(scope="module")
def pictures() -> list[Path]:
    """Twelve pictures with a raised hand."""
    found = sorted((DATA / "hands" / "mediapipe" / "hagrid_raw_data").rglob("*.jpg"))[:12]
    if len(found) < 12:
        pytest.skip(f"{DATA} holds no pictures of hands; set ZOO_DATA")
    return found


@pytest.fixture(scope="module")
def cells(
    hands: Family, published: Path, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, DropinCell]:
    folder = tmp_path_factory.mktemp("hands")
    models = {"same": published}
    for name, output, factor in (("stretched", LANDMARKS, 1.2), ("other side", HANDEDNESS, -1.0)):
        models[name] = folder / f"{output}.tflite"
        models[name].write_bytes(with_scaled_output(published.read_bytes(), output=output, factor=factor))
    drops = load_spec("hand_landmark").spec.dropin
    return {cell.variant: cell for cell in hands.try_dropin(models, drops=drops, pictures=pictures, progress=QUIET)}


def test_the_published_model_in_its_own_place_agrees_with_itself(cells: Mapping[str, DropinCell]) -> None:
    same = cells["same"]

    assert same.status == "passed"
    assert same.detections == same.reference_detections >= 10
    assert same.measured["landmark_error"] == 0
    assert same.measured["presence_agreement"] == same.measured["handedness_agreement"] == 1


def test_points_drawn_apart_by_a_fifth_do_not_pass(cells: Mapping[str, DropinCell]) -> None:
    assert cells["stretched"].status == "failed"
    assert "landmark_error" in cells["stretched"].reason


def test_hands_of_the_wrong_side_do_not_pass(cells: Mapping[str, DropinCell]) -> None:
    assert cells["other side"].status == "failed"
    assert "handedness_agreement" in cells["other side"].reason
    assert cells["other side"].measured["landmark_error"] == 0


def test_training_aims_at_the_regions_that_the_graph_feeds(
    hands: Family, published: Path, pictures: list[Path]
) -> None:
    places = hands.locate(published, pictures, progress=QUIET)

    assert sum(bool(there) for there in places) >= 10
    for there in places:
        for place in there:
            assert 0 < place.width < 3
            assert -7 < place.rotation < 7


def test_a_model_of_another_threshold_than_the_graph_s_is_bad_input(published: Path, pictures: list[Path]) -> None:
    spec = load_spec("hand_landmark").spec
    assert spec.landmarks is not None
    other = spec.model_copy(update={"landmarks": spec.landmarks.model_copy(update={"presence_threshold": 0.4})})

    with pytest.raises(InputError, match=r"landmarks\.presence_threshold is 0\.4"):
        family_of(other).locate(published, pictures[:1], progress=QUIET)


def test_quality_against_itself_is_whole(hands: Family, published: Path, pictures: list[Path]) -> None:
    listed = [
        Picture(
            name=path.name,
            path=path,
            sha256=str(index) * 64,
            width=1,
            height=1,
            split="evaluation",
            groups={},
            face=None,
        )
        for index, path in enumerate(pictures[:6])
    ]

    result = hands.evaluate(
        {"published_dense": published, "sparse": published},
        reference="published_dense",
        pictures=listed,
        hook=load_hook(FairnessRules()),
        progress=QUIET,
    )

    (quality,) = result.variants
    assert quality.name == "sparse"
    assert quality.metrics["landmark_error"].value == 0
    assert quality.metrics["presence_agreement"].value == 1
    assert result.reference_detections == quality.metrics["landmark_error"].n
