"""Medians, and the paired ratio of two models' latency with its interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from zoo.records import Estimate, Interval, LatencyRatio

LEVEL = 0.95
RESAMPLES = 4000
FEWEST_BLOCKS = 5
"""With fewer pairs, a 95% interval of a median is the range of the pairs and says nothing."""

FEWEST_SESSIONS = 10
"""With fewer, timing that ends at the first narrow interval too often ends at one that is narrow by chance."""

BlockSamples = Mapping[str, Sequence[float]]
"""Single inferences of one block by model, milliseconds."""


def percentiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """The 10th, 50th and 90th percentile of at least one sample, in the samples' unit."""
    low, middle, high = np.percentile(np.asarray(samples, dtype=np.float64), [10, 50, 90])
    return float(low), float(middle), float(high)


def paired_ratio(
    sessions: Sequence[Sequence[BlockSamples]], *, numerator: str, denominator: str, seed: int
) -> LatencyRatio | None:
    """How the time of one model compares with another's: the geometric mean over sessions of each session's ratio.

    A session's ratio is the median over its blocks of numerator / denominator, each the median of its runs in that
    block. Both took turns within a fraction of a second, so the machine's swings are in both and divide out. What a
    process decides for its whole life is in all its blocks alike, so a session counts as one sample: the interval is
    Student's t over the sessions' logarithms (Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013,
    section 6, where the highest level that varies is the one to count). A single session tells nothing of that; its
    interval is of its blocks alone, and its method says so. None if fewer than `FEWEST_BLOCKS` hold both.
    """
    pairs = [ratios for session in sessions if (ratios := _block_ratios(session, numerator, denominator))]
    blocks = sum(len(ratios) for ratios in pairs)
    if blocks < FEWEST_BLOCKS:
        return None
    ratio, interval = _over_sessions(pairs) if len(pairs) > 1 else _over_blocks(pairs[0], seed)
    return LatencyRatio(
        numerator=numerator,
        denominator=denominator,
        ratio=ratio,
        interval=interval,
        blocks=blocks,
        sessions=len(pairs),
    )


def narrow_enough(ratio: LatencyRatio | None, width: float) -> bool:
    """Whether there is an interval, no wider than `width` times the ratio."""
    return ratio is not None and ratio.interval.high - ratio.interval.low <= width * ratio.ratio


def _block_ratios(session: Sequence[BlockSamples], numerator: str, denominator: str) -> list[float]:
    return [
        statistics.median(block[numerator]) / statistics.median(block[denominator])
        for block in session
        if block.get(numerator) and block.get(denominator) and statistics.median(block[denominator]) > 0
    ]


def _over_sessions(pairs: Sequence[Sequence[float]]) -> tuple[float, Interval]:
    from scipy.stats import t

    logs = np.log([statistics.median(ratios) for ratios in pairs])
    middle = float(np.mean(logs))
    half = float(t.ppf((1 + LEVEL) / 2, len(logs) - 1) * np.std(logs, ddof=1) / math.sqrt(len(logs)))
    method = f"Student's t over the logarithms of {len(logs)} sessions' ratios"
    low, high = math.exp(middle - half), math.exp(middle + half)
    return math.exp(middle), Interval(low=low, high=high, level=LEVEL, method=method)


def _over_blocks(ratios: Sequence[float], seed: int) -> tuple[float, Interval]:
    low, high = _bootstrap(ratios, seed)
    method = f"percentile bootstrap over the blocks of a single session, {RESAMPLES} resamples"
    return statistics.median(ratios), Interval(low=low, high=high, level=LEVEL, method=method)


def _bootstrap(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The percentile bootstrap of the median (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13)."""
    from scipy.stats import bootstrap

    interval = bootstrap(
        (values,),
        np.median,
        confidence_level=LEVEL,
        n_resamples=RESAMPLES,
        method="percentile",
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def median_estimate(samples: Sequence[float], *, seed: int) -> Estimate:
    """The median of at least one sample with its percentile bootstrap interval; none for fewer than `FEWEST_BLOCKS`."""
    middle = float(np.median(samples))
    if len(samples) < FEWEST_BLOCKS:
        return Estimate(value=middle, n=len(samples))
    low, high = _bootstrap(samples, seed)
    method = f"percentile bootstrap of the median, {RESAMPLES} resamples"
    return Estimate(value=middle, n=len(samples), interval=Interval(low=low, high=high, level=LEVEL, method=method))
