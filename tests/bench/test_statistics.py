"""Paired ratios: right on data whose answer is known, and blind to what both models share."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.bench._statistics import FEWEST_BLOCKS, median_estimate, paired_ratio, percentiles

TRUE_RATIO = 0.75


def _blocks(seed: int, *, count: int = 40, runs: int = 5, swing: float = 0.5) -> list[dict[str, list[float]]]:
    """Both models share a swing of the machine in each block; each run has a little noise of its own."""
    random = np.random.default_rng(seed)
    blocks = []
    for _ in range(count):
        machine = float(np.exp(random.normal(0.0, swing)))
        blocks.append(
            {
                "fast": list(TRUE_RATIO * 20 * machine * np.exp(random.normal(0, 0.05, runs))),
                "slow": list(20 * machine * np.exp(random.normal(0, 0.05, runs))),
            }
        )
    return blocks


def test_ratio_is_found_though_the_machine_swings_far_more_than_the_models_differ() -> None:
    ratio = paired_ratio([_blocks(1)], numerator="fast", denominator="slow", seed=0)

    assert ratio is not None
    assert ratio.ratio == pytest.approx(TRUE_RATIO, rel=0.02)
    assert ratio.interval.low < TRUE_RATIO < ratio.interval.high
    assert ratio.interval.high - ratio.interval.low < 0.05
    assert ratio.blocks == 40


def test_interval_holds_the_true_ratio_about_as_often_as_its_level_says() -> None:
    held = 0
    for seed in range(100):
        ratio = paired_ratio([_blocks(seed, count=30)], numerator="fast", denominator="slow", seed=0)
        assert ratio is not None
        held += ratio.interval.low <= TRUE_RATIO <= ratio.interval.high

    assert 88 <= held <= 100


def test_interval_is_that_of_scipy() -> None:
    from scipy.stats import bootstrap

    blocks = _blocks(2)
    pairs = [np.median(block["fast"]) / np.median(block["slow"]) for block in blocks]
    theirs = bootstrap((pairs,), np.median, n_resamples=20_000, method="percentile", random_state=5).confidence_interval

    ours = paired_ratio([blocks], numerator="fast", denominator="slow", seed=0)

    assert ours is not None
    assert ours.interval.low == pytest.approx(theirs.low, rel=2e-3)
    assert ours.interval.high == pytest.approx(theirs.high, rel=2e-3)


def test_same_samples_give_the_same_interval() -> None:
    first, again = (paired_ratio([_blocks(3)], numerator="fast", denominator="slow", seed=7) for _ in range(2))

    assert first == again


def test_blocks_that_lack_a_model_are_no_pairs() -> None:
    blocks = _blocks(4)
    del blocks[0]["fast"], blocks[1]["slow"]

    ratio = paired_ratio([blocks], numerator="fast", denominator="slow", seed=0)

    assert ratio is not None
    assert ratio.blocks == 38


def test_too_few_pairs_give_no_ratio() -> None:
    assert paired_ratio([_blocks(5)[: FEWEST_BLOCKS - 1]], numerator="fast", denominator="slow", seed=0) is None


def _sessions(seed: int, *, count: int = 8, between: float = 0.05) -> list[list[dict[str, list[float]]]]:
    """Each process has a ratio of its own, as where weights lie in memory differs; blocks within vary far less."""
    random = np.random.default_rng(seed)
    sessions = []
    for at in range(count):
        own = float(np.exp(random.normal(0.0, between)))
        blocks = _blocks(1000 * seed + at, count=10)
        sessions.append([{"fast": [own * ms for ms in block["fast"]], "slow": block["slow"]} for block in blocks])
    return sessions


def test_interval_holds_the_true_ratio_where_processes_differ_more_than_their_blocks() -> None:
    held, held_by_blocks_alone = 0, 0
    for seed in range(100):
        sessions = _sessions(seed)
        pooled = [[block for session in sessions for block in session]]
        both = [paired_ratio(one, numerator="fast", denominator="slow", seed=0) for one in (sessions, pooled)]
        assert all(both)
        inside = [one.interval.low <= TRUE_RATIO <= one.interval.high for one in both if one]
        held, held_by_blocks_alone = held + inside[0], held_by_blocks_alone + inside[1]

    assert held >= 85
    assert held_by_blocks_alone < 80


def test_a_session_that_was_cut_off_counts_with_the_blocks_it_has() -> None:
    sessions = _sessions(3)
    cut = [sessions[0][:3], *sessions[1:]]

    ratio = paired_ratio(cut, numerator="fast", denominator="slow", seed=0)

    assert ratio is not None
    assert (ratio.blocks, ratio.sessions) == (73, 8)
    assert ratio.interval.low < ratio.ratio < ratio.interval.high


def test_an_estimate_of_few_samples_has_no_interval() -> None:
    assert median_estimate([3.0, 1.0, 2.0], seed=0).interval is None
    five = median_estimate([3.0, 1.0, 2.0, 5.0, 4.0], seed=0)

    assert five.value == 3.0
    assert five.interval is not None
    assert (five.interval.low, five.interval.high) == (1.0, 5.0)


def test_percentiles_come_in_order_low_middle_high() -> None:
    assert percentiles([float(value) for value in range(101)]) == (10.0, 50.0, 90.0)
