"""Gates hold declared limits against records, and what is not there never passes silently."""

from __future__ import annotations

from typing import Any

import pytest

from tests.card import _records
from zoo.records import Estimate, GateCounts, GateResult, StageRecord, Verdict, count_gates
from zoo.release import judge
from zoo.release._enough import times_as_much
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
    assert result.reason == "0.921 (95% interval 0.897 to 0.945), and all of the interval is at most 1."
    result = judge_one("quality.differences[a=sparse,b=published_sparse,metric=f_score].value", at_least=0.01)
    assert result.verdict == "not enough data"
    assert result.reason == (
        "0.004 (95% interval -0.008 to 0.016, n = 1,474), so there is not enough data to tell whether it is at least "
        "0.01; about 4,422 more pictures like these would tell."
    )


F_CHANGE = "quality.differences[a=sparse,b=published_sparse,metric=f_score].value"
"""0.004, whose interval is -0.008 to 0.016, on 1,474 pictures."""
LATENCY = "bench.targets[target=wasm].ratios[numerator=sparse,denominator=published_sparse].ratio"
"""0.921, whose interval is 0.897 to 0.945."""


@pytest.mark.parametrize(
    ("field", "limit", "verdict"),
    [
        (F_CHANGE, {"at_least": -0.008}, "passed"),
        (F_CHANGE, {"at_least": -0.0079}, "not enough data"),
        (F_CHANGE, {"at_least": 0.016}, "not enough data"),
        (F_CHANGE, {"at_least": 0.0161}, "failed"),
        (LATENCY, {"at_most": 0.945}, "passed"),
        (LATENCY, {"at_most": 0.944}, "not enough data"),
        (LATENCY, {"at_most": 0.897}, "not enough data"),
        (LATENCY, {"at_most": 0.896}, "failed"),
    ],
)
def test_an_estimate_holds_or_fails_only_with_its_whole_interval(
    field: str, limit: dict[str, float], verdict: Verdict
) -> None:
    result = judge_one(field, **limit)
    assert result.verdict == verdict
    assert result.passed == (verdict == "passed")


def test_an_estimate_at_its_very_limit_is_never_told() -> None:
    assert judge_one(F_CHANGE, at_least=0.004).reason.endswith(
        "it lies so near the limit that 100 times as much would not tell."
    )


def test_what_would_tell_a_latency_is_more_sessions() -> None:
    assert "more sessions like these would tell" in judge_one(LATENCY, at_most=0.93).reason


def test_an_estimate_without_an_interval_cannot_be_told() -> None:
    quality = _records.quality()
    variants = [each.model_copy(update={"metrics": {"f_score": Estimate(value=1.0, n=2)}}) for each in quality.variants]
    records = {"quality": quality.model_copy(update={"variants": variants})}
    result = judge_one("quality.variants[name=sparse].metrics.f_score.value", at_least=0.5, records=records)
    assert result.verdict == "not enough data"
    assert "it was measured on too little for an interval" in result.reason


def test_a_count_beside_an_estimate_is_no_estimate() -> None:
    field = F_CHANGE.replace(".value", ".n")
    assert judge_one(field, at_least=1_474).passed
    assert judge_one(field, at_least=1_475).verdict == "failed"


def test_of_several_estimates_a_failed_one_decides_before_one_that_lacks_data() -> None:
    quality = _records.quality()
    assert {each.value for each in quality.differences if each.metric == "f_score"} == {0.004, -0.02}
    result = judge_one("quality.differences[metric=f_score].value", at_least=-0.005)
    assert (result.verdict, result.value) == ("failed", -0.02)
    result = judge_one("quality.differences[metric=f_score].value", at_least=-0.01)
    assert (result.verdict, result.value) == ("not enough data", -0.02)


@pytest.mark.parametrize(
    ("low", "high", "limit", "times"), [(-1.0, 1.0, 2.0, 0.25), (-1.0, 1.0, 0.5, 4.0), (-3.0, 1.0, -1.0, 9.0)]
)
def test_an_interval_narrows_with_the_square_root_of_what_is_measured(
    low: float, high: float, limit: float, times: float
) -> None:
    assert times_as_much(0.0, low, high, limit) == pytest.approx(times)


def test_gates_are_counted_by_answer_and_those_of_samples_apart() -> None:
    results = judge(_records.spec(), _records.measured())
    counts = count_gates(results, sample_data=False)
    assert counts.hold + counts.fail + counts.unknown + counts.not_applicable == len(results)
    sample = count_gates(results, sample_data=True)
    assert sample.not_judged == sum(each.field.startswith(("quality.", "fairness.", "dropin.")) for each in results)
    assert GateCounts(hold=1, fail=0, unknown=2, not_applicable=1, not_judged=0).in_words() == (
        "1 holds, 0 fail, 2 lack data to tell, 1 does not apply"
    )


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
