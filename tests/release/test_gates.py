"""Gates hold declared limits against records, and what is not there never passes silently."""

from __future__ import annotations

from typing import Any

import pytest

from tests.card import _records
from zoo.records import GateResult, StageRecord
from zoo.release import judge
from zoo.spec import Gate


def judge_one(field: str, *, records: dict[str, StageRecord] | None = None, **limit: Any) -> GateResult:
    gate = Gate(name="a_gate", purpose="A purpose.", field=field, **limit)
    spec = _records.spec().model_copy(update={"gates": [gate]})
    return judge(spec, _records.measured() if records is None else records)[0]


def test_gates_of_the_shipped_spec_are_judged_in_order() -> None:
    spec = _records.spec()
    results = judge(spec, _records.measured())
    assert [result.name for result in results] == [*(gate.name for gate in spec.gates), "fairness_gap"]
    by_name = {result.name: result for result in results}
    assert by_name["sparse_bytes"].value == 482_244
    assert by_name["sparse_bytes"].passed
    assert by_name["sparse_kernels_engage"].value is True


def test_interval_and_count_stand_in_the_reason() -> None:
    result = judge_one(
        "bench.targets[target=wasm].ratios[numerator=sparse,denominator=published_sparse].ratio", at_most=1
    )
    assert result.passed
    assert result.value == 0.921
    assert result.reason == "0.921 (95% interval 0.897 to 0.945), which is at most 1."
    result = judge_one("quality.differences[a=sparse,b=published_sparse,metric=f_score].value", at_least=0.01)
    assert not result.passed
    assert result.reason == "0.004 (95% interval -0.008 to 0.016, n = 1,474), which is not at least 0.01."


def test_a_limit_includes_its_own_value() -> None:
    assert judge_one("bench.sizes[name=sparse].file.bytes", at_most=482_244).passed
    assert judge_one("bench.sizes[name=sparse].file.bytes", at_least=482_244).passed
    assert not judge_one("bench.sizes[name=sparse].file.bytes", at_most=482_243).passed


def test_values_in_brackets_may_hold_dots_and_equal_signs() -> None:
    result = judge_one("dropin.cells[variant=sparse,runtime=mediapipe==0.10.21].measured.f_score", at_least=0.9)
    assert result.passed
    assert result.value == 0.91


def test_where_several_entries_match_all_must_hold() -> None:
    result = judge_one("dropin.cells[pictures=60].status", equals="passed")
    assert result.passed
    assert result.reason == "passed, as required."
    cells = [cell.model_copy(update={"pictures": 60}) for cell in _records.dropin().cells]
    records = _records.measured() | {"dropin": _records.dropin().model_copy(update={"cells": cells})}
    result = judge_one("dropin.cells[pictures=60].status", equals="passed", records=records)
    assert not result.passed
    assert result.reason == "not tried (the worst of 2 that match), but passed is required."
    result = judge_one("bench.targets[target=wasm].ratios[numerator=sparse].ratio", at_most=0.95)
    assert result.passed
    assert result.value == 0.921


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("bench.targets[target=browser].engaged", "nothing in 'targets' has target=browser"),
        ("train.sparsity_by_layer.nowhere", "there is no 'nowhere'"),
        ("inspect.files[name=dense].verdicts[target=riscv].sparse", "nothing in 'verdicts' has target=riscv"),
    ],
)
@pytest.mark.parametrize("when_missing", ["fail", "skip"])
def test_a_missing_number_fails_unless_the_gate_allows_it(field: str, reason: str, when_missing: str) -> None:
    result = judge_one(field, equals=True, when_missing=when_missing)
    assert result.value is None
    assert reason in result.reason
    assert result.passed == (when_missing == "skip")
    assert result.reason.startswith("Skipped, as the spec allows." if result.passed else "Not measured")


def test_a_missing_record_fails() -> None:
    result = judge_one("quality.pictures", at_least=1, records={})
    assert not result.passed
    assert result.reason == "Not measured: there is no quality record."


def test_an_unknown_engagement_fails() -> None:
    records = _records.measured()
    wasm = _records.wasm().model_copy(update={"engaged": None})
    records["bench"] = _records.bench().model_copy(update={"targets": [wasm]})
    result = judge_one("bench.targets[target=wasm].engaged", equals=True, records=records)
    assert not result.passed
    assert result.reason == "Not known: the record holds no value there."


@pytest.mark.parametrize(
    "field",
    [
        "",
        "bench",
        "bench.",
        ".bench",
        "bench..sizes",
        "bemch.sizes[name=sparse].file.bytes",
        "bench.sizes[name].file.bytes",
        "bench.sizes[name=sparse.file.bytes",
        "bench.sizes[nmae=sparse].file.bytes",
        "bench.sizes.file.bytes",
        "bench.sizes[name=sparse].file",
        "bench.sizes[name=sparse].file.bites",
        "bench.sizes[name=sparse].name",
        "bench.sizes[name=sparse].file.bytes.more",
        "train.seed[a=b]",
        "data.split",
        "bench.__class__.x",
    ],
)
def test_a_misspelled_field_fails_even_where_missing_ones_are_skipped(field: str) -> None:
    result = judge_one(field, at_most=1e9, when_missing="skip")
    assert not result.passed
    assert result.reason.startswith("The spec is wrong: field ")


def test_a_number_cannot_equal_a_word() -> None:
    assert not judge_one("train.seed", equals="20210721").passed
