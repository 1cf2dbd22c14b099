"""Intervals hold the truth about as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

from tests.evaluate.synthetic import drawn_tallies
from zoo.evaluate._estimates import Estimator
from zoo.evaluate._intervals import from_parts, hull, paired_shares, percentile, wilson, wilson_f_score
from zoo.evaluate._tally import resampled_sums


@pytest.mark.parametrize(("hits", "trials"), [(0, 5), (3, 7), (57, 60), (60, 60), (411, 2000)])
def test_wilson_is_scipys(hits: int, trials: int) -> None:
    theirs = binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((theirs.low, theirs.high))


def test_wilson_needs_a_trial() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        wilson(0, 0)


def test_f_score_interval_holds_the_f_score() -> None:
    low, high = wilson_f_score(80, 100)
    assert low < 2 * 80 / 180 < high


def test_resampling_is_that_of_scipy() -> None:
    generator = np.random.default_rng(3)
    counts = generator.poisson(2.0, (80, 2)).astype(float)
    ratio = resampled_sums(counts, resamples=8000, seed=1)
    ours = percentile(ratio[:, 0] / ratio[:, 1])
    theirs = bootstrap(
        (counts[:, 0], counts[:, 1]),
        lambda a, b, axis: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=8000,
        method="percentile",
        random_state=2,
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_resampling_is_the_same_each_time_and_for_each_model() -> None:
    counts = np.arange(30.0).reshape(15, 2)
    assert (resampled_sums(counts) == resampled_sums(counts)).all()
    alone = resampled_sums(counts[:, :1])
    assert (alone == resampled_sums(counts)[:, :1]).all()


def test_estimates_and_paired_differences_cover_the_truth() -> None:
    generator = np.random.default_rng(11)
    rounds = 150
    covered: dict[str, int] = {}
    for _ in range(rounds):
        tallies, truth = drawn_tallies(generator, 120)
        estimator = Estimator(tallies)
        for metric in ("precision", "recall", "f_score"):
            estimate = estimator.estimate("sparse", metric)
            difference = estimator.difference("sparse", "dense", metric)
            assert estimate is not None
            assert estimate.interval is not None
            assert difference is not None
            gap = truth["sparse"][metric] - truth["dense"][metric]
            for name, interval, true in (
                (metric, estimate.interval, truth["sparse"][metric]),
                (f"{metric} difference", difference.interval, gap),
            ):
                covered[name] = covered.get(name, 0) + (interval.low <= true <= interval.high)
    # 95% of 150 is 142.5, and a binomial draw is below 133 once in a thousand.
    assert {name: count for name, count in covered.items() if count < 133} == {}


def test_a_paired_difference_is_sharper_than_its_parts() -> None:
    tallies, _ = drawn_tallies(np.random.default_rng(2), 300)
    estimator = Estimator(tallies)
    for metric in ("recall", "f_score"):
        ours, theirs = estimator.estimate("sparse", metric), estimator.estimate("dense", metric)
        paired = estimator.difference("sparse", "dense", metric)
        assert ours is not None
        assert theirs is not None
        assert paired is not None
        spans = [(part.interval.low, part.interval.high) for part in (ours, theirs) if part.interval]
        low, high = from_parts(ours.value, spans[0], theirs.value, spans[1])
        assert paired.interval.high - paired.interval.low < 0.8 * (high - low)


@pytest.mark.parametrize("trials", [10, 20, 60])
def test_paired_shares_cover_the_truth_in_small_groups(trials: int) -> None:
    generator = np.random.default_rng(5)
    rounds, covered = 2000, 0
    for _ in range(rounds):
        # Both find 88%, only a 4%, only b 7%, neither 1%.
        draw = generator.multinomial(trials, [0.88, 0.04, 0.07, 0.01])
        low, high = paired_shares(int(draw[1]), int(draw[2]), trials)
        covered += low <= -0.03 <= high
    assert covered / rounds > 0.93


def test_a_small_group_without_any_difference_keeps_a_wide_interval() -> None:
    low, high = paired_shares(0, 0, 10)
    assert low < -0.15
    assert high > 0.15


def test_parts_make_an_interval_around_their_difference() -> None:
    low, high = from_parts(0.9, (0.8, 0.95), 0.7, (0.6, 0.8))
    assert low < 0.2 < high
    assert low == pytest.approx(0.2 - np.hypot(0.1, 0.1))


def test_hull_and_percentile_without_values() -> None:
    assert hull(None, None) is None
    assert hull((0.1, 0.3), None, (0.2, 0.4)) == (0.1, 0.4)
    assert percentile(np.array([np.nan, np.nan, 1.0])) is None
