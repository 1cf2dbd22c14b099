"""Damage: blind changes of bytes, and changes of one field that leave a well-formed flatbuffer around it.

Every mutator takes the file and a source of chance, and gives the changed file; the same seed gives the same file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Chance = np.random.Generator
Mutator = Callable[[bytes, Chance], bytes]

NUMBERS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 100, 127, 128, 192, 255, 256, 257, 1000),
    *(4096, 32767, 32768, 65535, 65536, 100_000, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1),
    *(-1, -2, -4, -128, -129, -32768, -(2**31), -(2**63)),
)
"""Values at the edges of types and sizes."""
TEXTS = (
    b"",
    b"\x1b[2J\x1b]0;title\x07",
    b"a\nb\r\nc",
    b"\x00\x00",
    b"\xff\xfe\xfd",
    "\u202egnp.eliftor\u2066".encode(),
    b"%s%n{0}[bold]",
    b"../../../etc/passwd",
    b"<script>alert(1)</script>",
    b"x" * 5000,
    b"a;b/" * 500,
)
PACKING_ERRORS = (TypeError, ValueError, AttributeError, IndexError, OverflowError, struct.error, AssertionError)
PACKING_ERRORS += (flatbuffers.builder.BuilderSizeError, flatbuffers.builder.OffsetArithmeticError)
_TRIES = 8


def truncate(data: bytes, chance: Chance) -> bytes:
    return data[: int(chance.integers(len(data)))]


def flip_bits(data: bytes, chance: Chance) -> bytes:
    changed = bytearray(data)
    for place in chance.integers(len(data), size=int(chance.integers(1, 17))):
        changed[place] ^= 1 << int(chance.integers(8))
    return bytes(changed)


def set_words(data: bytes, chance: Chance) -> bytes:
    """Aligned 32-bit words, where offsets, lengths and most fields lie, become numbers at the edges."""
    changed = bytearray(data)
    for _ in range(int(chance.integers(1, 5))):
        place = _structure_word(data, chance)
        changed[place : place + 4] = struct.pack("<I", int(chance.choice(_words(data))))
    return bytes(changed[: len(data)])


def nudge_words(data: bytes, chance: Chance) -> bytes:
    """Words move a little, so that offsets lead next to where they should."""
    changed = bytearray(data)
    for _ in range(int(chance.integers(1, 5))):
        place = _structure_word(data, chance)
        (word,) = struct.unpack_from("<I", data, place)
        struct.pack_into("<I", changed, place, (word + int(chance.integers(-16, 17))) % 2**32)
    return bytes(changed)


def splice(data: bytes, chance: Chance) -> bytes:
    """A stretch of the file is written over another one."""
    length = int(chance.integers(1, max(len(data) // 8, 2)))
    source, target = (int(place) for place in chance.integers(max(len(data) - length, 1), size=2))
    return data[:target] + data[source : source + length] + data[target + length :]


def cut_out(data: bytes, chance: Chance) -> bytes:
    place, length = int(chance.integers(len(data))), int(chance.integers(1, 200))
    return data[:place] + data[place + length :]


def repeat(data: bytes, chance: Chance) -> bytes:
    place, length = int(chance.integers(len(data))), int(chance.integers(1, 200))
    return data[: place + length] + data[place:]


def one_field(data: bytes, chance: Chance) -> bytes:
    """One to three fields of the object tree take other values, types kept; the rest is packed again as it was."""
    for _ in range(_TRIES):
        try:
            tree = schema.ModelT.InitFromPackedBuf(data)
            for _ in range(int(chance.integers(1, 4))):
                _change(tree, chance)
            return pack(tree)
        except PACKING_ERRORS:
            continue
    return flip_bits(data, chance)


def storage_field(data: bytes, chance: Chance) -> bytes:
    """Like `one_field`, but in the description of a sparse tensor or a quantization."""
    return _one_of(data, chance, lambda part: part.startswith(("Sparsity", "Dimension", "Int", "Uint", "Quantization")))


def graph_field(data: bytes, chance: Chance) -> bytes:
    """Like `one_field`, but in an operator, its options or a subgraph."""
    return _one_of(data, chance, lambda part: part.endswith("OptionsT") or part in ("OperatorT", "SubGraphT"))


def tensor_field(data: bytes, chance: Chance) -> bytes:
    """Like `one_field`, but in a tensor."""
    return _one_of(data, chance, lambda part: part == "TensorT")


BLIND: dict[str, Mutator] = {
    part.__name__: part for part in (truncate, flip_bits, set_words, nudge_words, splice, cut_out, repeat)
}
STRUCTURED: dict[str, Mutator] = {part.__name__: part for part in (one_field, storage_field, graph_field, tensor_field)}


def pack(tree: Any) -> bytes:
    """The object tree as a file."""
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _one_of(data: bytes, chance: Chance, wanted: Callable[[str], bool]) -> bytes:
    for _ in range(_TRIES):
        try:
            tree = schema.ModelT.InitFromPackedBuf(data)
            parts = [part for part in _parts(tree) if wanted(type(part).__name__)]
            if not parts:
                break
            for _ in range(int(chance.integers(1, 4))):
                _change_part(parts[int(chance.integers(len(parts)))], parts, chance)
            return pack(tree)
        except PACKING_ERRORS:
            continue
    return one_field(data, chance)


def _change(tree: Any, chance: Chance) -> None:
    parts = list(_parts(tree))
    kinds = sorted({type(part).__name__ for part in parts})
    # By kind first: else nearly every choice would be a tensor or a buffer.
    kind = kinds[int(chance.integers(len(kinds)))]
    peers = [part for part in parts if type(part).__name__ == kind]
    _change_part(peers[int(chance.integers(len(peers)))], peers, chance)


def _change_part(part: Any, peers: list[Any], chance: Chance) -> None:
    names = sorted(vars(part))
    name = names[int(chance.integers(len(names)))]
    setattr(part, name, _changed(getattr(part, name), name, part, peers, chance))


def _changed(value: Any, name: str, part: Any, peers: list[Any], chance: Chance) -> Any:
    if chance.random() < 0.1:
        other = peers[int(chance.integers(len(peers)))]
        return getattr(other, name, value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, np.integer)):
        return int(chance.choice(np.array(NUMBERS, dtype=object))) if chance.random() < 0.7 else int(value) + 1
    if isinstance(value, float):
        return float(chance.choice([0.0, -1.0, 1e30, -1e30, float("inf"), float("nan")]))
    if isinstance(value, (bytes, str)) or name in ("name", "description", "customCode", "signatureKey"):
        return TEXTS[int(chance.integers(len(TEXTS)))]
    if isinstance(value, np.ndarray) or name in (
        "shape",
        "inputs",
        "outputs",
        "traversalOrder",
        "blockMap",
        "newShape",
    ):
        return _changed_numbers(np.asarray([] if value is None else value), value, chance)
    if isinstance(value, list):
        return _changed_list(list(value), chance)
    return None


def _changed_numbers(numbers: np.ndarray, value: Any, chance: Chance) -> Any:
    """A vector of numbers: an element out of range, two swapped, one more, one fewer, none."""
    numbers = numbers.astype(np.int32) if not len(numbers) else numbers.copy()
    way = int(chance.integers(7))
    if way == 0:
        return None
    if way == 1 or not len(numbers):
        return np.append(numbers, numbers.dtype.type(_fitting(numbers.dtype, chance)))
    place = int(chance.integers(len(numbers)))
    if way == 2:
        return np.delete(numbers, place)
    if way == 3:
        return numbers[:0]
    if way == 4:
        numbers[place] = numbers[int(chance.integers(len(numbers)))]
    elif way == 5:
        numbers = np.repeat(numbers, 2)
    else:
        numbers[place] = _fitting(numbers.dtype, chance)
    return numbers


def _fitting(dtype: np.dtype, chance: Chance) -> Any:
    if dtype.kind == "f":
        return chance.choice([0.0, -1.0, 1e30, np.inf, np.nan])
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.iinfo(np.uint8)
    allowed = [number for number in NUMBERS if limits.min <= number <= limits.max]
    return allowed[int(chance.integers(len(allowed)))]


def _changed_list(items: list[Any], chance: Chance) -> list[Any] | None:
    """A vector of tables: one dropped, doubled or moved, or none left."""
    if not items:
        return None
    place, way = int(chance.integers(len(items))), int(chance.integers(5))
    if way == 0:
        return items[:place] + items[place + 1 :]
    if way == 1:
        return [*items, items[place]]
    if way == 2:
        other = int(chance.integers(len(items)))
        items[place], items[other] = items[other], items[place]
        return items
    if way == 3:
        return items[place:] + items[:place]
    return []


def _parts(tree: Any) -> Iterator[Any]:
    """The tree's tables, each once."""
    waiting, seen = [tree], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        for value in vars(part).values():
            for child in value if isinstance(value, list) else [value]:
                if hasattr(child, "Pack"):
                    waiting.append(child)


def _structure_word(data: bytes, chance: Chance) -> int:
    """An aligned place; mostly near the ends, where the graph lies, the weights being in the middle."""
    span = max(len(data) // 4 - 1, 1)
    near = min(span, 4096)
    way = int(chance.integers(3))
    word = int(chance.integers(near)) if way == 0 else span - int(chance.integers(near)) - 1
    return 4 * max(int(chance.integers(span)) if way == 2 else word, 0)


def _words(data: bytes) -> list[int]:
    return [number % 2**32 for number in NUMBERS] + [len(data), len(data) - 1, len(data) // 2]
