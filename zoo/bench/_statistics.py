"""Medians, and the paired ratio of two models' latency with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.records import Interval, LatencyRatio

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


def paired_ratio(blocks: Sequence[BlockSamples], *, numerator: str, denominator: str, seed: int) -> LatencyRatio | None:
    """The median over blocks of numerator / denominator, each the median of its runs in that block.

    Both took turns within a fraction of a second, so the machine's swings are in both and divide out. The interval is
    the percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): blocks are
    drawn with replacement, so that a block's pair stays together. None if fewer than `FEWEST_BLOCKS` hold both.
    """
    pairs = [
        float(np.median(block[numerator]) / np.median(block[denominator]))
        for block in blocks
        if block.get(numerator) and block.get(denominator) and np.median(block[denominator]) > 0
    ]
    if len(pairs) < FEWEST_BLOCKS:
        return None
    ratios = np.asarray(pairs)
    drawn = np.random.default_rng(seed).integers(0, len(ratios), size=(RESAMPLES, len(ratios)))
    medians = np.median(ratios[drawn], axis=1)
    low, high = np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return LatencyRatio(
        numerator=numerator,
        denominator=denominator,
        ratio=float(np.median(ratios)),
        interval=Interval(
            low=float(low),
            high=float(high),
            level=LEVEL,
            method=f"percentile bootstrap over blocks, {RESAMPLES} resamples",
        ),
        blocks=len(ratios),
    )
