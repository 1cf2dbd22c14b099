"""Each rule on the smallest graph that meets it or breaks it alone."""

from __future__ import annotations

import pytest

from tests.xnnpack.cases import CASES, DENSE, SPARSE, WRONG, Case
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.records import EngagementVerdict
from zoo.tflite import Model, read_model
from zoo.xnnpack import TARGETS, engagement, readiness

STRUCTURE_HOLDS = ("zero_share", "weights_through_densify")


def outcome(verdict: EngagementVerdict) -> str:
    return verdict.summary.split()[0].lower()


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    result: Case = request.param
    return result


def test_verdict_and_reason(case: Case) -> None:
    verdict = engagement(read_model(case.file()), "wasm")
    assert outcome(verdict) == case.outcome
    assert verdict.sparse == (case.outcome == SPARSE)
    assert (verdict.breaks[0].rule if verdict.breaks else None) == case.rule


def test_readiness_is_about_structure_alone(case: Case) -> None:
    ready = case.rule is None or case.rule in STRUCTURE_HOLDS
    assert (readiness(read_model(case.file())) == []) == ready


def test_every_break_names_an_operator_an_upstream_function_and_advice(case: Case) -> None:
    for found in engagement(read_model(case.file()), "x86-avx").breaks:
        assert found.where
        assert ": " in found.upstream or "does not check" in found.upstream
        assert found.advice.endswith(".")


def model_of(name: str) -> Model:
    return read_model(next(case for case in CASES if case.name == name).file())


@pytest.mark.parametrize(("target", "sparse"), [("wasm", True), ("arm64", True), ("x86", True), ("x86-avx", False)])
def test_avx_alone_turns_a_sound_model_dense(target: str, sparse: bool) -> None:
    verdict = engagement(model_of("ends_in_mean"), target)
    assert verdict.sparse == sparse
    assert [found.rule for found in verdict.breaks] == ([] if sparse else ["cpu_allows_sparse"])


def test_verdict_names_the_region_and_its_zeros() -> None:
    verdict = engagement(model_of("ends_in_depth_to_space"), "wasm")
    assert verdict.first_operator is not None
    assert verdict.first_operator.startswith("CONV_2D")
    assert verdict.last_operator is not None
    assert verdict.last_operator.startswith("DEPTH_TO_SPACE")
    assert verdict.zero_share == pytest.approx(0.9, abs=0.01)


def test_all_offenders_are_named_not_only_the_first() -> None:
    graph = Graph((1, 40, 40, 3))
    x = graph.depthwise(graph.max_pool(graph.stem()), stride=2)
    model = read_model(graph.output(graph.mean(graph.conv(graph.prelu(x), 16))))
    rules = [found.rule for found in readiness(model)]
    assert rules == ["operator_in_region", "depthwise_same_padding", "operator_in_region"]


def test_corpus_has_every_outcome() -> None:
    assert {case.outcome for case in CASES} == {SPARSE, DENSE, WRONG}


def test_unknown_target_is_a_usage_error() -> None:
    with pytest.raises(InputError, match="riscv"):
        engagement(model_of("ends_in_mean"), "riscv")
    assert "wasm" in TARGETS
