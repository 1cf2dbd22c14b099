"""When sparse kernels are said to have run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zoo.bench._targets import Target
from zoo.bench._verdict import judge_engagement
from zoo.records import Interval, LatencyRatio

PAIR = ("sparse", "twin")
WASM = Target(
    name="wasm", runtime="LiteRT in WebAssembly", command=("node",), package=None, sparse_allowed=True, note=""
)


def _ratio(low: float, ratio: float, high: float, pair: tuple[str, str] = PAIR) -> LatencyRatio:
    return LatencyRatio(
        numerator=pair[0],
        denominator=pair[1],
        ratio=ratio,
        interval=Interval(low=low, high=high, method="percentile bootstrap"),
        blocks=30,
    )


@pytest.mark.parametrize(
    ("low", "ratio", "high", "engaged"),
    [(0.73, 0.76, 0.80, True), (0.98, 1.0, 1.02, False), (0.90, 0.97, 1.0, False), (0.75, 0.87, 1.4, None)],
)
def test_the_ratio_to_the_twin_tells_and_its_figures_are_in_the_words(
    low: float, ratio: float, high: float, engaged: bool | None
) -> None:
    verdict = judge_engagement(WASM, [_ratio(low, ratio, high)], controls=[PAIR])

    assert verdict.engaged is engaged
    assert f"{ratio:.2f} ({low:.2f} to {high:.2f}, 30 blocks)" in verdict.how_known


def test_without_a_twin_nothing_tells() -> None:
    other = _ratio(0.6, 0.7, 0.8, ("sparse", "published_dense"))

    assert judge_engagement(WASM, [other], controls=[]).engaged is None


def test_a_control_that_was_not_timed_leaves_it_open() -> None:
    verdict = judge_engagement(WASM, [], controls=[PAIR])

    assert verdict.engaged is None
    assert "sparse / twin" in verdict.how_known


def test_one_sparse_file_that_ran_dense_is_enough_to_deny_it() -> None:
    second = ("other", "other (twin)")

    verdict = judge_engagement(WASM, [_ratio(0.7, 0.75, 0.8), _ratio(0.98, 1.0, 1.02, second)], controls=[PAIR, second])

    assert verdict.engaged is False


def test_where_the_rule_forbids_sparse_kernels_no_ratio_proves_them() -> None:
    host = replace(WASM, name="host", sparse_allowed=False)

    verdict = judge_engagement(host, [_ratio(0.7, 0.75, 0.8)], controls=[PAIR])

    assert verdict.engaged is False
    assert "xnn_is_chw_compatible_config" in verdict.how_known
    assert "0.75" in verdict.how_known
