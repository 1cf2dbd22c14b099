"""The rewrites on published files: what is exact keeps all outputs, and the rule that it mends is broken no more."""

from __future__ import annotations

import pytest

from tests.adapt.published import FILES, published
from tests.adapt.running import check_same_outputs, kinds, rewritten
from zoo.adapt import REWRITES, apply_rewrites
from zoo.tflite import read_model
from zoo.xnnpack import hindrances, readiness

EXIT = "exit_through_depth_to_space"
MENDS_SOME = {"head_to_depth_to_space"}
"""Only values that nothing inside reads: others keep their name for it."""
MENDS = {
    "channel_pad_to_conv": "PAD",
    "max_pool_to_depthwise": "MAX_POOL_2D",
    "max_pool_to_primitives": "MAX_POOL_2D",
    "prelu_to_primitives": "PRELU",
}
"""Operators of which none is left."""
PLACES = {
    "face_detection_full_range": {
        "rotate_half_turn": 5,
        "first_conv_by_blocks": 1,
        "pad_symmetric": 4,
        "pad_symmetric_inexact": 1,
        "max_pool_to_primitives": 4,
        "max_pool_to_depthwise": 4,
        "channel_pad_to_conv": 8,
        "fold_relu": 47,
    },
    "face_landmark": {
        "rotate_half_turn": 7,
        "first_conv_by_blocks": 1,
        "pad_symmetric": 6,
        "pad_symmetric_inexact": 1,
        "prelu_to_primitives": 23,
        "max_pool_to_primitives": 6,
        "max_pool_to_depthwise": 6,
        "channel_pad_to_conv": 3,
    },
    "hand_landmark_full": {
        "rotate_half_turn": 5,
        "first_conv_by_blocks": 1,
        "pad_symmetric": 2,
        "pad_symmetric_inexact": 3,
    },
    "hand_landmark_lite": {
        "rotate_half_turn": 5,
        "first_conv_by_blocks": 1,
        "pad_symmetric": 2,
        "pad_symmetric_inexact": 3,
        "max_pool_to_primitives": 1,
        "max_pool_to_depthwise": 1,
    },
    "palm_detection_full": {
        "rotate_half_turn": 5,
        "first_conv_by_blocks": 1,
        "pad_symmetric_inexact": 4,
        "prelu_to_primitives": 31,
        "max_pool_to_primitives": 4,
        "max_pool_to_depthwise": 4,
        "channel_pad_to_conv": 3,
    },
    "pose_landmark_full": {
        "pad_symmetric": 2,
        "max_pool_to_primitives": 2,
        "max_pool_to_depthwise": 2,
        "head_to_depth_to_space": 2,
        "exit_through_depth_to_space": 3,
    },
}
"""Where this package's own rewrites apply, each alone."""


@pytest.mark.parametrize(("file", "name"), [(file, name) for file in FILES for name in REWRITES])
def test_rewrite_applies_where_expected_and_what_is_exact_keeps_every_output(file: str, name: str) -> None:
    before = published(file)
    adapted = apply_rewrites(before, [REWRITES[name]], skip_idle=True)
    assert {each.name: each.places for each in adapted.applied} == (
        {name: PLACES[file][name]} if name in PLACES[file] else {}
    )
    if REWRITES[name].exact and adapted.applied:
        check_same_outputs(before, adapted.data)
    if adapted.applied:
        assert MENDS.get(name) not in kinds(adapted.data)
        assert name not in remedies(adapted.data) - MENDS_SOME


@pytest.mark.parametrize("file", ["face_detection_full_range", "face_landmark", "palm_detection_full"])
def test_no_operator_is_left_that_the_region_cannot_hold(file: str) -> None:
    before = published(file)
    assert "operator_in_region" in broken(before)
    names = [name for name in MENDS if name in PLACES[file] and REWRITES[name].exact]
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


def remedies(data: bytes) -> set[str]:
    """The rewrites that are named for what the file still breaks."""
    model = read_model(data)
    return {remedy.rewrite for each in (*readiness(model), *hindrances(model)) for remedy in each.remedies}


def broken(data: bytes) -> set[str]:
    """Names of the structural rules that the file breaks."""
    return {each.rule for each in readiness(read_model(data))}
