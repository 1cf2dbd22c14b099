"""Intervals of the metrics on labels: those of scipy's bootstrap, and paired differences that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from tests.evaluate.labelled import drawn_found, drawn_truth
from tests.evaluate.test_metrics_coco import value
from tests.evaluate.test_metrics_points import drawn_hands
from zoo.evaluate import align, compare, detection_statistics, estimate_all, longer_side, mean_error, pck
from zoo.evaluate._statistics import Ratio
from zoo.evaluate._tally import resampled_sums, resampled_weights
from zoo.records import QualityRecord, VariantQuality


def test_weights_are_the_draws_of_the_sums() -> None:
    counts = np.random.default_rng(1).poisson(3.0, (50, 2)).astype(float)
    weights = np.concatenate(list(resampled_weights(50, resamples=300, seed=9)))
    assert (weights.sum(axis=1) == 50).all()
    np.testing.assert_array_equal(weights @ counts, resampled_sums(counts, resamples=300, seed=9))


def test_the_interval_of_average_precision_is_a_bootstrap_over_pictures() -> None:
    generator = np.random.default_rng(6)
    truths = [drawn_truth(generator) for _ in range(60)]
    found = [drawn_found(generator, truth) for truth in truths]
    (estimate,) = estimate_all({"ap50": detection_statistics(found, truths, score_threshold=0.0)["ap50"]}).values()
    plain = []
    for _ in range(120):
        rows = generator.integers(0, 60, 60)
        again = detection_statistics([found[n] for n in rows], [truths[n] for n in rows], score_threshold=0.0)
        plain.append(value(again["ap50"]))
    low, high = np.quantile(plain, [0.025, 0.975])
    assert estimate.interval is not None
    assert estimate.n == sum(int((~truth.ignore).sum()) for truth in truths)
    # 120 resamples leave the ends of the plain interval uncertain by about a fifth of its width.
    assert estimate.interval.low == pytest.approx(low, abs=(high - low) * 0.35)
    assert estimate.interval.high == pytest.approx(high, abs=(high - low) * 0.35)


def test_a_share_is_never_surer_than_its_trials() -> None:
    trials = np.ones(12, bool)
    estimate = estimate_all({"share": Ratio.of_trials(trials, np.arange(12), 12)})["share"]
    wilson = binomtest(12, 12).proportion_ci(method="wilson")
    assert estimate.interval is not None
    assert (estimate.interval.low, estimate.interval.high) == pytest.approx((wilson.low, wilson.high))


def test_a_mean_of_few_pictures_has_no_interval() -> None:
    few = drawn_hands(3, pictures=8)
    assert estimate_all({"error": mean_error(few, longer_side(few))})["error"].interval is None


def test_statistics_of_different_pictures_are_not_resampled_together() -> None:
    one, other = (Ratio(np.ones(count), np.ones(count), "mean") for count in (4, 5))
    with pytest.raises(ValueError, match=r"statistics of \[4, 5\] pictures"):
        estimate_all({"one": one, "other": other})


def test_nothing_measured_gives_nothing() -> None:
    assert estimate_all({}) == {}
    assert estimate_all({"none": Ratio(np.zeros(0), np.zeros(0), "share")}) == {}
    assert estimate_all({"none": Ratio(np.zeros(40), np.zeros(40), "mean")}) == {}


def test_dense_against_sparse_is_paired() -> None:
    generator = np.random.default_rng(8)
    truths = [drawn_truth(generator, most=2, points=21) for _ in range(80)]
    dense = [drawn_found(generator, truth, amount=4.0, alarms=0) for truth in truths]
    # The sparse model is the dense one with a little more noise, so it errs on the same pictures.
    sparse = [
        type(one)(one.scores, one.boxes, one.points + generator.normal(0, 1.5, one.points.shape)) for one in dense
    ]
    models = {}
    for name, found in {"dense": dense, "sparse": sparse}.items():
        aligned = align(found, truths)
        sizes = longer_side(aligned)
        models[name] = {
            "mean_error": mean_error(aligned, sizes),
            "pck@0.05": pck(aligned, sizes, threshold=0.05),
            **detection_statistics(found, truths, score_threshold=0.3),
        }
    variants, differences = compare(models, [("sparse", "dense")])
    by_metric = {one.metric: one for one in differences}
    assert set(by_metric) == {"mean_error", "pck@0.05", "ap", "ap50", "precision", "recall", "f_score"}
    error = by_metric["mean_error"]
    values = {variant.name: variant.metrics["mean_error"] for variant in variants}
    assert error.value == pytest.approx(values["sparse"].value - values["dense"].value)
    assert error.interval.low > 0
    own = values["dense"].interval
    assert own is not None
    assert error.interval.high - error.interval.low < (own.high - own.low) / 2
    assert by_metric["pck@0.05"].interval.high < 0
    # The boxes are the same, so nothing differs.
    assert by_metric["ap"].interval.low == by_metric["ap"].value == by_metric["ap"].interval.high == 0.0
    assert {one.n for one in differences} == {80}
    # They fit the record that holds them.
    fields = QualityRecord.model_fields
    assert all(isinstance(variant, VariantQuality) for variant in variants)
    assert {"variants", "differences"} <= set(fields)


def test_intervals_of_paired_differences_hold_the_truth() -> None:
    generator = np.random.default_rng(12)
    covered = 0
    for _ in range(100):
        hard = generator.gamma(2.0, 1.0, 60)
        count = generator.integers(1, 4, 60).astype(float)
        dense = Ratio(hard * count, count, "mean")
        sparse = Ratio((hard + generator.normal(0.3, 0.5, 60)) * count, count, "mean")
        _, (difference,) = compare({"dense": {"error": dense}, "sparse": {"error": sparse}}, [("sparse", "dense")])
        covered += difference.interval.low <= 0.3 <= difference.interval.high
    # 95 are expected, and a binomial draw is below 86 less than once in a thousand.
    assert covered >= 86
