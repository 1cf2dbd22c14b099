"""How much more would have to be measured until an estimate tells on which side of a limit it lies."""

from __future__ import annotations

from math import ceil

MOST_TIMES = 100.0
"""An estimate that needs more than so many times as much lies at its limit, for all that anyone will measure."""


def times_as_much(value: float, low: float, high: float, limit: float) -> float | None:
    """How many times as much must be measured until the interval `low` to `high` of `value` stops short of `limit`.

    An interval narrows with the square root of what is measured, and the value is taken to stay where it is, so this
    is a rough answer. None where it is more than `MOST_TIMES`.
    """
    arm = high - value if limit >= value else value - low
    distance = abs(limit - value)
    if arm <= 0 or distance <= 0:
        return None
    times = (arm / distance) ** 2
    return times if times <= MOST_TIMES else None


def how_much_more(times: float | None, gathered: int | None, unit: str) -> str:
    """A clause: what would tell. `gathered`: how many `unit`, in the plural, there are; None where nobody knows."""
    if times is None:
        return f"it lies so near the limit that {MOST_TIMES:,.0f} times as much would not tell"
    if gathered is None:
        return f"about {times:.2g} times as much would tell"
    return f"about {max(2, ceil(gathered * (times - 1))):,} more {unit} like these would tell"
