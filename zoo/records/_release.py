"""Parts of a release's manifest that the card and the changelog show: overrides, and what changed since the last."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from zoo.records._base import Frozen

Line = Annotated[str, Field(min_length=1, max_length=500)]


class GateOverride(Frozen):
    """A gate that stood in the way of this release, and why a person published it all the same.

    `stood`: what the gate said, in its own words.
    """

    gate: Annotated[str, Field(min_length=1, max_length=100)]
    reason: Line
    stood: Annotated[str, Field(min_length=1, max_length=1000)]

    @field_validator("reason", "gate")
    @classmethod
    def _is_one_line(cls, text: str) -> str:
        if not text.strip() or not text.isprintable():
            raise ValueError("must be one line of text that says something")
        return text.strip()


class ReleaseChanges(Frozen):
    """What one version changed: an entry of the changelog, a sentence each.

    `since`: the version before it, None for the first. `unchanged`: how many numbers moved by no more than their
    intervals allow.
    """

    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    since: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] | None
    regressions: list[Line] = Field(default=[], max_length=500)
    improvements: list[Line] = Field(default=[], max_length=500)
    added: list[Line] = Field(default=[], max_length=500)
    removed: list[Line] = Field(default=[], max_length=500)
    unchanged: int = Field(default=0, ge=0)
    notes: list[Line] = Field(default=[], max_length=50)
