"""MediaPipe's own hand graph, with model files of ours in the place of its own."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.runtimes.altered import with_scaled_output
from tests.runtimes.landmarks import furthest, litert
from zoo.errors import InputError
from zoo.progress import SilentProgress
from zoo.runtimes import HandRun, crop_region, from_crop, run_hand_graph
from zoo.sources import read_picture

QUIET = SilentProgress()
LANDMARKS = "hand_landmark_full.tflite"
PALMS = "palm_detection_full.tflite"


@pytest.fixture(scope="module")
def pictures(shared_data: Path) -> list[Path]:
    """Three pictures with a hand or two, one without any, and the first again."""
    folder = shared_data / "hands" / "mediapipe"
    names = ["tfjs_models/hands.jpg", "samples/hand_landmarker_test_image.jpg", "repo_testdata/dino.jpg"]
    raised = sorted((folder / "hagrid_raw_data" / "four").glob("*.jpg"))[0]
    found = [raised, *(folder / name for name in names), raised]
    if not all(path.is_file() for path in found):
        pytest.skip("these pictures of hands are not there")
    return found


@pytest.fixture(scope="module")
def spoiled(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published landmark model, its points pushed out by a tenth."""
    path = tmp_path_factory.mktemp("spoiled") / "spoiled.tflite"
    path.write_bytes(with_scaled_output((modules / "hand_landmark" / LANDMARKS).read_bytes(), output=0, factor=1.1))
    return path


@pytest.fixture(scope="module")
def run(pictures: list[Path], modules: Path, spoiled: Path) -> HandRun:
    """The published graph, the same with its files put in by us, and one with a spoiled landmark model."""
    models = {
        "published": {},
        "same": {LANDMARKS: modules / "hand_landmark" / LANDMARKS, PALMS: modules / "palm_detection" / PALMS},
        "spoiled": {LANDMARKS: spoiled},
    }
    return run_hand_graph(models, pictures, progress=QUIET)


def test_finds_the_hands_with_points_inside_their_regions(run: HandRun, pictures: list[Path]) -> None:
    found = run.pictures["published"]
    assert [sum(hand.found for hand in picture.hands) for picture in found[:3]] == [1, 2, 1]
    for path, picture in zip(pictures, found, strict=True):
        height, width = read_picture(path).shape[:2]
        for hand in picture.hands:
            if not hand.found:
                continue
            assert (len(hand.landmarks), len(hand.world), hand.label in {"Left", "Right"}) == (21, 21, True)
            assert 0.5 <= hand.label_score <= 1
            assert 0.5 < hand.presence <= 1
            side = hand.region.width * width
            assert side == pytest.approx(hand.region.height * height, rel=1e-4)
            points = (np.array(hand.landmarks)[:, :2] - [hand.region.x_center, hand.region.y_center]) * [width, height]
            assert np.abs(points).max() < side
            # Metres: an open hand is less than 30 cm long.
            assert 0.05 < np.ptp(np.array(hand.world), axis=0).max() < 0.3


def test_palms_have_seven_key_points_and_come_strongest_first(run: HandRun) -> None:
    for picture in run.pictures["published"]:
        scores = [palm.score for palm in picture.detections]
        assert scores == sorted(scores, reverse=True)
        assert all(score >= run.score_threshold for score in scores)
        assert all(len(palm.keypoints) == 7 for palm in picture.detections)


def test_says_what_it_ran_with(run: HandRun) -> None:
    assert (run.runtime, run.graph) == ("mediapipe==0.10.21", "hand_landmark_tracking_cpu")
    assert (run.score_threshold, run.presence_threshold) == (0.5, 0.5)


def test_the_published_files_in_their_own_place_change_nothing(run: HandRun) -> None:
    assert run.pictures["same"] == run.pictures["published"]


def test_a_spoiled_landmark_model_moves_points_and_leaves_palms(run: HandRun, pictures: list[Path]) -> None:
    ours, theirs = run.pictures["spoiled"][0], run.pictures["published"][0]
    assert ours.detections == theirs.detections
    assert ours.hands[0].region == theirs.hands[0].region
    assert furthest(ours.hands[0].landmarks, theirs.hands[0].landmarks, read_picture(pictures[0]).shape) > 3


def test_carries_nothing_from_one_picture_to_the_next(run: HandRun) -> None:
    for found in run.pictures.values():
        assert found[4] == found[0]


def test_our_crop_gives_the_graphs_own_outputs(run: HandRun, pictures: list[Path], modules: Path) -> None:
    tried = 0
    for path, found in zip(pictures, run.pictures["published"], strict=True):
        picture = read_picture(path)
        for hand in found.hands:
            points, presence, handed, world = litert(
                modules / "hand_landmark" / LANDMARKS, crop_region(picture, hand.region, 224)
            )
            assert float(presence[0]) == pytest.approx(hand.presence, abs=1e-4)
            if not hand.found:
                continue
            tried += 1
            back = from_crop(points.reshape(21, 3) / 224, hand.region, picture.shape)
            assert furthest(back, hand.landmarks, picture.shape) < 0.1
            assert max(float(handed[0]), 1 - float(handed[0])) == pytest.approx(hand.label_score, abs=1e-4)
            turn = hand.region.rotation
            x, y, z = world.reshape(21, 3).T
            turned = np.stack([math.cos(turn) * x - math.sin(turn) * y, math.sin(turn) * x + math.cos(turn) * y, z], 1)
            np.testing.assert_allclose(turned, np.array(hand.world), atol=1e-4)
    assert tried >= 4


def test_thresholds_are_those_that_are_asked_for(run: HandRun, pictures: list[Path]) -> None:
    low = run_hand_graph({"published": {}}, pictures[3:4], score_threshold=0.01, presence_threshold=0.0, progress=QUIET)
    assert (low.score_threshold, low.presence_threshold) == (0.01, 0.0)
    before, after = run.pictures["published"][3], low.pictures["published"][0]
    assert len(after.detections) > len(before.detections)
    assert after.hands
    assert all(hand.found for hand in after.hands)
    assert any(hand.presence < 0.5 for hand in after.hands)


def test_the_lite_graph_runs_lite_files(run: HandRun, pictures: list[Path], modules: Path) -> None:
    file = "hand_landmark_lite.tflite"
    models = {"published": {}, "same": {file: modules / "hand_landmark" / file}}
    lite = run_hand_graph(models, pictures[:1], complexity="lite", progress=QUIET)
    assert lite.pictures["same"] == lite.pictures["published"] != [run.pictures["published"][0]]


def test_refuses_a_file_that_the_graph_does_not_load(pictures: list[Path], modules: Path) -> None:
    lite = modules / "hand_landmark" / "hand_landmark_lite.tflite"
    with pytest.raises(
        InputError, match=r"loads no hand_landmark_lite\.tflite here; replace one of hand_landmark_full"
    ):
        run_hand_graph({"lite": {lite.name: lite}}, pictures[:1], progress=QUIET)


def test_refuses_a_model_of_another_task_in_one_sentence(pictures: list[Path], modules: Path) -> None:
    pose = modules / "pose_landmark" / "pose_landmark_full.tflite"
    with pytest.raises(InputError, match=r"pose_landmark_full\.tflite does not run in MediaPipe's graph hand") as error:
        run_hand_graph({"pose": {LANDMARKS: pose}}, pictures[:1], progress=QUIET)
    assert "\n" not in str(error.value)
