"""The prediction where late maps are small, held against what was measured in WebAssembly and kept beside the fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.networks import CHECKED
from zoo.xnnpack import inspect_path

MEASURED = {
    row["name"]: row["ratio"]
    for row in json.loads((Path(__file__).parents[2] / "benchmarks" / "prediction.json").read_text())["networks"]
    if row["name"].startswith("v3-") and not row["fitted"]
}


@pytest.mark.parametrize("name", MEASURED)
def test_network_that_was_not_fitted_is_within_its_stated_error(name: str, tmp_path: Path) -> None:
    file = tmp_path / "net.tflite"
    file.write_bytes(CHECKED[name]())
    (gain,) = inspect_path(file, targets=["wasm"])[0].predictions
    assert gain.ratio is not None
    assert gain.error is not None
    assert abs(gain.ratio - MEASURED[name]) <= gain.error


def test_there_are_some() -> None:
    assert len(MEASURED) == 5
