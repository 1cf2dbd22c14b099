"""The rewrites on published files: what is exact keeps all outputs, and the rule that it mends is broken no more."""

from __future__ import annotations

import pytest

from tests.adapt.published import FILES, published
from tests.adapt.running import check_same_outputs, kinds, rewritten
from zoo.adapt import REWRITES, apply_rewrites
from zoo.tflite import read_model
from zoo.xnnpack import readiness

EXIT = "exit_through_depth_to_space"
EXACT = [name for name, rewrite in REWRITES.items() if rewrite.exact]
MENDS = {
    "channel_pad_to_conv": "PAD",
    "max_pool_to_depthwise": "MAX_POOL_2D",
    "max_pool_to_primitives": "MAX_POOL_2D",
    "prelu_to_primitives": "PRELU",
}
"""Operators of which none is left."""
PLACES = {
    "face_detection_full_range": {"max_pool_to_primitives": 4, "channel_pad_to_conv": 8, "fold_relu": 47},
    "face_landmark": {"prelu_to_primitives": 23, "max_pool_to_primitives": 6, "channel_pad_to_conv": 3},
    "hand_landmark_lite": {"max_pool_to_primitives": 1},
    "palm_detection_full": {"prelu_to_primitives": 31, "max_pool_to_primitives": 4, "channel_pad_to_conv": 3},
    "pose_landmark_full": {
        "max_pool_to_primitives": 2,
        "exit_through_depth_to_space": 3,
        "head_to_depth_to_space": 2,
    },
}
"""Where this package's own rewrites apply, each alone."""


@pytest.mark.parametrize("file", FILES)
def test_rewrites_apply_where_expected(file: str) -> None:
    for name, places in PLACES[file].items():
        (applied,) = apply_rewrites(published(file), [REWRITES[name]]).applied
        assert (applied.name, applied.places) == (name, places)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("file", FILES)
def test_exact_rewrite_keeps_every_output(file: str, name: str) -> None:
    before = published(file)
    after = apply_rewrites(before, [REWRITES[name]], skip_idle=True).data
    check_same_outputs(before, after)
    assert name not in PLACES[file] or MENDS.get(name) not in kinds(after)


@pytest.mark.parametrize("file", ["face_detection_full_range", "face_landmark", "palm_detection_full"])
def test_no_operator_is_left_that_the_region_cannot_hold(file: str) -> None:
    before = published(file)
    assert "operator_in_region" in broken(before)
    names = [name for name in MENDS if name in PLACES[file]]
    after = rewritten(before, *names)
    assert "operator_in_region" not in broken(after)
    check_same_outputs(before, after)


def test_pose_landmark_is_ready_with_exits_alone_and_keeps_more_inside_without_its_pools() -> None:
    before = published("pose_landmark_full")
    assert broken(before)
    early, late = rewritten(before, EXIT), rewritten(before, "max_pool_to_primitives", EXIT)
    assert not broken(early)
    assert not broken(late)
    check_same_outputs(before, late)


def broken(data: bytes) -> set[str]:
    """Names of the structural rules that the file breaks."""
    return {each.rule for each in readiness(read_model(data))}
