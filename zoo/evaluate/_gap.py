"""How far pruning widens the gap between the best and the worst group, with an interval that chance does not fool."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.evaluate._evidence import value_of
from zoo.evaluate._intervals import LEVEL, Span, from_parts, percentile
from zoo.evaluate._statistics import Statistic
from zoo.evaluate._tally import RESAMPLES, SEED, Floats, resampled_weights
from zoo.records import Interval, PairedDifference

_METHOD = (
    f"paired bootstrap over pictures within each group, {RESAMPLES} resamples: percentile and basic together, no "
    "narrower than the changes of the groups at the ends, and clear of zero only beyond what chance widens"
)


def gap_change(
    sparse: Sequence[Statistic],
    dense: Sequence[Statistic],
    changes: Sequence[PairedDifference | None],
    *,
    metric: str,
) -> PairedDifference | None:
    """The range of `sparse` over G groups minus that of `dense`, with its 95% interval; above 0 the gap widened.

    Each takes one entry a group; `changes`: sparse minus dense in that group. None with fewer than two groups, or
    where a group has no value, or no interval of its change: then it is too small for the metric.

    Pictures are resampled within each group, the same ones for both models. How many pictures of a group there are is
    how the data was put together and no property of the models; drawn over all pictures, a small group would come out
    smaller still in half of the resamples, or empty. Each group draws by a seed of its own: with one seed, groups of
    the same size would draw the same positions, and rise and fall together.

    A range is never below zero and grows with every noise, so its resamples lie too high, and a plain percentile
    interval calls a gap widened where pruning costs all groups the same. The interval therefore spans four:

    - the percentile interval, and the basic one, which mirrors it about the estimate and so leans the other way;
    - square-and-add (Newcombe 1998) of the changes of the groups at the ends, which keeps few samples from looking
      sure where resamples do not differ;
    - at its low end, the estimate less what chance widens: the 97.5% point of resamples in which the change of every
      group is moved to the mean change. The interval is clear of zero only where the gap widened by more than that.
    """
    known = [change for change in changes if change is not None]
    if len(known) < max(2, len(changes)):
        return None
    ours, theirs = (np.array([value_of(one) for one in groups]) for groups in (sparse, dense))
    value = float(np.ptp(ours) - np.ptp(theirs))
    drawn = [_resampled(pair, number) for number, pair in enumerate(zip(sparse, dense, strict=True))]
    ours_drawn, theirs_drawn = (np.stack([pair[side] for pair in drawn], axis=1) for side in (0, 1))
    alike = ours_drawn - (ours - theirs) + (ours - theirs).mean()
    middle = percentile(np.ptp(ours_drawn, axis=1) - np.ptp(theirs_drawn, axis=1))
    chance = percentile(np.ptp(alike, axis=1) - np.ptp(theirs_drawn, axis=1))
    if middle is None or chance is None:
        return None
    spans = (
        middle,
        (2 * value - middle[1], 2 * value - middle[0]),
        (value - chance[1], value),
        *(_of_the_ends(value, side, known) for side in (ours, theirs)),
    )
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    return PairedDifference(
        a=known[0].a,
        b=known[0].b,
        metric=metric,
        value=value,
        interval=Interval(low=low, high=high, level=LEVEL, method=_METHOD),
        n=sum(one.pictures for one in sparse),
    )


def _resampled(pair: tuple[Statistic, Statistic], number: int) -> tuple[Floats, Floats]:
    """(RESAMPLES,) values of both models on the same draws of the pictures of group `number`."""
    slices = [
        (pair[0].values(weights), pair[1].values(weights))
        for weights in resampled_weights(pair[0].pictures, seed=SEED + 1 + number)
    ]
    return np.concatenate([one for one, _ in slices]), np.concatenate([other for _, other in slices])


def _of_the_ends(value: float, side: Floats, changes: Sequence[PairedDifference]) -> Span:
    """`value` with the reach of the difference between the changes of the groups at the ends of `side` (G,).

    Of groups at the same end the smallest is taken, the least sure.
    """
    lowest, highest = (
        sorted(range(len(side)), key=lambda group: (sign * side[group], changes[group].n)) for sign in (1, -1)
    )
    worst = lowest[0]
    best = highest[0] if highest[0] != worst else highest[1]
    (a, a_span), (b, b_span) = (
        (one.value, (one.interval.low, one.interval.high)) for one in (changes[best], changes[worst])
    )
    low, high = from_parts(a, a_span, b, b_span)
    return value - (a - b - low), value + (high - (a - b))
