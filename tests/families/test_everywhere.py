"""The drop-in matrix: what fits passes in every runtime, and a planted defect is caught in every one that can see it.

Side environments come from the package registry once, and from the cache afterwards; where they cannot be had, the
matrix says "not tried", and the tests that need them are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.runtimes.altered import BOXES, SCORES, with_scaled_input, with_scaled_output, with_swapped_outputs
from zoo.errors import InputError
from zoo.families import family_of, places_of
from zoo.progress import SilentProgress
from zoo.records import DropinCell
from zoo.runtimes import model_in, original_file, role_of
from zoo.spec import load_spec
from zoo.tflite import bundle_models, write_bundle

DATA = Path(os.environ.get("ZOO_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
QUIET = SilentProgress()
LANDMARKS, WORLD = 0, 3
DEFECTS = ("scaled", "swapped", "other range")


def tried(
    name: str, models: Mapping[str, Path], pictures: Sequence[Path], runtime: str, graph: str = ""
) -> dict[str, DropinCell]:
    """The cells of one runtime, by model; the test is skipped where the runtime cannot be had here."""
    spec = load_spec(name).spec
    drops = [drop for drop in places_of(spec, runtime) if drop.graph.endswith(graph)]
    cells = family_of(spec).try_dropin(models, drops=drops, pictures=pictures, progress=QUIET)
    if all(cell.status == "not tried" for cell in cells):
        pytest.skip(cells[0].reason)
    return {cell.variant: cell for cell in cells}


@pytest.fixture(scope="module")
def face_files(
    published_dense: Path, published_sparse: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The published sibling, the original itself, and the original with each defect."""
    folder, data = tmp_path_factory.mktemp("faces"), published_sparse.read_bytes()
    made = {
        "scaled": with_scaled_output(data, output=BOXES, factor=2.0),
        "swapped": with_swapped_outputs(data, BOXES, SCORES),
        "other range": with_scaled_input(data, factor=1 / 127.5),
    }
    return {"sibling": published_dense, "same": published_sparse, **written(folder, made)}


