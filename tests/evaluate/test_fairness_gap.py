"""How pruning changes the gap between groups: against plain loops, and against what chance alone makes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from zoo.evaluate import FairnessEvidence, judge_groups
from zoo.evaluate._statistics import Ratio
from zoo.records import FairnessColumn, PairedDifference

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def column_of(dense: Ratio, sparse: Ratio, sizes: list[int]) -> FairnessColumn:
    """The pictures of the first group, then those of the second, and so on."""
    labels = [{"group": f"g{number:02}"} for number, size in enumerate(sizes) for _ in range(size)]
    models = {"dense": dense, "sparse": sparse}
    return judge_groups(FairnessEvidence({"metric": models}, {"metric": "higher"}, labels, "faces")).columns[0]


def change_of(dense: Ratio, sparse: Ratio, sizes: list[int]) -> PairedDifference:
    change = column_of(dense, sparse, sizes).gap_change
    assert change is not None
    return change


def share(found: Bools) -> Ratio:
    return Ratio.of_trials(found, np.arange(len(found)), len(found))


def mean(values: Floats) -> Ratio:
    return Ratio(values, np.ones(len(values)), "mean")


def looped(dense: list[Floats], sparse: list[Floats], *, resamples: int, seed: int) -> tuple[float, Floats, Floats]:
    """The change of the range, its resamples, and those with every group's change moved to the mean change."""
    generator = np.random.default_rng(seed)
    changes = [float(s.mean() - d.mean()) for d, s in zip(dense, sparse, strict=True)]
    middle = math.fsum(changes) / len(changes)
    plain, alike = [], []
    for _ in range(resamples):
        dense_means, sparse_means, moved_means = [], [], []
        for d, s, change in zip(dense, sparse, changes, strict=True):
            drawn = [int(generator.integers(len(d))) for _ in range(len(d))]
            dense_means.append(sum(d[n] for n in drawn) / len(d))
            sparse_means.append(sum(s[n] for n in drawn) / len(s))
            moved_means.append(sparse_means[-1] - change + middle)
        dense_range = max(dense_means) - min(dense_means)
        plain.append(max(sparse_means) - min(sparse_means) - dense_range)
        alike.append(max(moved_means) - min(moved_means) - dense_range)
    value = float(np.ptp([s.mean() for s in sparse]) - np.ptp([d.mean() for d in dense]))
    return value, np.array(plain), np.array(alike)


def test_the_interval_is_that_of_a_plain_loop() -> None:
    generator = np.random.default_rng(2)
    sizes = [40, 70, 55]
    dense = [generator.gamma(2, 0.02, size) for size in sizes]
    sparse = [values + generator.normal(0.01 + 0.02 * (n == 1), 0.02, len(values)) for n, values in enumerate(dense)]
    column = column_of(mean(np.concatenate(dense)), mean(np.concatenate(sparse)), sizes)
    change = column.gap_change
    assert change is not None
    value, plain, alike = looped(dense, sparse, resamples=800, seed=3)
    assert change.value == pytest.approx(value)
    low, high = np.quantile(plain, [0.025, 0.975])
    lows, highs = [low, 2 * value - high, value - np.quantile(alike, 0.975)], [high, 2 * value - low]
    for means in ([s.mean() for s in sparse], [d.mean() for d in dense]):
        best, worst = (column.groups[int(end)].change for end in (np.argmax(means), np.argmin(means)))
        assert best is not None
        assert worst is not None
        lows.append(value - math.hypot(best.value - best.interval.low, worst.interval.high - worst.value))
        highs.append(value + math.hypot(best.interval.high - best.value, worst.value - worst.interval.low))
    # 800 and 2,000 resamples leave the ends uncertain by some hundredths of the width.
    width = max(highs) - min(lows)
    assert change.interval.low == pytest.approx(min(lows), abs=width * 0.08)
    assert change.interval.high == pytest.approx(max(highs), abs=width * 0.08)


def test_shares_are_never_surer_than_a_plain_loop() -> None:
    generator = np.random.default_rng(4)
    sizes = [60, 90]
    dense = [generator.uniform(size=size) < 0.95 for size in sizes]
    sparse = [found & (generator.uniform(size=len(found)) > 0.03 + 0.2 * n) for n, found in enumerate(dense)]
    change = change_of(share(np.concatenate(dense)), share(np.concatenate(sparse)), sizes)
    as_numbers = [[found.astype(float) for found in model] for model in (dense, sparse)]
    value, plain, _ = looped(*as_numbers, resamples=800, seed=5)
    assert change.value == pytest.approx(value)
    low, high = np.quantile(plain, [0.025, 0.975])
    assert change.interval.low <= low + 0.01
    assert change.interval.high >= high - 0.01
    assert change.interval.high - change.interval.low < 2 * (high - low)


def test_both_models_are_drawn_on_the_same_pictures() -> None:
    generator = np.random.default_rng(6)
    hard = generator.gamma(2, 1.0, 120)
    paired = change_of(mean(hard), mean(hard + generator.normal(0, 0.05, 120)), [60, 60])
    apart = change_of(mean(hard), mean(generator.permutation(hard)), [60, 60])
    width = paired.interval.high - paired.interval.low
    assert width < (apart.interval.high - apart.interval.low) / 5


def test_groups_of_one_size_do_not_rise_and_fall_together() -> None:
    values = np.random.default_rng(7).gamma(2, 1.0, 40)
    change = change_of(mean(np.ones(80)), mean(np.concatenate([values, values])), [40, 40])
    assert change.value == pytest.approx(0.0)
    # The standard error of the difference between two groups' means.
    error = math.sqrt(2 * values.var() / 40)
    assert change.interval.high > error


def test_a_loss_that_is_the_same_for_all_is_rarely_called_a_wider_gap() -> None:
    generator = np.random.default_rng(8)
    clear = 0
    for _ in range(40):
        dense = np.ones(7 * 57, bool)
        change = change_of(share(dense), share(generator.uniform(size=len(dense)) > 0.05), [57] * 7)
        clear += change.interval.low > 0
    # 1 or 2 are expected; a plain percentile interval says so in nearly all.
    assert clear <= 4


def test_a_wider_gap_is_held_by_its_interval_and_seen() -> None:
    generator = np.random.default_rng(9)
    held = seen = 0
    for _ in range(40):
        dense = generator.uniform(size=300) < 0.97
        lost = generator.uniform(size=300) < np.where(np.arange(300) < 150, 0.02, 0.22)
        change = change_of(share(dense), share(dense & ~lost), [150, 150])
        held += change.interval.low <= 0.97 * 0.2 <= change.interval.high
        seen += change.interval.low > 0
    assert held >= 34
    assert seen >= 37


def test_few_faces_that_are_all_found_leave_it_open() -> None:
    found = share(np.ones(20, bool))
    change = change_of(found, found, [10, 10])
    assert change.value == 0.0
    assert change.interval.low < -0.2
    assert change.interval.high > 0.2


def test_one_group_has_no_gap() -> None:
    found = share(np.ones(40, bool))
    assert column_of(found, found, [40]).gap_change is None
