"""Verdicts on files that MediaPipe publishes: known from measurements, and pinned in `verdicts.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.refresh_verdicts import FILES, POSE, SPARSE_FACE, TWINS, describe, published
from zoo.records import Remedy
from zoo.tflite import densified_twin, read_model
from zoo.xnnpack import engagement

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
    assert list(found["breaks"]) == ["weights_through_densify"]
    assert found["ready"]


@pytest.mark.parametrize("name", [SPARSE_FACE, POSE])
def test_published_sparse_files_run_sparse_wherever_the_processor_allows(name: str) -> None:
    assert describe(installed(name))["sparse_on"] == ["wasm", "arm64", "x86"]


def test_hand_landmark_names_its_five_stride_2_layers_and_what_mends_them() -> None:
    breaks = engagement(read_model(installed("mediapipe/hand_landmark_full")), "wasm").breaks
    rules = [found.rule for found in breaks]
    assert rules[:5] == ["first_conv_padding"] + ["depthwise_same_padding"] * 4
    assert rules[5:] == ["weights_through_densify", "zero_share"]
    assert all("stride 2x2, uses SAME padding on" in found.where for found in breaks[:5])
    assert "pads 0 before, 1 after" in breaks[1].where
    assert breaks[1].remedies[0] == Remedy("pad_symmetric", exact=True)


def test_palm_detection_is_stopped_by_prelu_and_max_pool() -> None:
    text = " ".join(describe(installed("mediapipe/palm_detection_full"))["breaks"].values())
    assert "PRELU" in text
    assert "MAX_POOL_2D" in text
