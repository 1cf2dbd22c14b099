"""Two-sided 95% intervals, as `(low, high)`. All are closed forms or work on resamples made elsewhere."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)

Span = tuple[float, float]


def wilson(successes: float, trials: float) -> Span:
    """Wilson's score interval of a proportion (Wilson 1927); wide for few trials, also at 0 and at 1.

    Raises ValueError without trials.
    """
    if trials <= 0:
        raise ValueError("an interval needs at least one trial")
    share = successes / trials
    spread = _Z * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    centre = share + _Z**2 / (2 * trials)
    scale = 1 + _Z**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def wilson_f_score(matched: float, either: float) -> Span:
    """Wilson's interval of the F-score, by way of the Jaccard index `J = matched / either`, since F = 2J / (1 + J).

    `either`: detections that either side has, matched ones counted once.
    """
    low, high = wilson(matched, either)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def paired_shares(only_a: int, only_b: int, trials: int) -> Span:
    """Interval of the difference `a - b` of two proportions over the same trials.

    `only_a`, `only_b`: trials in which one succeeds and the other does not. Wald's interval with one trial added to
    either count (Bonett and Price 2012, "Adjusted Wald confidence interval for a difference of binomial proportions
    based on paired data"), which stays wide for few trials even when no trial differs.
    """
    a, b = (only_a + 1) / (trials + 2), (only_b + 1) / (trials + 2)
    spread = _Z * math.sqrt(max(0.0, a + b - (a - b) ** 2) / (trials + 2))
    return max(-1.0, a - b - spread), min(1.0, a - b + spread)


def from_parts(a: float, a_span: Span, b: float, b_span: Span) -> Span:
    """Interval of `a - b` from those of its parts, as if they were independent.

    Newcombe's square-and-add (1998); wider than a paired interval where the parts rise and fall together.
    """
    low = math.hypot(a - a_span[0], b_span[1] - b)
    high = math.hypot(a_span[1] - a, b - b_span[0])
    return a - b - low, a - b + high


def percentile(values: npt.NDArray[np.float64]) -> Span | None:
    """Middle 95% of resampled values, those without a value (NaN) left out; None where more than half have none."""
    finite = values[np.isfinite(values)]
    if 2 * len(finite) < len(values) or len(finite) == 0:
        return None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def hull(*spans: Span | None) -> Span | None:
    """The smallest span that holds all given ones; None without any."""
    given = [span for span in spans if span is not None]
    if not given:
        return None
    return min(low for low, _ in given), max(high for _, high in given)
