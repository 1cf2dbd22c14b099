"""The gate on fairness: whether pruning widened the gap between groups of people."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.records import FairnessColumn, FairnessRecord, GateResult, StageRecord, Verdict
from zoo.release._enough import how_much_more, times_as_much
from zoo.release._words import show
from zoo.spec import FAIRNESS_GATE, FairnessRules

_PURPOSE = "Pruning does not widen the gap between the best and the worst group of people."
_FIELD = "fairness.columns"


@dataclass(frozen=True)
class _Finding:
    """What one column and metric says. `value`: the change of its gap, None where it has none."""

    verdict: Verdict
    reason: str
    margin: float
    value: float | None = None
    field: str = _FIELD


def judge_fairness(rules: FairnessRules, record: StageRecord | None) -> GateResult:
    """Hold the change of every column's gap, from dense to sparse, against the margin; three answers are possible.

    - `failed`: a gap widened by more than the margin, and the 95% interval of its change lies above zero.
    - `passed`: in every column the whole interval lies at or below the margin, so that a wider gap is excluded.
    - `not enough data`: anything else. An interval reaches beyond the margin without showing that the gap widened by
      more than it; or a gap cannot be measured for all, as a group is smaller than `smallest_group`, or there is but
      one. It does not pass: nobody knows.

    One failed column fails the gate; else one without enough data decides. Without any label of a group the gate is
    `not applicable` and passes. A build without a fairness record fails.
    """
    if not isinstance(record, FairnessRecord):
        finding = _Finding("failed", "Not measured: there is no fairness record.", rules.margin)
    elif not record.group_columns:
        finding = _Finding(
            "not applicable", "No labels available: the pictures name no groups, so no gap is known.", rules.margin
        )
    else:
        finding = _decisive(_findings(rules, record))
    return GateResult(
        name=FAIRNESS_GATE,
        purpose=_PURPOSE,
        field=finding.field,
        limit=f"widens by at most {show(finding.margin)}",
        value=finding.value,
        verdict=finding.verdict,
        passed=finding.verdict in {"passed", "not applicable"},
        reason=finding.reason,
    )


def _findings(rules: FairnessRules, record: FairnessRecord) -> list[_Finding]:
    judged = {one.column for one in record.columns}
    missing = [
        _lacking(f"no group of {column} has {record.smallest_group} samples", rules.margin)
        for column in record.group_columns
        if column not in judged
    ]
    return missing + [
        _judge_column(one, rules.margin_of(one.metric), smallest_group=record.smallest_group) for one in record.columns
    ]


def _judge_column(column: FairnessColumn, margin: float, *, smallest_group: int) -> _Finding:
    # A share such as 1 - 0.95 is not exactly what it says.
    most = margin + 1e-9
    what = f"{column.metric.replace('_', ' ')} by {column.column}"
    change = column.gap_change
    if change is not None:
        low, high = change.interval.low, change.interval.high
        field = f"{_FIELD}[column={column.column},metric={column.metric}].gap_change.value"
        said = (
            f"{what}: the gap changed by {change.value:+.3f} ({change.interval.level:.0%} interval {low:+.3f} to "
            f"{high:+.3f}, smallest group n = {show(column.smallest_n or 0)})"
        )
        if change.value > most and low > 0:
            reason = f"{said}, which is wider by more than {show(margin)} and clear of zero."
            return _Finding("failed", reason, margin, change.value, field)
        if high > most:
            # The interval must stop at the margin, or, where the gap did widen by more, clear of zero.
            limit = most if change.value <= most else 0.0
            times = times_as_much(change.value, low, high, limit)
            more = how_much_more(times, column.smallest_n, "samples of each group")
            return _lacking(
                f"{said}, so that a gap wider by more than {show(margin)} is neither shown nor excluded; {more}",
                margin,
                change.value,
                field,
            )
        if not column.left_out:
            reason = f"{said}, which is {show(margin)} at most."
            return _Finding("passed", reason, margin, change.value, field)
    if column.left_out:
        return _lacking(f"{what}: {len(column.left_out)} group(s) have fewer than {smallest_group} samples", margin)
    if len(column.groups) < 2:
        return _lacking(f"{what}: there is only one group", margin)
    return _lacking(f"{what}: groups are too small for an interval of the gap's change", margin)


def _lacking(reason: str, margin: float, value: float | None = None, field: str = _FIELD) -> _Finding:
    return _Finding("not enough data", f"Not enough data to tell: {reason}.", margin, value, field)


def _decisive(findings: list[_Finding]) -> _Finding:
    """The finding that decides, with how many are like it; of several the one whose gap widened most."""
    for verdict in ("failed", "not enough data", "passed"):
        alike = [one for one in findings if one.verdict == verdict]
        if alike:
            chosen = max(alike, key=lambda one: float("-inf") if one.value is None else one.value - one.margin)
            more = f" {len(alike) - 1} more like it, of {len(findings)} in all." if len(alike) > 1 else ""
            return _Finding(verdict, chosen.reason + more, chosen.margin, chosen.value, chosen.field)
    raise ValueError("there is nothing to judge")
