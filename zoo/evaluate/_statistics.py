"""A metric as a function of how often each picture counts: its value, its interval and paired differences follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from zoo.evaluate._estimates import FEW_PICTURES
from zoo.evaluate._intervals import LEVEL, Span, from_parts, hull, paired_shares, percentile, wilson, wilson_f_score
from zoo.evaluate._tally import RESAMPLES, Bools, Floats, resampled_weights
from zoo.records import Estimate, Interval, PairedDifference, VariantQuality

Positions = npt.NDArray[np.int64]

_BOOTSTRAP = f"bootstrap over pictures, {RESAMPLES} resamples"


class Statistic(Protocol):
    """Something measured on P pictures."""

    @property
    def pictures(self) -> int:
        """P."""

    @property
    def samples(self) -> int:
        """The count that it is a mean or share of."""

    def values(self, weights: Floats) -> Floats:
        """(R,) for `weights` (R, P), how often each picture counts; NaN where there is nothing to divide by."""

    def of(self, chosen: Bools) -> Statistic:
        """The same on some of the pictures; `chosen`: (P,)."""


@dataclass(frozen=True)
class Ratio:
    """Sums over pictures: `top` (P,) by `bottom` (P,).

    `kind`: a `share` is hits by trials and has Wilson's interval; an `f_score` is twice the matches by what both sides
    have together; a `mean` is a sum by a count and has no closed form. `trials` (N,), for a share whose trials are the
    same for every model: which of them succeed; `picture` (N,): the position of the picture of each.
    """

    top: Floats
    bottom: Floats
    kind: Literal["share", "f_score", "mean"]
    trials: Bools | None = None
    picture: Positions | None = None

    @staticmethod
    def of_trials(trials: Bools, picture: Positions, pictures: int) -> Ratio:
        """The share of trials that succeed, which are the same for every model."""
        top = np.bincount(picture, trials, pictures).astype(np.float64)
        bottom = np.bincount(picture, minlength=pictures).astype(np.float64)
        return Ratio(top, bottom, "share", trials, picture)

    @property
    def pictures(self) -> int:
        return len(self.top)

    @property
    def samples(self) -> int:
        bottom = float(self.bottom.sum())
        return round(bottom - float(self.top.sum()) / 2 if self.kind == "f_score" else bottom)

    def values(self, weights: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((weights @ self.top) / (weights @ self.bottom), np.float64)

    def closed_form(self) -> Span | None:
        """Wilson's interval; None for a mean."""
        top, bottom = float(self.top.sum()), float(self.bottom.sum())
        if bottom <= 0 or self.kind == "mean":
            return None
        return wilson(top, bottom) if self.kind == "share" else wilson_f_score(top / 2, bottom - top / 2)

    def of(self, chosen: Bools) -> Ratio:
        if self.trials is None or self.picture is None:
            return Ratio(self.top[chosen], self.bottom[chosen], self.kind)
        kept = chosen[self.picture]
        position = np.cumsum(chosen) - 1
        return Ratio.of_trials(self.trials[kept], position[self.picture[kept]], int(chosen.sum()))


def estimate_all(statistics: Mapping[str, Statistic]) -> dict[str, Estimate]:
    """Each statistic that has a value, with its sample count and 95% interval; all are of the same pictures.

    The interval is the middle of the resampled values, and no narrower than Wilson's where there is that. Without it, a
    few pictures give none.

    Raises ValueError for statistics of different numbers of pictures.
    """
    resampled = _resampled(list(statistics.values()))
    found = {
        name: _estimate(statistic, values)
        for (name, statistic), values in zip(statistics.items(), resampled, strict=True)
    }
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def compare(
    models: Mapping[str, Mapping[str, Statistic]], pairs: Sequence[tuple[str, str]]
) -> tuple[list[VariantQuality], list[PairedDifference]]:
    """Every model's estimates, and for each pair `(a, b)` of models `a` minus `b` of each statistic that both have.

    The resamples are the same for all, so differences are paired. Differences without a value or an interval are left
    out. Raises ValueError for models measured on different numbers of pictures.
    """
    every = {(model, metric): one for model, metrics in models.items() for metric, one in metrics.items()}
    resampled = dict(zip(every, _resampled(list(every.values())), strict=True))
    variants = []
    for model, metrics in models.items():
        found = {metric: _estimate(one, resampled[model, metric]) for metric, one in metrics.items()}
        values = {metric: estimate for metric, estimate in found.items() if estimate is not None}
        variants.append(VariantQuality(name=model, metrics=values))
    shared = [(a, b, metric) for a, b in pairs for metric in models[a] if metric in models[b]]
    differences = [
        _difference(
            (a, b, metric),
            (every[a, metric], every[b, metric]),
            resampled[a, metric] - resampled[b, metric],
        )
        for a, b, metric in shared
    ]
    return variants, [difference for difference in differences if difference is not None]


