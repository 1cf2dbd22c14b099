"""What a template sees: text, numbers, None, and read-only groups of these. Nothing of it has a method of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from types import MappingProxyType
from typing import Literal

Plain = str | int | float | None | tuple["Plain", ...] | Mapping[str, "Plain"]
Kind = Literal["html", "markdown", "python"]
"""What a template writes, which decides how values are escaped."""


@dataclass(frozen=True)
class Page:
    """A text to be made: the template's name, what it sees, and what it writes.

    `ready`: further values that are text of that kind already, and are written as they are.
    """

    template: str
    kind: Kind
    values: Mapping[str, object]
    ready: Mapping[str, str] = field(default_factory=dict)


def as_plain(value: object) -> Plain:
    """A copy of the value as a template may see it: of a dataclass its fields and properties, by name.

    Raises TypeError for all else that is no text, number, None, mapping from text, list or tuple: a template must not
    meet an object that can do anything.
    """
    if value is None or isinstance(value, bool):
        return value
    # Of subclasses, such as NumPy's float, only the number or text stays.
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if is_dataclass(value) and not isinstance(value, type):
        computed = [name for name, member in vars(type(value)).items() if isinstance(member, property)]
        names = [*(one.name for one in fields(value)), *computed]
        return MappingProxyType({name: as_plain(getattr(value, name)) for name in names})
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return MappingProxyType({str(key): as_plain(member) for key, member in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return tuple(as_plain(member) for member in value)
    raise TypeError(f"a template cannot be given a {type(value).__name__}")
