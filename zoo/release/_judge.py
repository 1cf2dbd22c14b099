"""Gates: the limits that a spec declares, held against what the records say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from zoo.records import GateResult, StageRecord, Verdict
from zoo.release._address import AddressError, Found, NotThereError, field_names, find_values
from zoo.release._enough import how_much_more, times_as_much
from zoo.release._fairness_gap import judge_fairness
from zoo.release._words import show
from zoo.spec import Gate, ModelSpec


def judge(spec: ModelSpec, records: Mapping[str, StageRecord]) -> list[GateResult]:
    """Hold every gate of the spec against the records, in the spec's order, and after these the gap between groups.

    A number that was counted or decided holds or fails. An estimate holds only where its whole interval does and fails
    only where none of it does; anything between is not enough data to tell, and does not pass. Where several entries
    match a gate's field the limit must hold for all, and the one that decides is shown. A number that is not there
    fails the gate, unless the gate says `when_missing: skip`; an address that is misspelled always fails.
    """
    return [*(_judge_one(gate, records) for gate in spec.gates), judge_fairness(spec.fairness, records.get("fairness"))]


def _judge_one(gate: Gate, records: Mapping[str, StageRecord]) -> GateResult:
    try:
        values = find_values(gate.field, records)
    except AddressError as error:
        return _result(gate, None, verdict="failed", reason=f"The spec is wrong: field '{gate.field}' {error}.")
    except NotThereError as error:
        return _missing(gate, f"Not measured: {error}.")
    if any(each.value is None for each in values):
        return _missing(gate, "Not known: the record holds no value there.")
    for each in values:
        if problem := _unfit(gate, each.value):
            return _result(gate, None, verdict="failed", reason=f"The spec is wrong: field '{gate.field}' {problem}.")
    verdict, worst = _decisive(gate, values)
    return _result(
        gate,
        cast("float | bool | str", worst.value),
        verdict=verdict,
        reason=_reason(gate, worst, verdict=verdict, matches=len(values)),
    )


def _decisive(gate: Gate, values: list[Found]) -> tuple[Verdict, Found]:
    """The answer of all values together, and the worst of those that gave it."""
    answers = [(_answer(gate, each), each) for each in values]
    verdicts: tuple[Verdict, ...] = ("failed", "not enough data", "passed")
    verdict = next(one for one in verdicts if any(answer == one for answer, _ in answers))
    return verdict, worst_of(gate, [each for answer, each in answers if answer == verdict])


def _answer(gate: Gate, found: Found) -> Verdict:
    if gate.equals is not None or not found.estimated:
        return "passed" if _holds(gate, found.value) else "failed"
    if found.interval is None:
        return "not enough data"
    ends = [_holds(gate, end) for end in (found.interval.low, found.interval.high)]
    if all(ends):
        return "passed"
    return "not enough data" if any(ends) else "failed"


def _missing(gate: Gate, reason: str) -> GateResult:
    if gate.when_missing == "skip":
        return _result(gate, None, verdict="passed", reason=f"Skipped, as the spec allows. {reason}")
    return _result(gate, None, verdict="failed", reason=reason)


def _unfit(gate: Gate, value: object) -> str | None:
    """Why the value cannot be held against the gate's limit; None where it can."""
    if fields := field_names(value):
        return f"names a group of fields; go on with one of {', '.join(fields)}"
    if isinstance(value, list | Mapping):
        return "names a list or mapping; name one value in it"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if gate.equals is None and not is_number:
        return f"is not a number but {value!r}"
    if gate.equals is not None and type(gate.equals) is not type(value):
        return f"is {value!r}, which cannot equal {gate.equals!r}"
    return None


def worst_of(gate: Gate, found: list[Found]) -> Found:
    """Of several values, the one that a gate with this limit must be judged by."""
    if gate.equals is not None:
        return next((one for one in found if one.value != gate.equals), found[0])
    ordered = sorted(found, key=lambda one: _number(one.value))
    return ordered[-1] if gate.at_most is not None else ordered[0]


def _number(value: object) -> float:
    return cast("float", value)  # _unfit let nothing else through


def _holds(gate: Gate, value: object) -> bool:
    if gate.at_most is not None:
        return _number(value) <= gate.at_most
    if gate.at_least is not None:
        return _number(value) >= gate.at_least
    return value == gate.equals


def limit_in_words(gate: Gate) -> str:
    """The limit as a reader of the card sees it, such as `at most 0.97`."""
    if gate.at_most is not None:
        return f"at most {show(gate.at_most)}"
    if gate.at_least is not None:
        return f"at least {show(gate.at_least)}"
    return f"equals {show(gate.equals)}"


def _reason(gate: Gate, found: Found, *, verdict: Verdict, matches: int) -> str:
    details = []
    if found.interval is not None:
        interval = found.interval
        details.append(f"{interval.level:.0%} interval {show(interval.low)} to {show(interval.high)}")
    if found.n is not None:
        details.append(f"n = {found.n:,}")
    if matches > 1:
        details.append(f"the worst of {matches} that match")
    aside = f" ({', '.join(details)})" if details else ""
    return f"{show(found.value)}{aside}, {_verdict_in_words(gate, found, verdict)}."


def _verdict_in_words(gate: Gate, found: Found, verdict: Verdict) -> str:
    if gate.equals is not None:
        return "as required" if verdict == "passed" else f"but {show(gate.equals)} is required"
    limit = limit_in_words(gate)
    if verdict == "not enough data":
        return f"so there is not enough data to tell whether it is {limit}; {_what_would_tell(gate, found)}"
    if not found.estimated:
        return f"which {'is' if verdict == 'passed' else 'is not'} {limit}"
    return f"and {'all' if verdict == 'passed' else 'none'} of the interval is {limit}"


def _what_would_tell(gate: Gate, found: Found) -> str:
    if found.interval is None:
        return "it was measured on too little for an interval"
    limit = cast("float", gate.at_most if gate.at_most is not None else gate.at_least)
    times = times_as_much(_number(found.value), found.interval.low, found.interval.high, limit)
    return how_much_more(times, found.gathered, found.unit)


def _result(gate: Gate, value: float | bool | str | None, *, verdict: Verdict, reason: str) -> GateResult:
    return GateResult(
        name=gate.name,
        purpose=gate.purpose,
        field=gate.field,
        limit=limit_in_words(gate),
        value=value,
        verdict=verdict,
        passed=verdict == "passed",
        reason=reason,
    )