def _resampled(statistics: Sequence[Statistic]) -> list[Floats]:
    """(RESAMPLES,) values of each, drawn together."""
    counts = {statistic.pictures for statistic in statistics}
    if len(counts) > 1:
        raise ValueError(f"statistics of {sorted(counts)} pictures cannot be resampled together")
    if not counts or counts == {0}:
        return [np.full(RESAMPLES, np.nan) for _ in statistics]
    slices: list[list[Floats]] = [[] for _ in statistics]
    for weights in resampled_weights(counts.pop()):
        for values, statistic in zip(slices, statistics, strict=True):
            values.append(statistic.values(weights))
    return [np.concatenate(values) for values in slices]


def _value(statistic: Statistic) -> float:
    return float(statistic.values(np.ones((1, statistic.pictures)))[0])


def _span(statistic: Statistic, resampled: Span | None) -> tuple[Span | None, str]:
    exact = statistic.closed_form() if isinstance(statistic, Ratio) else None
    if exact is not None:
        return hull(resampled, exact), f"{_BOOTSTRAP}, no narrower than Wilson's"
    return (resampled if statistic.pictures >= FEW_PICTURES else None), _BOOTSTRAP


def _estimate(statistic: Statistic, resampled: Floats) -> Estimate | None:
    value = _value(statistic)
    if not math.isfinite(value):
        return None
    span, method = _span(statistic, percentile(resampled))
    interval = Interval(low=span[0], high=span[1], level=LEVEL, method=method) if span else None
    return Estimate(value=value, n=statistic.samples, interval=interval)


def _difference(
    key: tuple[str, str, str], pair: tuple[Statistic, Statistic], resampled: Floats
) -> PairedDifference | None:
    a, b, metric = key
    values = _value(pair[0]), _value(pair[1])
    if not all(math.isfinite(value) for value in values):
        return None
    span, method = _difference_span(*pair, values, percentile(resampled))
    if span is None:
        return None
    interval = Interval(low=span[0], high=span[1], level=LEVEL, method=method)
    return PairedDifference(a=a, b=b, metric=metric, value=values[0] - values[1], interval=interval, n=pair[0].pictures)


def _difference_span(
    a: Statistic, b: Statistic, values: tuple[float, float], resampled: Span | None
) -> tuple[Span | None, str]:
    if isinstance(a, Ratio) and isinstance(b, Ratio) and a.trials is not None and b.trials is not None:
        only_a, only_b = int((a.trials & ~b.trials).sum()), int((b.trials & ~a.trials).sum())
        exact = paired_shares(only_a, only_b, len(a.trials))
        return hull(resampled, exact), f"paired {_BOOTSTRAP}, no narrower than Bonett and Price's"
    if a.pictures >= FEW_PICTURES:
        return resampled, f"paired {_BOOTSTRAP}"
    parts = [_span(statistic, None)[0] for statistic in (a, b)]
    if parts[0] is None or parts[1] is None:
        return None, ""
    span = from_parts(values[0], parts[0], values[1], parts[1])
    return hull(resampled, span), "Newcombe's from the two intervals, for few pictures"
