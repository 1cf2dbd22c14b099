"""Which models round as they run is read from their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_detector import tiny_keras
from zoo.bench._rounding import NO_ROUNDING, QUANTIZED_SHARE, rounding_of
from zoo.convert import Stored, keras_to_tflite
from zoo.tflite import compute_in_float


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Stored, Path]:
    # TensorFlow quantizes no kernel of fewer than 1,024 weights; the wide one has more.
    model, folder = tiny_keras(seed=5, middle="wide"), tmp_path_factory.mktemp("rounding")
    made = {stored: folder / f"{stored}.tflite" for stored in ("float16", "int8-weights", "int8")}
    for stored, path in made.items():
        path.write_bytes(keras_to_tflite(model, stored))
    return made


def test_float_models_do_not_round(files: dict[Stored, Path], published_sparse: Path) -> None:
    assert rounding_of(files["float16"]) == NO_ROUNDING
    assert rounding_of(published_sparse) == NO_ROUNDING


def test_int8_models_round_and_their_outputs_come_in_steps(files: dict[Stored, Path]) -> None:
    found = rounding_of(files["int8"])
    assert found.share == QUANTIZED_SHARE
    assert found.step > 0


def test_int8_weights_count_where_layers_compute_with_them(files: dict[Stored, Path], tmp_path: Path) -> None:
    assert rounding_of(files["int8-weights"]).share == QUANTIZED_SHARE
    in_float = tmp_path / "in_float.tflite"
    in_float.write_bytes(compute_in_float(files["int8-weights"].read_bytes()))
    assert rounding_of(in_float) == NO_ROUNDING
