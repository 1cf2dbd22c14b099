"""The record of the gates: what each declared limit's answer is, and how many of each answer there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import model_validator

from zoo.records._base import Frozen, StageRecord

Verdict = Literal["passed", "failed", "not enough data", "not applicable"]

ABOUT_PICTURES = ("quality.", "fairness.", "dropin.")
"""Gates on these records are about what is seen on many pictures."""


class GateResult(Frozen):
    """A declared limit held against a record's field. `value` None: the record has no such number.

    `verdict`: `passed` where the limit holds, on an estimate for its whole interval; `failed` where it does not, again
    for the whole interval; `not enough data` where the records can show neither; and `not applicable` where there is
    nothing that it could be held against. `passed`: it does not stop a release.
    """

    name: str
    purpose: str
    field: str
    limit: str
    value: float | bool | str | None
    verdict: Verdict
    passed: bool
    reason: str

    @model_validator(mode="after")
    def _agree(self) -> GateResult:
        if self.passed != (self.verdict in {"passed", "not applicable"}):
            raise ValueError(f"passed is {self.passed}, but the verdict is '{self.verdict}'")
        return self


class GatesRecord(StageRecord):
    stage: Literal["gates"] = "gates"
    sample_data: bool
    releasable: bool
    results: list[GateResult]


def is_judged(gate: GateResult, *, sample_data: bool) -> bool:
    """Whether a gate's answer counts: on sample pictures, that of a gate about pictures does not.

    Such a release is never fit for use; it shows that size, speed and the way there are right.
    """
    return not (sample_data and gate.field.startswith(ABOUT_PICTURES))


@dataclass(frozen=True)
class GateCounts:
    """How many gates gave each answer. `not_judged`: those that sample pictures cannot answer, counted there alone."""

    hold: int
    fail: int
    unknown: int
    not_applicable: int
    not_judged: int

    def in_words(self) -> str:
        """Such as `6 hold, 1 fails, 2 lack data to tell`: the three answers, and what else there is."""
        parts = [
            f"{self.hold} hold{_s(self.hold)}",
            f"{self.fail} fail{_s(self.fail)}",
            f"{self.unknown} lack{_s(self.unknown)} data to tell",
        ]
        if self.not_applicable:
            parts.append(f"{self.not_applicable} {'does' if self.not_applicable == 1 else 'do'} not apply")
        if self.not_judged:
            parts.append(f"{self.not_judged} {'is' if self.not_judged == 1 else 'are'} not judged on sample pictures")
        return ", ".join(parts)


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def count_gates(results: Sequence[GateResult], *, sample_data: bool) -> GateCounts:
    """The counts that the screen, the card and `zoo list` all show."""
    judged = [gate for gate in results if is_judged(gate, sample_data=sample_data)]
    verdicts = [gate.verdict for gate in judged]
    return GateCounts(
        hold=verdicts.count("passed"),
        fail=verdicts.count("failed"),
        unknown=verdicts.count("not enough data"),
        not_applicable=verdicts.count("not applicable"),
        not_judged=len(results) - len(judged),
    )
