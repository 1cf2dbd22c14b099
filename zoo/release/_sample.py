"""What a handful of sample pictures can answer, and what not."""

from __future__ import annotations

from zoo.records import GateResult

ABOUT_PICTURES = ("quality.", "fairness.", "dropin.")
"""Gates on these records are about what is seen on many pictures."""


def is_judged(gate: GateResult, *, sample_data: bool) -> bool:
    """Whether a gate's answer counts: on sample pictures, that of a gate about pictures does not.

    Such a release is never fit for use; it shows that size, speed and the way there are right.
    """
    return not (sample_data and gate.field.startswith(ABOUT_PICTURES))