@pytest.fixture(scope="module")
def hand_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The original hand landmark model, and the same with each defect."""
    original = original_file(load_spec("hand_landmark").spec.dropin[0].replaces)
    folder, data = tmp_path_factory.mktemp("hands"), original.read_bytes()
    made = {
        "scaled": with_scaled_output(data, output=LANDMARKS, factor=1.3),
        "swapped": with_swapped_outputs(data, LANDMARKS, WORLD),
        "other range": with_scaled_input(data, factor=1 / 255),
    }
    return {"same": original, **written(folder, made)}


def written(folder: Path, made: Mapping[str, bytes]) -> dict[str, Path]:
    paths = {name: folder / f"{name.replace(' ', '_')}.tflite" for name in made}
    for name, data in made.items():
        paths[name].write_bytes(data)
    return paths


@pytest.fixture(scope="module")
def hands() -> list[Path]:
    found = sorted((DATA / "hands" / "mediapipe" / "hagrid_raw_data").rglob("*.jpg"))[:3]
    if len(found) < 3:
        pytest.skip(f"{DATA} holds no pictures of hands; set ZOO_DATA")
    return found


def test_an_interpreter_catches_every_defect_in_the_outputs(
    face_files: dict[str, Path], astronaut: Path, officer: Path
) -> None:
    cells = tried("face_detector", face_files, [astronaut, officer], "ai-edge-litert==1.4.0")

    assert [cells[name].status for name in ("sibling", "same")] == ["passed", "passed"]
    assert [cells[name].status for name in DEFECTS] == ["failed"] * 3
    assert cells["same"].measured["output_error"] == 0
    assert "output_error" in cells["scaled"].reason
    assert "shapes" in cells["swapped"].reason


@pytest.mark.parametrize("name", ["face_detector", "hand_landmark"])
def test_an_interpreter_compares_nothing_where_the_original_sees_nothing(name: str, coffee: Path) -> None:
    """The numbers that come all the same are ones that MediaPipe never reads."""
    spec = load_spec(name).spec
    original = original_file(spec.dropin[0].replaces)
    drops = places_of(spec, "ai-edge-litert==2.3.0")

    (cell,) = family_of(spec).try_dropin({"same": original}, drops=drops, pictures=[coffee], progress=QUIET)

    noun = "faces" if name == "face_detector" else "hands"
    assert cell.status == "not tried"
    assert cell.reason == (
        f"the original finds no {noun} on the picture, so nothing could be compared; give pictures of {noun}"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runtime", "graph"),
    [
        ("mediapipe==1.2.2", ".detect"),
        ("mediapipe==1.2.2", ".detect_for_video"),
        ("mediapipe==0.10.35", ".detect"),
        ("mediapipe==0.10.21", "range_cpu"),
        ("@mediapipe/tasks-vision==0.10.35", ".detect"),
        ("@mediapipe/tasks-vision==1.1.0", ".detectForVideo"),
        ("ai-edge-litert==2.3.0", ""),
        ("tflite-runtime==2.14.0", ""),
    ],
)
def test_every_face_runtime_catches_every_defect(
    face_files: dict[str, Path], astronaut: Path, officer: Path, runtime: str, graph: str
) -> None:
    cells = tried("face_detector", face_files, [astronaut, officer], runtime, graph)

    assert [cells[name].status for name in ("sibling", "same")] == ["passed", "passed"]
    assert [cells[name].status for name in DEFECTS] == ["failed"] * 3
    assert cells["same"].milliseconds is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runtime", "graph"),
    [
        ("mediapipe==1.2.2", ".detect"),
        ("mediapipe==0.10.35", ".detect_for_video"),
        ("mediapipe==0.10.21", "tracking_cpu"),
        ("mediapipe==0.10.21", "holistic_landmark_cpu"),
        ("@mediapipe/tasks-vision==0.10.35", ".detect"),
        ("ai-edge-litert==1.4.0", ""),
        ("tflite-runtime==2.14.0", ""),
    ],
)
def test_every_hand_runtime_catches_every_defect(
    hand_files: dict[str, Path], hands: list[Path], runtime: str, graph: str
) -> None:
    cells = tried("hand_landmark", hand_files, hands, runtime, graph)

    assert cells["same"].status == "passed"
    assert [cells[name].status for name in DEFECTS] == ["failed"] * 3


@pytest.mark.slow
def test_a_runtime_that_refuses_the_original_is_no_fault_of_the_file(published_sparse: Path, astronaut: Path) -> None:
    (cell,) = tried("face_detector", {"same": published_sparse}, [astronaut], "mediapipe==0.10.21", ".detect").values()

    assert cell.status == "not supported"
    assert "the original is not taken here either" in cell.reason


def test_a_runtime_that_does_not_install_is_not_tried(published_sparse: Path, astronaut: Path) -> None:
    spec = load_spec("face_detector").spec
    drops = places_of(spec, "ai-edge-litert==99.9.9")
    (cell,) = family_of(spec).try_dropin({"same": published_sparse}, drops=drops, pictures=[astronaut], progress=QUIET)

    assert cell.status == "not tried"
    assert "ai-edge-litert==99.9.9 could not be installed here" in cell.reason
    assert "\n" not in cell.reason


def test_a_file_of_another_task_fails_in_one_line(hand_model: Path, astronaut: Path) -> None:
    (cell,) = tried("face_detector", {"hand": hand_model}, [astronaut], "ai-edge-litert==2.3.0").values()

    assert cell.status == "failed"
    assert "does not run" in cell.reason
    assert "\n" not in cell.reason


def test_a_picture_that_is_none_is_bad_input(published_sparse: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"no picture")

    with pytest.raises(InputError, match=r"picture\.png"):
        tried("face_detector", {"same": published_sparse}, [picture], "ai-edge-litert==2.3.0")


def test_a_bundle_without_one_member_is_bad_input(hand_model: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "hands.task"
    write_bundle(bundle, {"hand_landmarks_detector.tflite": hand_model.read_bytes()})

    with pytest.raises(InputError, match=r"hands\.task has no member hand_detector\.tflite"):
        model_in(bundle, "mediapipe/modules/hand_landmark/hand_landmark_lite.tflite")


def test_a_bundle_is_stored_and_the_same_bytes_each_time(hand_model: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.task", tmp_path / "second.task"
    for path in (first, second):
        write_bundle(path, {"hand_landmarks_detector.tflite": hand_model.read_bytes(), "hand_detector.tflite": b"x"})

    assert first.read_bytes() == second.read_bytes()
    assert dict(bundle_models(first))["hand_landmarks_detector.tflite"] == hand_model.read_bytes()


def test_every_model_knows_the_task_that_runs_it() -> None:
    for name in ("face_detector", "pose_detector", "hand_landmark", "hand_landmark_lite", "pose_landmark"):
        role = role_of(load_spec(name).spec.dropin[0].replaces)
        for published in role.others.values():
            assert original_file(published).is_file(), published


def test_declared_places_come_first_and_once() -> None:
    spec = load_spec("face_detector").spec
    places = [(drop.runtime, drop.graph) for drop in places_of(spec, None)]

    assert places[0] == (spec.dropin[0].runtime, spec.dropin[0].graph)
    assert len(set(places)) == len(places)
    assert {"mediapipe==1.2.2", "@mediapipe/tasks-vision==0.10.35", "tflite-runtime==2.14.0"} <= dict(places).keys()


@pytest.mark.parametrize(
    ("runtime", "graph"),
    [
        ("numpy==1.26.4", "FaceDetector.detect"),
        ("mediapipe==1.2.2", "FaceDetector.run"),
        ("mediapipe==1.2.2", "HandLandmarker.detect"),
        ("mediapipe==1.2.2", "Interpreter.invoke"),
        ("ai-edge-litert==2.3.0", "FaceDetector.detect"),
    ],
)
def test_refuses_a_call_that_a_spec_makes_up(runtime: str, graph: str, published_sparse: Path, astronaut: Path) -> None:
    spec = load_spec("face_detector").spec
    made_up = spec.dropin[0].model_copy(update={"runtime": runtime, "graph": graph})

    with pytest.raises(InputError, match="cannot be tried for"):
        family_of(spec).try_dropin({"same": published_sparse}, drops=[made_up], pictures=[astronaut], progress=QUIET)


@pytest.mark.parametrize("runtime", ["numpy==1.26.4", "mediapipe", "mediapipe==1; rm", "--index-url==1"])
def test_refuses_a_runtime_that_it_cannot_drive(runtime: str) -> None:
    with pytest.raises(InputError, match="is not known; write one such as"):
        places_of(load_spec("face_detector").spec, runtime)
