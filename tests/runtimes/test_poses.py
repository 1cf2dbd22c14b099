"""MediaPipe's own pose graph, with model files of ours in the place of its own."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.runtimes.altered import with_scaled_output
from tests.runtimes.landmarks import furthest, litert, refined
from zoo.errors import InputError
from zoo.progress import SilentProgress
from zoo.runtimes import MASK_SIDE, PoseRun, crop_region, from_crop, mask_iou, run_pose_graph
from zoo.sources import read_picture

QUIET = SilentProgress()
LANDMARKS = "pose_landmark_full.tflite"
PERSONS = "pose_detection.tflite"


@pytest.fixture(scope="module")
def pictures(shared_data: Path) -> list[Path]:
    """Three pictures of a person, one without, and the first again."""
    names = ["000000000790", "000000030752", "000000037666"]
    persons = [shared_data / "persons" / "coco" / "images" / f"{name}.jpg" for name in names]
    found = [*persons, shared_data / "hands" / "mediapipe" / "repo_testdata" / "googlelogo.png", persons[0]]
    if not all(path.is_file() for path in found):
        pytest.skip("these pictures of persons are not there")
    return found


@pytest.fixture(scope="module")
def run(pictures: list[Path], modules: Path, tmp_path_factory: pytest.TempPathFactory) -> PoseRun:
    """The published graph, the same with its files put in by us, and one with a spoiled mask."""
    spoiled = tmp_path_factory.mktemp("spoiled") / "spoiled.tflite"
    original = modules / "pose_landmark" / LANDMARKS
    spoiled.write_bytes(with_scaled_output(original.read_bytes(), output=2, factor=-1.0))
    models = {
        "published": {},
        "same": {LANDMARKS: original, PERSONS: modules / "pose_detection" / PERSONS},
        "spoiled": {LANDMARKS: spoiled},
    }
    return run_pose_graph(models, pictures, progress=QUIET)


def test_finds_the_persons_and_nobody_where_there_is_none(run: PoseRun) -> None:
    found = run.pictures["published"]
    assert [picture.pose is not None and picture.pose.found for picture in found] == [True, True, True, False, True]
    assert found[3].detections == ()
    for picture in found[:3]:
        assert all(len(person.keypoints) == 4 for person in picture.detections)
        pose = picture.pose
        assert pose is not None
        assert {len(each) for each in (pose.landmarks, pose.world, pose.visibility, pose.landmark_presence)} == {33}
        assert all(0 <= share <= 1 for share in (*pose.visibility, *pose.landmark_presence, pose.presence))
        # Metres about the hips, 23 and 24: a person is less than 2.5 m long.
        assert 0.5 < np.ptp(np.array(pose.world), axis=0).max() < 2.5
        assert np.abs(np.array(pose.world)[[23, 24]].mean(0)).max() < 0.1


def test_the_mask_lies_on_the_person(run: PoseRun) -> None:
    pose = run.pictures["published"][1].pose
    assert pose is not None
    cells = pose.cells()
    assert cells.shape == (MASK_SIDE, MASK_SIDE)
    shoulders_and_hips = np.array(pose.landmarks)[[11, 12, 23, 24], :2].mean(0)
    column, row = (shoulders_and_hips * MASK_SIDE).astype(int)
    assert cells[row, column] > 0.9
    assert 0.01 < cells.mean() < 0.5


def test_says_what_it_ran_with(run: PoseRun) -> None:
    assert (run.runtime, run.graph) == ("mediapipe==0.10.21", "pose_landmark_cpu")
    assert (run.score_threshold, run.presence_threshold) == (0.5, 0.5)


def test_the_published_files_in_their_own_place_change_nothing(run: PoseRun) -> None:
    assert run.pictures["same"] == run.pictures["published"]


def test_a_spoiled_mask_is_told_by_its_overlap_alone(run: PoseRun) -> None:
    ours, theirs = run.pictures["spoiled"][0].pose, run.pictures["published"][0].pose
    assert ours is not None
    assert theirs is not None
    assert ours.landmarks == theirs.landmarks
    assert mask_iou(theirs, theirs) == 1.0
    assert mask_iou(ours, theirs) < 0.2


def test_carries_nothing_from_one_picture_to_the_next(run: PoseRun) -> None:
    for found in run.pictures.values():
        assert found[4] == found[0]


def test_our_crop_gives_the_graphs_own_outputs(run: PoseRun, pictures: list[Path], modules: Path) -> None:
    for path, found in zip(pictures[:3], run.pictures["published"], strict=False):
        picture, pose = read_picture(path), found.pose
        assert pose is not None
        points, presence, _, heat, world = litert(
            modules / "pose_landmark" / LANDMARKS, crop_region(picture, pose.region, 256)
        )
        assert float(presence[0]) == pytest.approx(pose.presence, abs=1e-4)
        in_crop = refined(points.reshape(39, 5)[:33, :2] / 256, heat)
        back = from_crop(in_crop.tolist(), pose.region, picture.shape)
        assert furthest(back, pose.landmarks, picture.shape) < 0.5
        turn = pose.region.rotation
        x, y, z = world.reshape(39, 3)[:33].T
        turned = np.stack([math.cos(turn) * x - math.sin(turn) * y, math.sin(turn) * x + math.cos(turn) * y, z], 1)
        np.testing.assert_allclose(turned, np.array(pose.world), atol=1e-3)


def test_refuses_a_model_of_another_task_in_one_sentence(pictures: list[Path], modules: Path) -> None:
    hand = modules / "hand_landmark" / "hand_landmark_full.tflite"
    with pytest.raises(InputError, match=r"hand_landmark_full\.tflite does not run in MediaPipe's graph pose") as error:
        run_pose_graph({"hand": {PERSONS: hand}}, pictures[:1], progress=QUIET)
    assert "\n" not in str(error.value)
