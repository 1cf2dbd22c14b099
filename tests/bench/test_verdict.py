"""When sparse kernels are said to have run."""

from __future__ import annotations

import pytest

from zoo.bench._target import Target
from zoo.bench._verdict import judge_engagement
from zoo.records import Interval, KernelCount, LatencyRatio, Machine

PAIR = ("sparse", "twin")
WASM = Target(name="wasm", runtime="LiteRT in WebAssembly", command=("node",), threads=1, native=False, note="")
HOST = Target(name="host", runtime="LiteRT", command=("python",), threads=1, native=True, note="")
WITH_AVX = Machine(system="Linux", arch="x86_64", cpu_model="some", cores=2, has_avx=True, memory_gib=8)
ARM = Machine(system="Linux", arch="aarch64", cpu_model="some", cores=4, has_avx=False, memory_gib=8)


def _ratio(low: float, ratio: float, high: float, pair: tuple[str, str] = PAIR) -> LatencyRatio:
    return LatencyRatio(
        numerator=pair[0],
        denominator=pair[1],
        ratio=ratio,
        interval=Interval(low=low, high=high, method="percentile bootstrap"),
        blocks=30,
        sessions=3,
    )


@pytest.mark.parametrize(
    ("low", "ratio", "high", "engaged"),
    [(0.73, 0.76, 0.80, True), (0.98, 1.0, 1.02, False), (0.90, 0.97, 1.0, False), (0.75, 0.87, 1.4, None)],
)
def test_the_ratio_to_the_twin_tells_and_its_figures_are_in_the_words(
    low: float, ratio: float, high: float, engaged: bool | None
) -> None:
    verdict = judge_engagement(WASM, WITH_AVX, [], [_ratio(low, ratio, high)], controls=[PAIR])

    assert verdict.engaged is engaged
    assert f"{ratio:.2f} ({low:.2f} to {high:.2f}, 30 blocks)" in verdict.how_known


def test_without_a_twin_nothing_tells() -> None:
    other = _ratio(0.6, 0.7, 0.8, ("sparse", "published_dense"))

    assert judge_engagement(WASM, WITH_AVX, [], [other], controls=[]).engaged is None


def test_a_control_that_was_not_timed_leaves_it_open() -> None:
    verdict = judge_engagement(WASM, WITH_AVX, [], [], controls=[PAIR])

    assert verdict.engaged is None
    assert "sparse / twin" in verdict.how_known


def test_one_sparse_file_that_ran_dense_is_enough_to_deny_it() -> None:
    second = ("other", "other (twin)")

    verdict = judge_engagement(
        WASM, WITH_AVX, [], [_ratio(0.7, 0.75, 0.8), _ratio(0.98, 1.0, 1.02, second)], controls=[PAIR, second]
    )

    assert verdict.engaged is False


def test_where_the_rule_forbids_sparse_kernels_no_ratio_proves_them() -> None:
    verdict = judge_engagement(HOST, WITH_AVX, [], [_ratio(0.7, 0.75, 0.8)], controls=[PAIR])

    assert verdict.engaged is False
    assert "xnn_is_chw_compatible_config" in verdict.how_known
    assert "0.75" in verdict.how_known


def test_the_rule_is_about_the_machine_that_runs_the_model() -> None:
    assert judge_engagement(HOST, ARM, [], [_ratio(0.7, 0.75, 0.8)], controls=[PAIR]).engaged is True


@pytest.mark.parametrize(("sparse", "engaged"), [(48, True), (0, False)])
def test_counted_kernels_decide_even_where_they_gain_nothing(sparse: int, engaged: bool) -> None:
    counts = [
        KernelCount(name="sparse", sparse=sparse, how="counted"),
        KernelCount(name="twin", sparse=0, how="counted"),
    ]

    verdict = judge_engagement(WASM, WITH_AVX, counts, [_ratio(1.1, 1.2, 1.3)], controls=[PAIR])

    assert verdict.engaged is engaged
    assert f"sparse {sparse}; twin 0 (counted)" in verdict.how_known
    assert "1.20" in verdict.how_known
