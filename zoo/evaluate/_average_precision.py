"""Average precision as COCO defines it (https://cocodataset.org/#detection-eval), for pictures that count unequally."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.evaluate._coco_matching import Matches
from zoo.evaluate._statistics import Positions
from zoo.evaluate._tally import Bools, Floats
from zoo.evaluate._truth import Found, Truth

COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Of overlap: intersection over union, or object key-point similarity."""
_RECALLS = np.linspace(0.0, 1.0, 101)
_MOST_CELLS = 4_000_000
"""Of the table of resamples by detections that is in memory at once: 32 MB."""


@dataclass(frozen=True)
class AveragePrecision:
    """Mean over T thresholds of the precision at 101 levels of recall, on P pictures.

    D detections of all pictures from the highest score down, those to be ignored at a threshold marked so. `picture`:
    (D,), position of the picture of each. `hit`, `ignored`: (T, D). `labelled`: (P,), labelled objects that count.
    """

    picture: Positions
    hit: Bools
    ignored: Bools
    labelled: Floats

    @property
    def pictures(self) -> int:
        return len(self.labelled)

    @property
    def samples(self) -> int:
        return int(self.labelled.sum())

    def values(self, weights: Floats) -> Floats:
        """(R,) for `weights` (R, P): a picture that counts twice is the same as two copies of it."""
        step = max(1, _MOST_CELLS // max(len(self.picture), 1))
        parts = [self._values(weights[start : start + step]) for start in range(0, len(weights), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def of(self, chosen: Bools) -> AveragePrecision:
        """The same on some of the pictures; `chosen`: (P,)."""
        kept = chosen[self.picture]
        position = np.cumsum(chosen) - 1
        return AveragePrecision(
            position[self.picture[kept]], self.hit[:, kept], self.ignored[:, kept], self.labelled[chosen]
        )

    def at(self, threshold: int) -> AveragePrecision:
        """The same at one of the thresholds, by its position."""
        one = slice(threshold, threshold + 1)
        return AveragePrecision(self.picture, self.hit[one], self.ignored[one], self.labelled)

    def _values(self, weights: Floats) -> Floats:
        labelled = weights @ self.labelled
        counts = weights[:, self.picture]
        so_far = np.cumsum(counts, axis=1)
        total = np.zeros(len(weights))
        for hit, ignored in zip(self.hit, self.ignored, strict=True):
            # Precision has its maxima and recall its steps at hits, so only these are looked at.
            right = np.cumsum(counts[:, hit], axis=1)
            taken = so_far[:, hit]
            if ignored.any():
                passed = np.pad(np.cumsum(counts[:, ignored], axis=1), ((0, 0), (1, 0)))
                taken = taken - passed[:, np.cumsum(ignored)[hit]]
            precision = right / (taken + np.spacing(1))
            best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
            with np.errstate(invalid="ignore", divide="ignore"):
                recall = right / labelled[:, None]
            total += [_interpolated(*row) for row in zip(recall, best, strict=True)]
        return np.where(labelled > 0, total / len(self.hit), np.nan)


def ranked(matches: Sequence[Matches], found: Sequence[Found], truths: Sequence[Truth]) -> AveragePrecision:
    """The matches of all pictures, put into one order of score; equal scores stay in the order of the pictures."""
    scores = np.concatenate([one.scores[match.order] for one, match in zip(found, matches, strict=True)])
    order = np.argsort(-scores, kind="stable")
    sizes = [len(match.order) for match in matches]
    return AveragePrecision(
        picture=np.repeat(np.arange(len(matches)), sizes)[order],
        hit=np.concatenate([match.hit for match in matches], axis=1)[:, order],
        ignored=np.concatenate([match.ignored for match in matches], axis=1)[:, order],
        labelled=np.array([(~truth.ignore).sum() for truth in truths], np.float64),
    )


def _interpolated(recall: Floats, precision: Floats) -> float:
    """Mean over the levels of recall of the best precision at that level or above; 0 where it is never reached."""
    if len(recall) == 0:
        return 0.0
    place = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(precision, 0.0)[place].mean())
