"""The score threshold at which a detector agrees best with a reference.

The best threshold of a few pictures is a noisy thing: the F-score is nearly flat about its top, and one false alarm
more moves the top far. So the pictures are redrawn many times, each draw votes for its best threshold, and the mean in
logits is taken (bagging: Breiman, Bagging Predictors, 1996). Where thresholds are equally good, a draw votes for the
nearest to the graph's own; and unless two thirds of the draws lie on one side of that, it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.evaluate._detection_metrics import match_boxes
from zoo.evaluate._tally import SEED, Bools, Floats
from zoo.evaluate._truth import Found, Truth
from zoo.runtimes import Detection, match_runs

VOTES = 200
"""Draws of the pictures; the mean of so many moves by a fourteenth of what one draw's choice does."""
AGREEING = 2 / 3
"""Share of the draws that must lie on one side of the graph's threshold before another is chosen."""
EDGE = 1e-6
"""Scores are kept so far from 0 and 1, where their logits end."""


@dataclass(frozen=True)
class ThresholdChoice:
    """`f_score` is what detections at or above `threshold` reach against `reference_detections` detections."""

    threshold: float
    f_score: float
    reference_detections: int


@dataclass(frozen=True)
class Ranked:
    """Detections of all pictures, highest score first. D detections, P pictures.

    `scores` and `hits`, whether each is right: (D,). `picture`: (D,), which picture each is of. `objects`: (P,), how
    many there are to be found in each.
    """

    scores: Floats
    hits: Bools
    picture: npt.NDArray[np.intp]
    objects: npt.NDArray[np.intp]

    def f_score(self, threshold: float) -> float:
        """That of the detections with a score of `threshold` or more; 0 without any."""
        kept = self.scores >= threshold
        total = int(kept.sum()) + int(self.objects.sum())
        return 2 * float(self.hits[kept].sum()) / total if total else 0.0


def best_threshold(
    candidate: Sequence[Sequence[Detection]],
    reference: Sequence[Sequence[Detection]],
    *,
    iou_threshold: float,
    graph_threshold: float,
) -> ThresholdChoice:
    """The threshold of highest F-score: `candidate` run at a low threshold, `reference` at the graph's own.

    One matching serves every threshold, because what a detection matches does not depend on those of lower score.
    The answer is `graph_threshold` itself where that keeps the same detections or the pictures do not say which way to
    go; else it lies midway, in logits, between the lowest score kept and the highest one dropped, so that neither
    rounding nor the shift of a calibration moves a detection across it. Raises InputError where either side has no
    detection to choose by.
    """
    return choose(rank_runs(candidate, reference, iou_threshold), graph_threshold)


def best_threshold_by_labels(
    found: Sequence[Found], truths: Sequence[Truth], *, iou_threshold: float, graph_threshold: float
) -> ThresholdChoice:
    """The threshold of highest F-score against labels; `found` at a low threshold.

    Crowds and objects to be ignored count neither way. Otherwise as `best_threshold`, whose answer it gives.
    """
    scores: list[Floats] = []
    hits: list[Bools] = []
    for one, truth in zip(found, truths, strict=True):
        matched = match_boxes(one, truth, iou_threshold=iou_threshold)
        counted = ~matched.ignored[0]
        scores.append(one.scores[matched.order][counted])
        hits.append(matched.hit[0][counted])
    objects = [int((~truth.ignore & ~np.isnan(truth.boxes).any(axis=1)).sum()) for truth in truths]
    return choose(_ranked(scores, hits, objects), graph_threshold)


def f_score_at(
    candidate: Sequence[Sequence[Detection]],
    reference: Sequence[Sequence[Detection]],
    *,
    threshold: float,
    iou_threshold: float,
) -> float:
    """F-score of the detections with a score of `threshold` or more, as the graph keeps them; 0 without any."""
    return rank_runs(candidate, reference, iou_threshold).f_score(threshold)


