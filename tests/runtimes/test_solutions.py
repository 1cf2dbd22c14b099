"""Our runs of the legacy graphs find what `mediapipe.solutions` finds, to the last digit.

Poses but for x and y: the solution changes its graph by way of Python's protobuf, which drops the options whose class
is not imported. So it refines points from heat maps over 9 cells, the option's default, where the graph says 7.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.progress import SilentProgress
from zoo.runtimes import run_hand_graph, run_pose_graph

SOLUTIONS = """
import json, sys
sys.modules["tensorflow"] = None  # only decorates documentation, and takes 20 seconds
import mediapipe, numpy
from PIL import Image
def points(found):
    return [[p.x, p.y, p.z] for p in found.landmark]
hands = mediapipe.solutions.hands.Hands(static_image_mode=True, max_num_hands=2)
pose = mediapipe.solutions.pose.Pose(static_image_mode=True, enable_segmentation=True)
for path in sys.argv[1:]:
    picture = numpy.array(Image.open(path).convert("RGB"))
    one, other = hands.process(picture), pose.process(picture)
    print(json.dumps([
        [points(each) for each in one.multi_hand_landmarks or []],
        [points(each) for each in one.multi_hand_world_landmarks or []],
        [[each.classification[0].label, each.classification[0].score] for each in one.multi_handedness or []],
        points(other.pose_landmarks) if other.pose_landmarks else [],
        points(other.pose_world_landmarks) if other.pose_landmarks else [],
        float(other.segmentation_mask.mean()) if other.pose_landmarks else 0.0,
    ]))
"""


def test_hands_and_poses_are_those_of_the_solutions(shared_data: Path) -> None:
    folder = shared_data / "hands" / "mediapipe" / "tfjs_models"
    pictures = [folder / name for name in ("hands.jpg", "pose.jpg", "three_people.jpg")]
    if not all(path.is_file() for path in pictures):
        pytest.skip("these pictures of hands and persons are not there")
    command = [sys.executable, "-c", SOLUTIONS, *map(str, pictures)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    hands = run_hand_graph({"published": {}}, pictures, progress=SilentProgress()).pictures["published"]
    poses = run_pose_graph({"published": {}}, pictures, progress=SilentProgress()).pictures["published"]
    seen = 0
    for line, ours, person in zip(lines, hands, poses, strict=True):
        landmarks, world, labels, body, body_world, mask = json.loads(line)
        found = [hand for hand in ours.hands if hand.found]
        assert [[list(point) for point in hand.landmarks] for hand in found] == landmarks
        assert [[list(point) for point in hand.world] for hand in found] == world
        assert [[hand.label, hand.label_score] for hand in found] == labels
        pose = person.pose if person.pose and person.pose.found else None
        assert (pose is not None) == bool(body)
        if pose:
            assert [list(point) for point in pose.world] == body_world
            assert [point[2] for point in pose.landmarks] == [point[2] for point in body]
            np.testing.assert_allclose(np.array(pose.landmarks)[:, :2], np.array(body)[:, :2], atol=0.02)
            assert pose.cells().mean() == pytest.approx(mask, abs=0.002)
        seen += len(found) + bool(pose)
    assert seen >= 3
