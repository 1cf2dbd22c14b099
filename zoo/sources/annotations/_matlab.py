"""One array of numbers out of a MATLAB 5.0 file, within bounds (the format: MathWorks, "MAT-File Format", 2024).

A reader of our own, since scipy's is native code that an altered file brings down together with its process.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from zoo.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HEADER_BYTES = 128
_ORDERS = {b"IM": "<", b"MI": ">"}
"""What the last two bytes of the header say about the order of bytes, as NumPy writes it."""
_MOST_INFLATED = 1 << 26
_MOST_AXES = 8
_INT32, _UINT32, _INT8, _MATRIX, _COMPRESSED = 5, 6, 1, 14, 15
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""How numbers lie in the file, by the number of their data type (table 1-1); any class may be stored as any of them."""
_NUMBER_CLASSES = range(6, 16)
"""mxDOUBLE_CLASS to mxUINT64_CLASS (table 1-3); below lie cells, structures, objects, text and sparse arrays."""
_COMPLEX = 0x08


class _UnreadableError(Exception):
    """The file cannot be read; the text says so of it."""


class _DamagedError(_UnreadableError):
    """The bytes are no such file; the text says how."""

    def __init__(self, how: str) -> None:
        super().__init__(f"is damaged and cannot be read ({how})")


@dataclass(frozen=True)
class _Element:
    """A data element: the number of its type and its bytes."""

    kind: int
    data: bytes


def read_numbers(data: bytes, name: str, *, file: str, fix: str) -> NDArray[np.float64] | None:
    """The variable `name` as float64 of its own shape; None where the file has none, or it holds no real numbers.

    `file` and `fix` name the file and the next step in what is raised. At most 64 MiB are unpacked.

    Raises:
        InputError: it is no MATLAB 5.0 file, is damaged, or unpacks to more.
    """
    if data.startswith(b"MATLAB 7.3"):
        raise InputError(f"{file} is a MATLAB 7.3 file, and 5.0 is read: save it with -v7, or {fix}")
    if not data.startswith(b"MATLAB 5.0 MAT-file"):
        raise InputError(f"{file} is not a MATLAB 5.0 file: {fix}")
    order = _ORDERS.get(data[126:128])
    if order is None:
        raise InputError(f"{file} is damaged and cannot be read (its order of bytes is not told): {fix}")
    try:
        for matrix in _matrices(data[_HEADER_BYTES:], order):
            parts = list(_elements(matrix, order, most=4))
            if len(parts) >= 3 and parts[2].kind == _INT8 and parts[2].data == name.encode():
                return _numbers(parts, order)
    except _UnreadableError as error:
        raise InputError(f"{file} {error}: {fix}") from error
    return None


def _matrices(data: bytes, order: str) -> Iterator[bytes]:
    """The bytes of each variable, unpacked."""
    left = _MOST_INFLATED
    for element in _elements(data, order):
        if element.kind == _COMPRESSED:
            inflated = _inflated(element.data, left)
            left -= len(inflated)
            element = next(_elements(inflated, order, most=1), element)
        if element.kind == _MATRIX:
            yield element.data


def _inflated(data: bytes, most: int) -> bytes:
    try:
        inflated = zlib.decompressobj().decompress(data, most + 1)
    except zlib.error as error:
        raise _DamagedError("a compressed part does not unpack") from error
    if len(inflated) > most:
        raise _UnreadableError(f"unpacks to more than {_MOST_INFLATED} bytes")
    return inflated


def _elements(data: bytes, order: str, *, most: int | None = None) -> Iterator[_Element]:
    """The elements that follow one another in `data`, or the first `most` of them."""
    place = count = 0
    while place < len(data) and count != most:
        if place + 8 > len(data):
            raise _DamagedError("it ends within a part")
        kind, size = (_whole(data[at : at + 4], order) for at in (place, place + 4))
        if kind >> 16:
            # A small element: its size lies beside its type, and its data where the size would be.
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
            if size > 4:
                raise _DamagedError("a small part is larger than its place")
            after = place + 8
        else:
            start = place + 8
            # All but compressed elements are filled up to whole eights of bytes.
            after = start + size + (-size % 8 if kind != _COMPRESSED else 0)
        if start + size > len(data):
            raise _DamagedError("it ends within a part")
        yield _Element(kind, data[start : start + size])
        place = after
        count += 1


def _whole(data: bytes, order: str) -> int:
    return int.from_bytes(data, "little" if order == "<" else "big")


def _numbers(parts: list[_Element], order: str) -> NDArray[np.float64] | None:
    """The array of a variable, whose parts are its flags, its axes, its name and its real numbers."""
    import numpy as np

    flags, axes = parts[0], parts[1]
    if flags.kind != _UINT32 or len(flags.data) != 8 or axes.kind != _INT32:
        raise _DamagedError("a variable has no class or no axes")
    word = _whole(flags.data[:4], order)
    if word & 0xFF not in _NUMBER_CLASSES or word >> 8 & _COMPLEX or len(parts) < 4:
        return None
    shape = tuple(int(size) for size in np.frombuffer(axes.data, f"{order}i4", count=len(axes.data) // 4))
    stored = _STORED.get(parts[3].kind)
    if not 2 <= len(shape) <= _MOST_AXES or min(shape) < 0 or stored is None:
        raise _DamagedError("a variable has axes or numbers of no known kind")
    width = np.dtype(stored).itemsize
    if len(parts[3].data) != prod(shape) * width:
        raise _DamagedError("a variable has more or fewer numbers than its axes say")
    flat = np.frombuffer(parts[3].data, f"{order}{stored}").astype(np.float64)
    return flat.reshape(shape, order="F")
