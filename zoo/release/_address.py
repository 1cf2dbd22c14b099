"""Addresses of numbers in records, such as `bench.targets[target=wasm].ratios[numerator=sparse,denominator=twin].ratio`

The first part names the record. Each further part is a field, or a key of a mapping; `[key=value,...]` picks from a
list the entries whose fields read so as text. A value may hold dots and equal signs, but no comma and no bracket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass

from pydantic import BaseModel

from zoo.records import RECORDS, Interval, StageRecord

_PART = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?:\[(?P<wanted>[^\[\]]+)\])?(?:\.|$)")


class AddressError(Exception):
    """The address can never name a number: it is misspelled."""


class NotThereError(Exception):
    """The address is well formed, but these records hold nothing there."""


@dataclass(frozen=True)
class Step:
    """One part of an address: a field, and what the wanted entry of its list must hold."""

    name: str
    wanted: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Found:
    """One value at an address, with the interval and sample count that stand beside it.

    `estimated`: it tells of more than what was measured, so that it means nothing without an interval. `gathered`: how
    many `unit` it was measured on, such as pictures or sessions; more of them make the interval narrower.
    """

    value: object
    interval: Interval | None = None
    n: int | None = None
    estimated: bool = False
    gathered: int | None = None
    unit: str = ""


def parse_address(text: str) -> tuple[Step, ...]:
    """The parts of an address, the record's name first. Raises AddressError where it is malformed."""
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise AddressError(f"cannot be read from '{text[position : position + 40]}' on")
        wanted = tuple(_pair(part) for part in (match["wanted"] or "").split(",") if part)
        steps.append(Step(name=match["name"], wanted=wanted))
        position = match.end()
    if len(steps) < 2 or text.endswith("."):
        raise AddressError("must read RECORD.field")
    if steps[0].name not in RECORDS or steps[0].wanted:
        raise AddressError(f"starts with '{steps[0].name}', which is no record; the records are {', '.join(RECORDS)}")
    return tuple(steps)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise AddressError(f"has '[{text}]' where key=value must stand")
    return key.strip(), value.strip()


def find_values(address: str, records: Mapping[str, StageRecord]) -> list[Found]:
    """Every value at the address, at least one.

    Raises AddressError where no record of this kind could hold it, NotThereError where these records do not.
    """
    record_name, *steps = parse_address(address)
    record = records.get(record_name.name)
    if record is None:
        raise NotThereError(f"there is no {record_name.name} record")
    # What stands on the way to each value, from the record on; an interval stands beside the value, in its holder.
    ways: list[tuple[object, ...]] = [(record,)]
    for step in steps:
        ways = [(*way, *further) for way in ways for further in _follow(step, way[-1])]
    return [_found(way) for way in ways]


def _follow(step: Step, holder: object) -> list[tuple[object, ...]]:
    """What the step adds to the way: the member, and where it is a list the entries that are wanted."""
    value = _member(step.name, holder)
    if not step.wanted:
        return [(value,)]
    if not isinstance(value, list):
        raise AddressError(f"has a choice in brackets after '{step.name}', which is not a list")
    matching = [entry for entry in value if all(_reads(entry, key, text) for key, text in step.wanted)]
    if not matching:
        choice = ", ".join(f"{key}={text}" for key, text in step.wanted)
        raise NotThereError(f"nothing in '{step.name}' has {choice}")
    return [(value, entry) for entry in matching]


def _member(name: str, holder: object) -> object:
    known = field_names(holder)
    if known:
        if name not in known:
            raise AddressError(f"names '{name}', which is not a field there; the fields are {', '.join(known)}")
        return getattr(holder, name)
    if isinstance(holder, Mapping):
        if name not in holder:
            raise NotThereError(f"there is no '{name}' among {', '.join(map(str, holder)) or 'none'}")
        return holder[name]
    if isinstance(holder, list):
        raise AddressError(f"needs a choice such as [name=...] before '{name}', because a list stands there")
    if holder is None:
        raise NotThereError(f"what should hold '{name}' was not measured")
    raise AddressError(f"goes on with '{name}' after a single value")


def field_names(value: object) -> tuple[str, ...]:
    """The fields of a record or of a part of one; none where the value is a single one, a list or a mapping."""
    if isinstance(value, BaseModel):
        return tuple(type(value).model_fields)
    return tuple(field.name for field in fields(value)) if is_dataclass(value) and not isinstance(value, type) else ()


def _reads(entry: object, key: str, text: str) -> bool:
    value = _member(key, entry)
    return (str(value).lower() if isinstance(value, bool) else str(value)) == text


def _found(way: Sequence[object]) -> Found:
    """The value at the way's end. A count beside an estimate, such as its `n`, is no estimate itself."""
    holder, value = way[-2], way[-1]
    n = getattr(holder, "n", None)
    estimated = "interval" in field_names(holder) and isinstance(value, float)
    interval = getattr(holder, "interval", None) if estimated else None
    gathered, unit = _gathered(way)
    return Found(
        value=value,
        interval=interval if isinstance(interval, Interval) else None,
        n=n if isinstance(n, int) else None,
        estimated=estimated,
        gathered=gathered,
        unit=unit,
    )


def _gathered(way: Sequence[object]) -> tuple[int | None, str]:
    """What was measured on: sessions of a latency, pictures of whatever was seen on pictures."""
    for holder in reversed(way):
        for unit in ("sessions", "pictures"):
            count = getattr(holder, unit, None)
            if isinstance(holder, BaseModel) and isinstance(count, int):
                return count, unit
    return None, ""
