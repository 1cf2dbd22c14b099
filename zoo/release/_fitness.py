"""What stands in the way of a release, and whether a person's overrides answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from zoo.errors import InputError, RefusedError
from zoo.records import GateOverride, GateResult, is_judged
from zoo.release._compare import difference
from zoo.release._measures import Measured
from zoo.spec import describe_first_error


@dataclass(frozen=True)
class Obstacle:
    """One gate that does not let a release pass, and what it says."""

    gate: str
    stood: str


@dataclass(frozen=True)
class Wish:
    """What a person asks to be published in spite of: a gate, and why."""

    gate: str
    reason: str


def obstacles(results: Sequence[GateResult], worse: Sequence[Obstacle], *, sample_data: bool) -> list[Obstacle]:
    """Gates that failed or cannot be told, then those that are worse than in the last release."""
    found = [
        Obstacle(one.name, f"{'failed' if one.verdict == 'failed' else 'cannot be told'}: {one.reason}")
        for one in results
        if not one.passed and is_judged(one, sample_data=sample_data)
    ]
    return [*found, *(one for one in worse if one.gate not in {other.gate for other in found})]


def worse_than(last: Measured, this: Measured, *, unjudged: frozenset[str] = frozenset()) -> list[Obstacle]:
    """Gates whose number is worse than in the last release, beyond the interval of the change.

    A gate is compared by what it measures, so that another limit is no excuse; one that measures something else is new.
    `unjudged`: gates that sample pictures cannot answer.
    """
    before = {(name, one.field, one.better): one for name, one in last.gate_measures()}
    found = []
    for name, measure in this.gate_measures():
        old = before.get((name, measure.field, measure.better))
        if old is None or name in unjudged:
            continue
        moved = difference(old, measure)
        if moved.bucket == "regression":
            found.append(Obstacle(name, f"is worse than in {last.version}: {moved.sentence}"))
    return list({one.gate: one for one in reversed(found)}.values())[::-1]


def overrides_for(found: Sequence[Obstacle], wishes: Sequence[Wish]) -> list[GateOverride]:
    """Answer every obstacle by a wish.

    Raises RefusedError for an obstacle without one, InputError for a wish that answers nothing or has no reason.
    """
    known = {one.gate: one for one in found}
    overrides = []
    for wish in wishes:
        if wish.gate not in known:
            names = ", ".join(known) or "none does"
            raise InputError(f"--override {wish.gate}: no such gate stands in the way ({names}); take it away.")
        try:
            overrides.append(GateOverride(gate=wish.gate, reason=wish.reason, stood=known[wish.gate].stood[:1000]))
        except ValidationError as error:
            raise InputError(
                f"--override {wish.gate}: {describe_first_error(error)}; say why with --reason."
            ) from error
    if len({wish.gate for wish in wishes}) < len(wishes):
        raise InputError("--override names a gate twice; name each once.")
    answered = {one.gate for one in overrides}
    unanswered = [one for one in found if one.gate not in answered]
    if unanswered:
        first, *others = unanswered
        more = f" (also in the way: {', '.join(one.gate for one in others)})" if others else ""
        raise RefusedError(
            f"Gate '{first.gate}' {first.stood.rstrip('.')}; this is not fit for release. To publish it all the same, "
            f"say why: --override {first.gate} --reason TEXT{more}."
        )
    return overrides
