"""A bounded reader of flatbuffers: every offset and length is checked before it is followed.

The generated classes of `flatbuffers` trust the file: a wrong offset reads elsewhere, a wrong length loops. A file from
outside is read with these instead. Layout after the FlatBuffers internals page: a table starts with a signed offset
back to its vtable; the vtable holds its own size, the table's size and one 16-bit offset a field (0: absent).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.files import printable

_SCALARS = {code: struct.Struct("<" + code) for code in "bBhHiIqQf?"}

# Tables may share parts, but no honest file is read many times over; more than this is a bomb of shared vectors.
_READS_PER_BYTE = 4
_TABLE_BYTES = 12
_SPARE_READS = 1 << 16
_MOST_OBJECTS = 1 << 23
"""How much of a file becomes Python objects, whatever its size: what a reader holds must not grow to gigabytes.

A number of a list or a letter counts 1, a table 32; language models of 3 GB count about a tenth.
"""
_TABLE_OBJECTS = 32
_LONGEST_TEXT = 1 << 16


class MalformedError(Exception):
    """The bytes are no valid flatbuffer; the reader of the file turns this into the user's error."""


@dataclass
class Source:
    """The bytes, how many more of them may be read, and how many more objects made of them."""

    data: bytes
    budget: int
    objects: int = _MOST_OBJECTS

    @classmethod
    def of(cls, data: bytes) -> Source:
        return cls(data=data, budget=len(data) * _READS_PER_BYTE + _SPARE_READS)

    def spend(self, amount: int) -> None:
        self.budget -= amount
        if self.budget < 0:
            raise MalformedError("its parts are shared far more often than a model needs")

    def make(self, objects: int) -> None:
        """Refuse a file that asks for more objects than any model has, before they are made."""
        self.objects -= objects
        if self.objects < 0:
            raise MalformedError("it has more parts than any model")

    def scalar(self, code: str, position: int) -> Any:
        """The scalar of that `struct` code at the position."""
        form = _SCALARS[code]
        self.check(position, form.size)
        return form.unpack_from(self.data, position)[0]

    def check(self, position: int, size: int) -> None:
        if position < 0 or size < 0 or position + size > len(self.data):
            raise MalformedError("an offset points outside the file")

    def follow(self, position: int) -> int:
        """Where the unsigned offset at the position leads."""
        target = position + int(self.scalar("I", position))
        self.check(target, 4)
        return target

    def vector(self, position: int, item_bytes: int) -> tuple[int, int]:
        """Start and length of the vector whose length field is at the position."""
        length = int(self.scalar("I", position))
        self.check(position + 4, length * item_bytes)
        return position + 4, length

    def root(self) -> Table:
        return Table(self, self.follow(0))


class Table:
    """One table; fields are named by their slot, the order in the schema."""

    __slots__ = ("_fields", "_position", "_source", "_vtable")

    def __init__(self, source: Source, position: int) -> None:
        source.spend(_TABLE_BYTES)
        source.make(_TABLE_OBJECTS)
        vtable = position - int(source.scalar("i", position))
        size = int(source.scalar("H", vtable))
        if size < 4 or size % 2:
            raise MalformedError("a table has a broken field list")
        source.check(vtable, size)
        self._source, self._position, self._vtable, self._fields = source, position, vtable, size // 2 - 2

    def _at(self, slot: int) -> int | None:
        if slot >= self._fields:
            return None
        offset = int(self._source.scalar("H", self._vtable + 4 + 2 * slot))
        return self._position + offset if offset else None

    def number(self, slot: int, code: str, default: int = 0) -> int:
        """An integer or boolean field as int."""
        at = self._at(slot)
        return default if at is None else int(self._source.scalar(code, at))

    def real(self, slot: int, default: float = 0.0) -> float:
        """A float32 field."""
        at = self._at(slot)
        return default if at is None else float(self._source.scalar("f", at))

    def table(self, slot: int) -> Table | None:
        at = self._at(slot)
        return None if at is None else Table(self._source, self._source.follow(at))

    def tables(self, slot: int) -> list[Table]:
        """The tables of a vector of tables; empty where the field is absent."""
        at = self._at(slot)
        if at is None:
            return []
        start, length = self._source.vector(self._source.follow(at), 4)
        return [Table(self._source, self._source.follow(start + 4 * i)) for i in range(length)]

    def array(self, slot: int, dtype: str) -> npt.NDArray[Any]:
        """A vector of numbers as a read-only view of the file; empty where the field is absent."""
        span = self.span(slot, np.dtype(dtype).itemsize)
        if span is None:
            return np.empty(0, dtype)
        start, length = span
        self._source.spend(length * np.dtype(dtype).itemsize)
        return np.frombuffer(self._source.data, np.dtype(dtype), length, start)

    def numbers(self, slot: int, dtype: str) -> tuple[Any, ...]:
        """A vector of numbers as Python's own."""
        numbers = self.array(slot, dtype)
        self._source.make(len(numbers))
        return tuple(numbers.tolist())

    def integers(self, slot: int) -> tuple[int, ...]:
        """A vector of 32-bit integers."""
        return self.numbers(slot, "<i4")

    def span(self, slot: int, item_bytes: int = 1) -> tuple[int, int] | None:
        """Start and length of a vector that stays in the file, unread; None where the field is absent."""
        at = self._at(slot)
        return None if at is None else self._source.vector(self._source.follow(at), item_bytes)

    def text(self, slot: int) -> str:
        """A string; empty where the field is absent. What cannot be printed, such as terminal codes, becomes U+FFFD."""
        span = self.span(slot)
        if span is None:
            return ""
        start, length = span
        if length > _LONGEST_TEXT:
            raise MalformedError("it has a name longer than any")
        self._source.spend(length)
        self._source.make(length)
        return printable(self._source.data[start : start + length].decode("utf-8", "replace"))
