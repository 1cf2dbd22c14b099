"""Verdicts on files that MediaPipe publishes: known from measurements, and pinned in `verdicts.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.refresh_verdicts import FILES, TWINS, describe, published
from zoo.tflite import densified_twin

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "verdicts.json").read_text(encoding="utf-8"))


def installed(name: str) -> bytes:
    file = published(name)
    if file is None:
        pytest.skip(f"the package that brings {name} is not installed")
    return file.read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_verdict_is_the_reviewed_one(name: str) -> None:
    assert describe(installed(name)) == GOLDEN[name]


@pytest.mark.parametrize("name", TWINS)
def test_twin_runs_dense_only_because_its_weights_do_not_come_through_densify(name: str) -> None:
    found = describe(densified_twin(installed(name)))
    assert found == GOLDEN[f"{name}_twin"]
    assert [line.split(":")[0] for line in found["breaks"]] == ["weights_through_densify"]
    assert found["ready"]


@pytest.mark.parametrize("name", ["face_full_range_sparse", "pose_detection"])
def test_published_sparse_files_run_sparse_wherever_the_processor_allows(name: str) -> None:
    assert describe(installed(name))["sparse_on"] == ["wasm", "arm64", "x86"]


def test_hand_landmark_names_its_five_stride_2_layers() -> None:
    breaks = describe(installed("hand_landmark_full"))["breaks"]
    rules = [line.split(":")[0] for line in breaks]
    assert rules[:5] == ["first_conv_padding"] + ["depthwise_same_padding"] * 4
    assert all("SAME" in line and "stride 2" in line for line in breaks[:5])
    assert rules[5:] == ["weights_through_densify", "zero_share"]


def test_palm_detection_is_stopped_by_prelu_and_max_pool() -> None:
    text = " ".join(describe(installed("palm_detection_full"))["breaks"])
    assert "PRELU" in text
    assert "MAX_POOL_2D" in text
