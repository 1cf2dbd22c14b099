"""Sparsity with each precision and pattern: what engages is what the rules say, and a row says why where not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.ladder.conftest import tiny_plan
from zoo.convert import keras_to_tflite
from zoo.pipeline import measure_combinations
from zoo.progress import SilentProgress
from zoo.records import Combination, CombinationsRecord
from zoo.spec import Network
from zoo.student import seeded_network
from zoo.tflite import inventory, read_model


@pytest.fixture(scope="module")
def record(workplace: Path) -> CombinationsRecord:
    return measure_combinations(tiny_plan(workplace, sparsities=(), precisions=()), progress=SilentProgress())


def row(record: CombinationsRecord, name: str) -> Combination:
    return next(one for one in record.combinations if one.name == name)


@pytest.mark.parametrize("name", ["float32", "float16", "float16-blocks", "int8-in-float"])
def test_float_kernels_engage(record: CombinationsRecord, name: str) -> None:
    assert row(record, name).verdict.sparse
    assert row(record, name).file.bytes < row(record, name).dense.bytes


@pytest.mark.parametrize(
    ("name", "rule"), [("float16-2of4", "zero_share"), ("int8", "float_values"), ("int8-weights", "float_values")]
)
def test_what_does_not_engage_names_its_rule(record: CombinationsRecord, name: str, rule: str) -> None:
    verdict = row(record, name).verdict
    assert not verdict.sparse
    assert rule in {one.rule for one in verdict.breaks}


def test_two_of_four_leaves_half_of_the_weights(record: CombinationsRecord) -> None:
    assert row(record, "float16-2of4").zeros == 0.5
    assert row(record, "float16").zeros == pytest.approx(0.8, abs=0.005)


def test_dynamic_range_kernels_stay_dense_and_say_why(record: CombinationsRecord) -> None:
    dynamic = row(record, "int8-weights")
    assert dynamic.kept is not None
    assert dynamic.stored_sparse < dynamic.kernels
    assert dynamic.file.bytes == pytest.approx(dynamic.dense.bytes, rel=0.02)
    assert dynamic.gzip_bytes < dynamic.dense_gzip_bytes


def test_litert_refuses_what_tensorflow_itself_stores_sparse_at_dynamic_range() -> None:
    model = seeded_network(Network(family="mobilenet_v2", width=0.35, side=32, seed=5))
    for layer in model.layers:
        if layer.__class__.__name__ == "Conv2D" and layer.kernel_size == (1, 1):
            kernel, *others = layer.get_weights()
            layer.set_weights([np.where(np.abs(kernel) < np.quantile(np.abs(kernel), 0.8), 0, kernel), *others])
    data = keras_to_tflite(model, "int8-weights", sparse=True)
    assert "DENSIFY" in inventory(read_model(data)).operators
    with pytest.raises(RuntimeError, match="failed to delegate CONV_2D"):
        Interpreter(model_content=data).allocate_tensors()


def test_each_is_timed_against_its_twin_and_the_baseline(record: CombinationsRecord) -> None:
    assert record.complete
    timed = {
        (ratio.numerator, ratio.denominator)
        for together in record.timings
        for target in together.targets
        for ratio in target.ratios
    }
    for one in record.combinations:
        assert (one.name, f"{one.name}-twin") in timed, one.name
        assert (one.name, "float16-dense") in timed, one.name


def test_record_is_written_whole(record: CombinationsRecord, workplace: Path) -> None:
    path = tiny_plan(workplace).folder.root / "combinations.json"
    assert CombinationsRecord.model_validate_json(path.read_bytes()) == record
