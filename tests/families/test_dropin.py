"""A file in the place of the published one: the check passes what fits, and fails what does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtimes.altered import BOXES, SCORES
from zoo.errors import InputError
from zoo.families import Family, family_of
from zoo.progress import SilentProgress
from zoo.records import DropinCell
from zoo.spec import Drop, load_spec

QUIET = SilentProgress()


@pytest.fixture(scope="module")
def faces() -> Family:
    return family_of(load_spec("face_detector").spec)


@pytest.fixture(scope="module")
def drop() -> Drop:
    """The place that the face detector's spec declares, with its tolerances."""
    return load_spec("face_detector").spec.dropin[0]


@pytest.fixture(scope="module")
def cells(
    faces: Family,
    drop: Drop,
    published_dense: Path,
    hand_model: Path,
    scaled_model: Callable[..., Path],
    astronaut: Path,
    officer: Path,
) -> dict[str, DropinCell]:
    """The verdict on four files, by name."""
    models = {
        "sibling": published_dense,
        "large boxes": scaled_model(output=BOXES, factor=1.25),
        "loud": scaled_model(output=SCORES, factor=-1.0),
        "hand": hand_model,
    }
    found = faces.try_dropin(models, drops=[drop], pictures=[astronaut, officer], progress=QUIET)
    return {cell.variant: cell for cell in found}


def test_passes_the_published_sibling(cells: dict[str, DropinCell]) -> None:
    cell = cells["sibling"]
    assert (cell.status, cell.detections, cell.reference_detections) == ("passed", 2, 2)
    assert cell.measured["f_score"] == 1.0
    assert 0.8 < cell.measured["mean_iou"] < 1.0


def test_fails_boxes_of_wrong_size(cells: dict[str, DropinCell]) -> None:
    cell = cells["large boxes"]
    assert cell.status == "failed"
    assert "mean_iou" in cell.reason
    assert "is below 0.8" in cell.reason


def test_fails_a_file_that_finds_faces_everywhere(cells: dict[str, DropinCell]) -> None:
    assert cells["loud"].status == "failed"
    assert cells["loud"].measured["precision"] < 0.1


def test_fails_a_file_that_finds_nothing(
    faces: Family, drop: Drop, scaled_model: Callable[..., Path], officer: Path
) -> None:
    models = {"mute": scaled_model(output=SCORES, factor=0.0)}
    (cell,) = faces.try_dropin(models, drops=[drop], pictures=[officer], progress=QUIET)
    assert (cell.status, cell.reason) == ("failed", "it finds no faces where the original finds 1")


def test_fails_a_file_of_another_task_in_one_line(cells: dict[str, DropinCell]) -> None:
    cell = cells["hand"]
    assert cell.status == "failed"
    assert "does not run in MediaPipe's graph face_detection_full_range_cpu" in cell.reason
    assert "\n" not in cell.reason


def test_does_not_pass_on_pictures_without_a_face(
    faces: Family, drop: Drop, published_sparse: Path, coffee: Path
) -> None:
    (cell,) = faces.try_dropin({"sparse": published_sparse}, drops=[drop], pictures=[coffee], progress=QUIET)
    assert cell.status == "not tried"
    assert "the original finds no faces" in cell.reason


def test_does_not_try_a_runtime_that_is_not_installed(
    faces: Family, drop: Drop, published_sparse: Path, astronaut: Path
) -> None:
    elsewhere = drop.model_copy(update={"runtime": "mediapipe==1.2.2"})
    (cell,) = faces.try_dropin({"sparse": published_sparse}, drops=[elsewhere], pictures=[astronaut], progress=QUIET)
    assert (cell.status, cell.reason) == (
        "not tried",
        "mediapipe==1.2.2 is asked for and mediapipe==0.10.21 is installed",
    )


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("graph", "face_mesh", "graph 'face_mesh' is not known"),
        ("replaces", "mediapipe/modules/other.tflite", "replaces names"),
        ("tolerances", {}, "has no tolerances"),
    ],
)
def test_refuses_a_place_that_it_cannot_check(faces: Family, drop: Drop, field: str, value: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        faces.try_dropin({}, drops=[drop.model_copy(update={field: value})], pictures=[], progress=QUIET)
