"""Values as a reader of a gate sees them."""

from __future__ import annotations


def brief(value: float) -> str:
    """A measured number with four digits, which is more than most intervals leave."""
    return f"{value:.4g}"


def show(value: object) -> str:
    """A number with at most six digits, or a word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
