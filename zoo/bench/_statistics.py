"""Medians, and the paired ratio of two models' latency with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.records import Estimate, Interval, LatencyRatio

LEVEL = 0.95
RESAMPLES = 4000
FEWEST_BLOCKS = 5
"""With fewer pairs, a 95% interval of a median is the range of the pairs and says nothing."""

BlockSamples = Mapping[str, Sequence[float]]
"""Single inferences of one block by model, milliseconds."""


def percentiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """The 10th, 50th and 90th percentile of at least one sample, in the samples' unit."""
    low, middle, high = np.percentile(np.asarray(samples, dtype=np.float64), [10, 50, 90])
    return float(low), float(middle), float(high)


def paired_ratio(
    sessions: Sequence[Sequence[BlockSamples]], *, numerator: str, denominator: str, seed: int
) -> LatencyRatio | None:
    """The median over all blocks of numerator / denominator, each the median of its runs in that block.

    Both took turns within a fraction of a second, so the machine's swings are in both and divide out. The interval is
    the percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13) at both levels
    at which measurements vary: sessions are drawn with replacement, and within each its blocks, a block's pair staying
    together. None if fewer than `FEWEST_BLOCKS` hold both.
    """
    pairs = [ratios for session in sessions if (ratios := _block_ratios(session, numerator, denominator))]
    blocks = sum(len(ratios) for ratios in pairs)
    if blocks < FEWEST_BLOCKS:
        return None
    low, high = _bootstrap(pairs, np.random.default_rng(seed))
    return LatencyRatio(
        numerator=numerator,
        denominator=denominator,
        ratio=float(np.median(np.concatenate(pairs))),
        interval=Interval(
            low=low,
            high=high,
            level=LEVEL,
            method=f"percentile bootstrap over sessions and their blocks, {RESAMPLES} resamples",
        ),
        blocks=blocks,
        sessions=len(pairs),
    )


def _block_ratios(session: Sequence[BlockSamples], numerator: str, denominator: str) -> list[float]:
    return [
        float(np.median(block[numerator]) / np.median(block[denominator]))
        for block in session
        if block.get(numerator) and block.get(denominator) and np.median(block[denominator]) > 0
    ]


def _bootstrap(pairs: Sequence[Sequence[float]], random: np.random.Generator) -> tuple[float, float]:
    """Quantiles of the median over redrawn sessions and blocks. Sessions keep the number of their blocks."""
    lengths = np.array([len(ratios) for ratios in pairs])
    longest = int(lengths.max())
    table = np.full((len(pairs), longest), np.inf)
    for row, ratios in enumerate(pairs):
        table[row, : len(ratios)] = ratios
    drawn = random.integers(0, len(pairs), size=(RESAMPLES, len(pairs)))
    kept = lengths[drawn][..., None]
    blocks = (random.random((RESAMPLES, len(pairs), longest)) * kept).astype(np.int64)
    # A session gives as many blocks as it has; what a shorter one lacks sorts behind all ratios.
    values = np.where(np.arange(longest) < kept, table[drawn[..., None], blocks], np.inf)
    ordered = np.sort(values.reshape(RESAMPLES, -1), axis=1)
    count = kept.sum(axis=(1, 2))
    middle = np.stack([(count - 1) // 2, count // 2], axis=1)
    medians = np.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    low, high = np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def median_estimate(samples: Sequence[float], *, seed: int) -> Estimate:
    """The median of at least one sample with its percentile bootstrap interval; none for fewer than `FEWEST_BLOCKS`."""
    values = np.asarray(samples, dtype=np.float64)
    if len(values) < FEWEST_BLOCKS:
        return Estimate(value=float(np.median(values)), n=len(values))
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(np.median(values[drawn], axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    method = f"percentile bootstrap of the median, {RESAMPLES} resamples"
    interval = Interval(low=float(low), high=float(high), level=LEVEL, method=method)
    return Estimate(value=float(np.median(values)), n=len(values), interval=interval)