def vote(ranked: Ranked, weights: npt.NDArray[np.intp], own: float) -> float:
    """The logit of the threshold of highest F-score where each picture counts `weights` (P,) times.

    Of equally good ones the nearest to the logit `own`; `own` itself where these pictures can choose nothing.
    """
    each = weights[ranked.picture]
    total = np.cumsum(each) + int(weights @ ranked.objects)
    # A threshold cannot cut between two equal scores: only the last of each run counts.
    possible = np.flatnonzero(np.append(np.diff(ranked.scores) < 0, True))
    f_scores = (2 * np.cumsum(each * ranked.hits) / np.maximum(total, 1))[possible]
    if f_scores.max() <= 0:
        return own
    best = f_scores >= f_scores.max() - 1e-12
    logits = logit(ranked.scores[possible])
    # The k-th possible threshold keeps all from its score up and drops the next; neighbours that are as good are one.
    firsts = np.flatnonzero(best & ~np.append(False, best[:-1]))
    lasts = np.flatnonzero(best & ~np.append(best[1:], False))
    highs, lows = logits[firsts], np.append(logits, logits[-1] - 2 * EDGE)[lasts + 1]
    if np.any((lows < own) & (own <= highs)):
        return own
    middles = (lows + highs) / 2
    return float(middles[np.argmin(np.abs(middles - own))])


def choose(ranked: Ranked, graph_threshold: float) -> ThresholdChoice:
    """As `best_threshold`, of detections that were matched."""
    objects = int(ranked.objects.sum())
    if objects == 0 or not ranked.hits.any():
        raise InputError(
            "nothing that the reference finds is found on the calibration pictures, so no score threshold can be "
            "chosen; give pictures that show more"
        )
    pictures = len(ranked.objects)
    own = float(logit(np.array(graph_threshold)))
    draws = np.random.default_rng(SEED).multinomial(pictures, np.full(pictures, 1 / pictures), size=VOTES)
    votes = np.array([vote(ranked, draw, own) for draw in draws])
    threshold = float(1 / (1 + np.exp(-votes.mean())))
    kept = int((ranked.scores >= threshold).sum())
    agreed = max((votes < own).mean(), (votes > own).mean()) >= AGREEING
    if not agreed or kept == (ranked.scores >= graph_threshold).sum():
        threshold = graph_threshold
    elif kept > 0:
        below = ranked.scores[kept] if kept < len(ranked.scores) else 0.0
        threshold = _between(float(below), float(ranked.scores[kept - 1]))
    return ThresholdChoice(threshold, ranked.f_score(threshold), objects)


def rank_runs(
    candidate: Sequence[Sequence[Detection]], reference: Sequence[Sequence[Detection]], iou_threshold: float
) -> Ranked:
    """Match each picture's detections with the reference's, at an overlap of `iou_threshold`."""
    matches = match_runs(candidate, reference, iou_threshold=iou_threshold)
    scores = [np.array(match.candidate_scores, np.float64) for match in matches]
    right = [{pair.candidate for pair in match.pairs} for match in matches]
    hits = [np.array([n in found for n in range(len(one))], bool) for one, found in zip(scores, right, strict=True)]
    return _ranked(scores, hits, [match.references for match in matches])


def _ranked(scores: Sequence[Floats], hits: Sequence[Bools], objects: Sequence[int]) -> Ranked:
    every = np.concatenate([*scores, np.zeros(0)])
    order = np.argsort(-every, kind="stable")
    return Ranked(
        scores=every[order],
        hits=np.concatenate([*hits, np.zeros(0, bool)])[order],
        picture=np.repeat(np.arange(len(scores)), [len(one) for one in scores])[order],
        objects=np.array(objects, np.intp),
    )


def _between(low: float, high: float) -> float:
    """Midway in logits; just below `high` where nothing lies under it."""
    if low <= EDGE:
        return high - min(EDGE, high / 2)
    return float(1 / (1 + np.exp(-logit(np.array([low, high])).mean())))


def logit(shares: Floats) -> Floats:
    """Of shares between 0 and 1, kept `EDGE` away from both."""
    inside: Floats = np.clip(shares, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))
