"""Which rewrites make a model engage: the cheapest list that is exact, and a cheaper one that is not, if any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zoo.adapt._rewrite import Adapted, Rewrite, apply_rewrites
from zoo.errors import InputError
from zoo.records import RuleBreak
from zoo.tflite import Model, read_model
from zoo.xnnpack import predicted_cost, readiness

MOST_LISTS_TRIED = 64
"""Lists of rewrites that a search tries at most; the models of this zoo need fewer than twenty."""
WORTH_TRAINING = 0.01
"""Of the original's time: what an inexact list has to save, as it takes training to recover the outputs."""


@dataclass(frozen=True)
class Plan:
    """A list of rewrites for one file. `breaks`: the rules still broken after it; none where it makes the model ready.

    `cost`: the predicted time of the rewritten, pruned model over that of the model as it is, dense; a prediction.
    """

    adapted: Adapted
    breaks: tuple[RuleBreak, ...]
    cost: float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.adapted.applied)

    @property
    def ready(self) -> bool:
        return not self.breaks


@dataclass(frozen=True)
class Suggestion:
    """What a search found. `exact`: the cheapest ready plan of exact rewrites alone; None where there is none.

    `cheaper`: a ready plan with inexact rewrites that costs less (or the only ready one); None where there is none.
    `closest`: the plan with the fewest rules broken, where none is ready.
    """

    exact: Plan | None
    cheaper: Plan | None
    closest: Plan | None

    @property
    def best(self) -> Plan:
        """The plan to take first: exact where there is one, as it needs no training to recover."""
        best = self.exact or self.cheaper or self.closest
        assert best is not None  # noqa: S101 - one of the three is always set
        return best


def suggest(
    data: bytes,
    rewrites: Mapping[str, Rewrite],
    *,
    name: str,
    cost: Callable[[Model, Model], float] = predicted_cost,
) -> Suggestion:
    """Search for lists of `rewrites` after which the model breaks no structural rule.

    Each step mends the first broken rule that a rewrite is known for, by each of them in turn. A list is applied in the
    order of `rewrites`, whatever the order in which it was found. `cost` compares the rewritten model with the given
    one. Raises InputError where the bytes are no sound model.
    """
    original = read_model(data, name=name)
    ready: list[Plan] = []
    closest: tuple[Adapted, tuple[RuleBreak, ...]] | None = None
    waiting, seen = [Adapted(data, ())], {frozenset[str]()}
    for _ in range(MOST_LISTS_TRIED):
        if not waiting:
            break
        state = waiting.pop(0)
        model = read_model(state.data, name=name)
        breaks = tuple(readiness(model))
        if not breaks:
            ready.append(Plan(state, (), cost(model, original)))
            continue
        if closest is None or len(breaks) < len(closest[1]):
            closest = state, breaks
        for following in _next(data, state, breaks, rewrites, name):
            names = _names(following)
            if names not in seen:
                seen.add(names)
                waiting.append(following)
    exact = min((plan for plan in ready if plan.adapted.exact), key=_merit, default=None)
    inexact = min((plan for plan in ready if not plan.adapted.exact), key=_merit, default=None)
    if exact and inexact and inexact.cost > exact.cost - WORTH_TRAINING:
        inexact = None
    if ready or closest is None:
        return Suggestion(exact, inexact, None)
    state, breaks = closest
    return Suggestion(None, None, Plan(state, breaks, cost(read_model(state.data, name=name), original)))


def _merit(plan: Plan) -> tuple[float, int]:
    return round(plan.cost, 3), len(plan.names)


def _names(state: Adapted) -> frozenset[str]:
    return frozenset(each.name for each in state.applied)


def _next(
    data: bytes, state: Adapted, breaks: tuple[RuleBreak, ...], rewrites: Mapping[str, Rewrite], name: str
) -> list[Adapted]:
    """What one rewrite more makes of the file, for the first rule about which any changes something."""
    used = _names(state)
    for rule in dict.fromkeys(found.rule for found in breaks):
        remedies = dict.fromkeys(each.rewrite for found in breaks if found.rule == rule for each in found.remedies)
        reached = []
        for candidate in (each for each in remedies if each in rewrites and each not in used):
            wanted = [rewrite for each, rewrite in rewrites.items() if each in used | {candidate}]
            try:
                following = apply_rewrites(data, wanted, name=name, skip_idle=True)
            except InputError:
                continue  # it says where it does not fit; another list may
            # One that comes earlier may leave those after it nothing to do.
            if candidate in _names(following):
                reached.append(following)
        if reached:
            return reached
    return []
