"""Each rule on the smallest graph that meets it or breaks it alone."""

from __future__ import annotations

import pytest

from tests.xnnpack.cases import CASES, DENSE, OUTCOMES, SPARSE, WRONG, Case, file_of
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.records import EngagementVerdict
from zoo.tflite import Model, read_model
from zoo.xnnpack import TARGETS, engagement, readiness

STRUCTURE_HOLDS = {"zero_share", "weights_through_densify"}


def outcome(verdict: EngagementVerdict) -> str:
    return verdict.summary.split()[0].lower()


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    result: Case = request.param
    return result


def test_verdict_and_reason(case: Case) -> None:
    verdict, expected = engagement(read_model(case.file()), "wasm"), OUTCOMES[case.name]
    assert outcome(verdict) == expected.told
    assert list(dict.fromkeys(found.rule for found in verdict.breaks)) == expected.rules
    assert verdict.sparse == (expected.told == SPARSE)
    for found in engagement(read_model(case.file()), "x86-avx").breaks:
        assert found.where
        assert ": " in found.upstream or "does not check" in found.upstream
        assert found.advice.endswith(".")


def test_verdict_is_what_the_runtime_was_seen_to_do_or_says_why_not(case: Case) -> None:
    expected = OUTCOMES[case.name]
    assert (expected.told == expected.seen) == (not case.because)
    # Where the two differ, the verdict promises no more than the runtime keeps.
    assert expected.told == expected.seen or expected.told == WRONG


def test_readiness_is_about_structure_alone(case: Case) -> None:
    assert (readiness(read_model(case.file())) == []) == (set(OUTCOMES[case.name].rules) <= STRUCTURE_HOLDS)


def test_corpus_names_are_unique_and_all_outcomes_known() -> None:
    names = [case.name for case in CASES]
    assert sorted(names) == sorted(set(names)) == sorted(OUTCOMES)
    assert {known.told for known in OUTCOMES.values()} == {SPARSE, DENSE, WRONG}


def model_of(name: str) -> Model:
    return read_model(file_of(name))


@pytest.mark.parametrize(("target", "sparse"), [("wasm", True), ("arm64", True), ("x86", True), ("x86-avx", False)])
def test_avx_alone_turns_a_sound_model_dense(target: str, sparse: bool) -> None:
    verdict = engagement(model_of("mean_over_1_2"), target)
    assert verdict.sparse == sparse
    assert [found.rule for found in verdict.breaks] == ([] if sparse else ["cpu_allows_sparse"])


def test_verdict_names_the_region_and_its_zeros() -> None:
    verdict = engagement(model_of("depth_to_space_2"), "wasm")
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


def test_unknown_target_is_a_usage_error() -> None:
    with pytest.raises(InputError, match="riscv"):
        engagement(model_of("mean_over_1_2"), "riscv")
    assert "wasm" in TARGETS
