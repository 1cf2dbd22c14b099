"""Files that a model carries behind it: TFLite metadata puts labels and the like into a zip after the flatbuffer.

Format: PKWARE's APPNOTE 4.3. The zip's directory counts from the start of the whole file, so that a zip behind a model
of another length has to be told anew where its members are.
"""

from __future__ import annotations

import struct

from zoo.errors import InputError
from zoo.tflite._model import Model

_END = struct.Struct("<4s4H2IH")
_ENTRY = struct.Struct("<4s24x3H8xI")
"""The mark, the lengths of name, extra field and comment, and where the member starts."""
_START_IN_ENTRY, _DIRECTORY_IN_END = 42, 16
_END_MARK, _ENTRY_MARK, _MEMBER_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_COMMENT = (1 << 16) - 1


def carry_attached(old: Model, made: bytes) -> bytes:
    """`made`, with the files behind it that the old model carries, if any; they are copied as they are, unread.

    Raises InputError where the old model ends in a zip whose directory does not hold together.
    """
    data = old.data
    end = data.rfind(_END_MARK, max(len(data) - _END.size - _LONGEST_COMMENT, 0))
    if end < 0 or end + _END.size > len(data):
        return made
    *_, count, size, offset, comment = _END.unpack_from(data, end)
    constants = max((span.start + span.size for span in old.buffers), default=0)
    if end + _END.size + comment != len(data) or not count or end < constants:
        return made  # no mark of a zip, but bytes like it, perhaps those of a constant
    directory = end - size
    shift = directory - offset
    entries = _entries(data, directory, end) if directory >= 0 else []
    starts = [start + shift for _, start in entries]
    sound = len(starts) == count and all(data[start : start + 4] == _MEMBER_MARK for start in starts)
    if not sound or not constants <= min(starts) <= directory:
        raise InputError(f"{old.name} carries files behind it that cannot be moved; take them off, or fetch it again.")
    first = min(starts)
    moved, by = bytearray(data[first:]), len(made) - first
    for (place, _), start in zip(entries, starts, strict=True):
        struct.pack_into("<I", moved, place - first + _START_IN_ENTRY, start + by)
    struct.pack_into("<I", moved, end - first + _DIRECTORY_IN_END, directory + by)
    return made + bytes(moved)


def _entries(data: bytes, place: int, end: int) -> list[tuple[int, int]]:
    """Each entry of the directory: where it lies, and where it says that its member starts."""
    found = []
    while place + _ENTRY.size <= end:
        mark, name, extra, comment, start = _ENTRY.unpack_from(data, place)
        if mark != _ENTRY_MARK:
            break
        found.append((place, start))
        place += _ENTRY.size + name + extra + comment
    return found if place == end else []
