"""Which rewrites make a model engage: the cheapest list that is exact, and a cheaper one that is not, if any.

What is proposed was run beside the original, and its outputs are what the rewrites promise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from zoo.adapt._check import outputs_kept
from zoo.adapt._rewrite import Adapted, Rewrite, apply_rewrites
from zoo.errors import InputError
from zoo.records import RuleBreak
from zoo.tflite import Model, read_model
from zoo.xnnpack import predicted_cost, readiness_and_hindrances

MOST_LISTS_TRIED = 64
"""Lists of rewrites that a search tries at most; the models of this zoo need fewer than twenty."""
WORTH_TRAINING = 0.01
"""Of the original's time: what an inexact list has to save, as it takes training to recover the outputs."""
MOST_OPERATORS = 8_000
"""Of a network for which a plan is worked out; published ones have up to a few thousand."""
MOST_OPERATORS_TRIED = 60_000
"""In all lists that a search tries together: a second or two for each thousand of them."""
MOST_PLANS_CHECKED = 4
"""Plans of each kind that are run beside the original, the cheapest first, until one keeps its outputs."""
_DENSE = 1.0
_UNPACKING = ("DEQUANTIZE", "DENSIFY")


@dataclass(frozen=True)
class Plan:
    """A list of rewrites for one file. `breaks`: the rules still broken after it; none where it makes the model ready.

    `cost`: the predicted time of the rewritten, pruned model over that of the model as it is, dense; 1 where it is not
    ready, as it would run dense.
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

    @property
    def slower(self) -> bool:
        """Whether it is predicted to take as long as the original, or longer, to two decimals."""
        return self.ready and round(self.cost, 2) >= _DENSE


@dataclass(frozen=True)
class Suggestion:
    """What a search found. `exact`: the cheapest ready plan of exact rewrites alone; None where there is none.

    `cheaper`: a ready plan with inexact rewrites that costs less (or the only ready one); None where there is none.
    `closest`: the plan with the fewest rules broken, where none is ready. `unproven`: why a plan that would be ready
    is not among these, a clause of what its outputs did; empty where nothing was turned down. `unfinished`: a clause
    that says how far the search went where the network is too large to try all; else empty.
    """

    exact: Plan | None
    cheaper: Plan | None
    closest: Plan | None
    unproven: str = ""
    unfinished: str = ""

    @property
    def best(self) -> Plan | None:
        """The plan to take first: exact where there is one, as it needs no training to recover."""
        return self.exact or self.cheaper or self.closest


def suggest(
    data: bytes,
    rewrites: Mapping[str, Rewrite],
    *,
    name: str,
    cost: Callable[[Model, Model], float] = predicted_cost,
) -> Suggestion:
    """Search for lists of `rewrites` after which the model breaks no structural rule.

    Each step takes every rewrite that is the only remedy for a broken rule somewhere; where there is none, the first
    rule with several remedies is mended by each of them in turn. A list is applied in the order of `rewrites`. `cost`
    compares the rewritten model with the given one. Raises InputError where the bytes are no sound model.
    """
    original = read_model(data, name=name)
    operators = sum(operator.name not in _UNPACKING for operator in original.operators)
    if operators > MOST_OPERATORS:
        return Suggestion(
            None,
            None,
            None,
            unfinished=f"it has {operators:,} operators, and no plan is worked out for more than {MOST_OPERATORS:,}",
        )
    lists = min(MOST_LISTS_TRIED, MOST_OPERATORS_TRIED // max(operators, 1))
    search = _Search(data, rewrites, name)
    ready: list[Plan] = []
    closest: Plan | None = None
    waiting, seen = [Adapted(data, ())], {frozenset[str]()}
    for _ in range(lists):
        if not waiting:
            break
        state = waiting.pop(0)
        model = read_model(state.data, name=name) if state.applied else original
        breaks, hindering = readiness_and_hindrances(model)
        if not breaks:
            ready.append(Plan(state, (), cost(model, original)))
            continue
        if closest is None or len(breaks) < len(closest.breaks):
            closest = Plan(state, tuple(breaks), _DENSE)
        # A region may form before the first operator that it cannot hold: give it an end there, or mend the operator.
        for following in (*search.after(state, breaks), *search.after(state, hindering)):
            names = _names(following)
            if names not in seen:
                seen.add(names)
                waiting.append(following)
    exact, unproven = _first_kept(original.data, [plan for plan in ready if plan.adapted.exact], rewrites, name)
    dear = exact.cost - WORTH_TRAINING if exact else float("inf")
    inexact = [plan for plan in ready if not plan.adapted.exact and plan.cost <= dear]
    cheaper, reason = _first_kept(original.data, inexact, rewrites, name)
    tried = "1 list of rewrites was" if lists == 1 else f"{lists} lists of rewrites were"
    left = f"it has {operators:,} operators, and only {tried} tried" if waiting else ""
    return Suggestion(exact, cheaper, None if ready else closest, unproven or reason, left)


def _first_kept(
    data: bytes, plans: Sequence[Plan], rewrites: Mapping[str, Rewrite], name: str
) -> tuple[Plan | None, str]:
    """The cheapest plan whose outputs are what it promises, and what was wrong with the first one that was not."""
    reason = ""
    for plan in sorted(plans, key=_merit)[:MOST_PLANS_CHECKED]:
        wrong = outputs_kept(data, plan.adapted, [rewrites[each] for each in plan.names], name=name)
        if not wrong:
            return plan, reason
        reason = reason or wrong
    return None, reason


def _merit(plan: Plan) -> tuple[float, int]:
    return round(plan.cost, 3), len(plan.names)


def _names(state: Adapted) -> frozenset[str]:
    return frozenset(each.name for each in state.applied)


class _Search:
    """Applies lists of rewrites in their fixed order; what lists begin with alike is done once."""

    def __init__(self, data: bytes, rewrites: Mapping[str, Rewrite], name: str) -> None:
        self._rewrites, self._name = rewrites, name
        self._made: dict[tuple[str, ...], Adapted | None] = {(): Adapted(data, ())}

    def after(self, state: Adapted, breaks: Sequence[RuleBreak]) -> list[Adapted]:
        """What comes next: all rewrites that are the only remedy somewhere; else each for the first rule with any."""
        used = _names(state)
        left = [(found.rule, self._left(found, used)) for found in breaks]
        forced = {names[0] for _, names in left if len(names) == 1}
        if forced and (following := self._with(used, forced)) is not None:
            return [following]
        for rule in dict.fromkeys(rule for rule, _ in left):
            candidates = dict.fromkeys(each for other, names in left if other == rule for each in names)
            reached = (self._with(used, {candidate}) for candidate in candidates)
            if found := [following for following in reached if following is not None]:
                return found
        return []

    def _left(self, found: RuleBreak, used: Collection[str]) -> list[str]:
        names = [each.rewrite for each in found.remedies]
        return [each for each in names if each in self._rewrites and each not in used]

    def _with(self, used: Collection[str], more: Collection[str]) -> Adapted | None:
        """None where none of them finds anything to change. One that comes early may leave later ones nothing to do."""
        following = self._applied(tuple(each for each in self._rewrites if each in used or each in more))
        return following if following is not None and not _names(following).isdisjoint(more) else None

    def _applied(self, names: tuple[str, ...]) -> Adapted | None:
        """None where a rewrite refuses the file: it says why where it is applied alone; another list may do."""
        if names not in self._made:
            self._made[names] = None
            earlier = self._applied(names[:-1])
            with suppress(InputError):
                if earlier is not None:
                    step = apply_rewrites(earlier.data, [self._rewrites[names[-1]]], name=self._name, skip_idle=True)
                    self._made[names] = Adapted(step.data, (*earlier.applied, *step.applied))
        return self._made[names]
