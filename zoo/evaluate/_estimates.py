"""Estimates with intervals, and paired differences, from counts picture by picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.evaluate._intervals import (
    LEVEL,
    Span,
    from_parts,
    hull,
    paired_shares,
    percentile,
    wilson,
    wilson_f_score,
)
from zoo.evaluate._tally import (
    CANDIDATES,
    HITS,
    LABELLED,
    MATCHED,
    REFERENCES,
    RESAMPLES,
    WITH_POINTS,
    Floats,
    Tallies,
    metrics,
    resampled_sums,
)
from zoo.records import Estimate, Interval, PairedDifference

FEW_PICTURES = 30
"""Below this, resampling a handful of pictures shows too little of what others might give."""

_BOOTSTRAP = f"bootstrap over pictures, {RESAMPLES} resamples"


@dataclass(frozen=True)
class Estimator:
    """Estimates of all models on the same pictures; the resamples are drawn once."""

    tallies: Tallies
    _totals: dict[str, Floats] = field(init=False)
    _resampled: dict[str, dict[str, Floats]] = field(init=False)

    def __post_init__(self) -> None:
        models = self.tallies.models
        stacked = np.stack([tally.counts for tally in models.values()], axis=1)
        sums = resampled_sums(stacked) if self.tallies.pictures else np.zeros((0, *stacked.shape[1:]))
        object.__setattr__(self, "_totals", {name: tally.counts.sum(axis=0) for name, tally in models.items()})
        object.__setattr__(self, "_resampled", {name: metrics(sums[:, number]) for number, name in enumerate(models)})

    def estimates(self, model: str) -> dict[str, Estimate]:
        """Every metric of the model that has a value, in a fixed order."""
        found = {name: self.estimate(model, name) for name in metrics(self._totals[model])}
        return {name: estimate for name, estimate in found.items() if estimate is not None}

    def estimate(self, model: str, metric: str) -> Estimate | None:
        """One metric with its sample count (what it divides by) and interval; None where it has no value."""
        totals = self._totals[model]
        value = float(metrics(totals)[metric])
        if not math.isfinite(value):
            return None
        span, method = self._span(model, metric)
        interval = Interval(low=span[0], high=span[1], level=LEVEL, method=method) if span else None
        return Estimate(value=value, n=_samples(totals, metric), interval=interval)

    def _span(self, model: str, metric: str) -> tuple[Span | None, str]:
        totals = self._totals[model]
        resampled = percentile(self._resampled[model][metric])
        exact = _proportion_span(totals, metric)
        if exact is not None:
            return hull(resampled, exact), f"{_BOOTSTRAP}, no narrower than Wilson's"
        # A mean over the matches of a few pictures has no closed form that stays honest.
        return (resampled if self.tallies.pictures >= FEW_PICTURES else None), _BOOTSTRAP

    def difference(self, a: str, b: str, metric: str) -> PairedDifference | None:
        """`a` minus `b` on the same pictures; None where either has no value, or no interval can be given."""
        ours, theirs = self.estimate(a, metric), self.estimate(b, metric)
        if ours is None or theirs is None:
            return None
        span, method = self._difference_span(a, b, metric, ours, theirs)
        if span is None:
            return None
        return PairedDifference(
            a=a,
            b=b,
            metric=metric,
            value=ours.value - theirs.value,
            interval=Interval(low=span[0], high=span[1], level=LEVEL, method=method),
            n=int(self.tallies.labelled.sum()) if metric == "labelled_recall" else self.tallies.pictures,
        )

    def _difference_span(
        self, a: str, b: str, metric: str, ours: Estimate, theirs: Estimate
    ) -> tuple[Span | None, str]:
        resampled = percentile(self._resampled[a][metric] - self._resampled[b][metric])
        trials = _paired_trials(self.tallies, a, b, metric)
        if trials is not None:
            return hull(resampled, paired_shares(*trials)), f"paired {_BOOTSTRAP}, no narrower than Bonett and Price's"
        if self.tallies.pictures >= FEW_PICTURES:
            return resampled, f"paired {_BOOTSTRAP}"
        if ours.interval is None or theirs.interval is None:
            return None, ""
        parts = [(part.interval.low, part.interval.high) for part in (ours, theirs) if part.interval]
        span = from_parts(ours.value, parts[0], theirs.value, parts[1])
        return hull(resampled, span), "Newcombe's from the two intervals, for few pictures"


def differences(estimator: Estimator, pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> list[PairedDifference]:
    """All differences that have a value, pair by pair."""
    found = [estimator.difference(a, b, metric) for a, b in pairs for metric in names]
    return [difference for difference in found if difference is not None]


def _samples(totals: Floats, metric: str) -> int:
    by_metric = {
        "precision": totals[CANDIDATES],
        "recall": totals[REFERENCES],
        "f_score": _either(totals),
        "mean_iou": totals[MATCHED],
        "keypoint_error": totals[WITH_POINTS],
        "labelled_recall": totals[LABELLED],
    }
    return int(by_metric[metric])


def _either(totals: Floats) -> float:
    """Detections that either side has, matched ones counted once."""
    return float(totals[CANDIDATES] + totals[REFERENCES] - totals[MATCHED])


def _proportion_span(totals: Floats, metric: str) -> Span | None:
    """Wilson's interval where the metric is a proportion, or a function of one."""
    if metric == "precision":
        return wilson(totals[MATCHED], totals[CANDIDATES])
    if metric == "recall":
        return wilson(totals[MATCHED], totals[REFERENCES])
    if metric == "labelled_recall":
        return wilson(totals[HITS], totals[LABELLED])
    if metric == "f_score":
        return wilson_f_score(totals[MATCHED], _either(totals))
    return None


def _paired_trials(tallies: Tallies, a: str, b: str, metric: str) -> tuple[int, int, int] | None:
    """Trials that only `a`, and that only `b`, has right, and all; None where the metric has no shared trials."""
    if metric == "recall":
        ours, theirs = tallies.models[a].found, tallies.models[b].found
    elif metric == "labelled_recall":
        ours, theirs = (tallies.models[name].hits[tallies.labelled] for name in (a, b))
    else:
        return None
    return int((ours & ~theirs).sum()), int((theirs & ~ours).sum()), len(ours)
