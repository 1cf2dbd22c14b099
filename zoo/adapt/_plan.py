"""Which rewrites make a model engage: the cheapest list that is exact, and a cheaper one that is not, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zoo.adapt._rewrite import Adapted, Rewrite, apply_rewrites
from zoo.errors import InputError
from zoo.records import RuleBreak
from zoo.tflite import Model, read_model
from zoo.xnnpack import readiness

MOST_LISTS_TRIED = 96
"""Lists of rewrites that a search tries at most; the models of this zoo need fewer than twenty."""


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

    `cheaper`: a ready plan with inexact rewrites whose cost is lower (or the only ready one); None where there is none.
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
    data: bytes, rewrites: Mapping[str, Rewrite], cost: Callable[[Model, Model], float], *, name: str
) -> Suggestion:
    """Search for lists of `rewrites` after which the model breaks no structural rule.

    Each step mends the first broken rule that a rewrite is known for; where several are, each is tried. `cost` compares
    the rewritten model with the given one. Raises InputError where the bytes are no sound model.
    """
    original = read_model(data, name=name)
    ready: list[Plan] = []
    closest: Plan | None = None
    waiting = [Adapted(data, ())]
    seen: set[frozenset[str]] = {frozenset()}
    tried = 0
    while waiting and tried < MOST_LISTS_TRIED:
        state = waiting.pop(0)
        tried += 1
        model = read_model(state.data, name=name)
        breaks = tuple(readiness(model))
        plan = Plan(state, breaks, cost(model, original))
        if not breaks:
            ready.append(plan)
            continue
        if closest is None or len(breaks) < len(closest.breaks):
            closest = plan
        for following in _next(state, breaks, rewrites, name):
            names = frozenset(each.name for each in following.applied)
            if names not in seen:
                seen.add(names)
                waiting.append(following)
    exact = min((plan for plan in ready if plan.adapted.exact), key=_merit, default=None)
    inexact = min((plan for plan in ready if not plan.adapted.exact), key=_merit, default=None)
    if exact and inexact and inexact.cost >= exact.cost:
        inexact = None
    return Suggestion(exact, inexact, None if ready else closest)


def _merit(plan: Plan) -> tuple[float, int]:
    return round(plan.cost, 3), len(plan.names)


def _next(state: Adapted, breaks: tuple[RuleBreak, ...], rewrites: Mapping[str, Rewrite], name: str) -> list[Adapted]:
    """The states one rewrite further, for the first rule that any rewrite changes something about."""
    used = {each.name for each in state.applied}
    for rule in dict.fromkeys(found.rule for found in breaks):
        candidates = dict.fromkeys(
            each.rewrite for found in breaks if found.rule == rule for each in found.remedies
        )
        reached = []
        for candidate in candidates:
            if candidate in used or candidate not in rewrites:
                continue
            try:
                step = apply_rewrites(state.data, [rewrites[candidate]], name=name, skip_idle=True)
            except InputError:
                continue  # it says where it does not fit; another list may
            if step.applied:
                reached.append(Adapted(step.data, (*state.applied, *step.applied)))
        if reached:
            return reached
    return []
