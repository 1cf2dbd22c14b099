"""Numbers as a reader of the card sees them."""

from __future__ import annotations

from collections.abc import Iterable

from zoo.records import Estimate, Interval
from zoo.rendering import plain as plain

MINUS = "\N{MINUS SIGN}"


def integer(number: int) -> str:
    """`1083984` as `1,083,984`."""
    return f"{number:,}".replace("-", MINUS)


def percent(share: float) -> str:
    """A share of 1 as `80.0%`."""
    return f"{share:.1%}".replace("-", MINUS)


def decimals(number: float, places: int = 3) -> str:
    """A number with so many places, such as `0.861`."""
    return f"{number:.{places}f}".replace("-", MINUS)


def signed(number: float, places: int = 3) -> str:
    """A difference with its sign, such as `+0.004`."""
    return f"{number:+.{places}f}".replace("-", MINUS)


def short(number: float) -> str:
    """A number of any size in three figures, such as `3.1e-05` or `162`."""
    return f"{number:.3g}".replace("-", MINUS)


def milliseconds(number: float) -> str:
    """A latency in three figures or two places, whichever says more."""
    return f"{number:.1f}" if number >= 100 else f"{number:.2f}"


def span(interval: Interval | None, places: int = 3) -> str:
    """An interval as `0.842 to 0.879`."""
    if interval is None:
        return "not estimated"
    return f"{decimals(interval.low, places)} to {decimals(interval.high, places)}"


def signed_span(interval: Interval, places: int = 3) -> str:
    """An interval of a difference, as `−0.008 to +0.016`."""
    return f"{signed(interval.low, places)} to {signed(interval.high, places)}"


def estimate(one: Estimate) -> str:
    """A value with its interval, as `0.861 (0.842 to 0.879)`."""
    aside = f" ({span(one.interval)})" if one.interval is not None else ""
    return f"{decimals(one.value)}{aside}"


def intervals_in_words(intervals: Iterable[Interval | None]) -> str:
    """Level and method of intervals that stand together, such as `95%, Wilson`."""
    kinds = {f"{one.level:.0%}, {plain(one.method)}" for one in intervals if one is not None}
    return listed(sorted(kinds))


def clipped(text: str, letters: int = 32) -> str:
    """Text as one line that fits beside a drawing."""
    line = plain(text)
    return line if len(line) <= letters else f"{line[: letters - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def duration(seconds: float) -> str:
    """Seconds as `1 h 04 min`, `12 min` or `40 s`."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def listed(words: list[str], empty: str = "none") -> str:
    """Words as `a, b and c`."""
    if not words:
        return empty
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
