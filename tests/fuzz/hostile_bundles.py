"""Task bundles made by hand to hurt whoever unpacks them. `HOSTILE_BUNDLES` has them all by name."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable

from tests.fuzz.bundles import bundle
from tests.fuzz.hostile import sparse_graph

Build = Callable[[], bytes]
HOSTILE_BUNDLES: dict[str, Build] = {}

_LOCAL, _DIRECTORY, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_FLAGS, _METHOD, _SIZES, _ATTRIBUTES, _OFFSET = 8, 10, 20, 38, 42
"""Places in an entry of a zip's directory."""


def hostile(build: Build) -> Build:
    HOSTILE_BUNDLES[build.__name__] = build
    return build


def named(*names: str) -> Build:
    return lambda: bundle([(name, sparse_graph()) for name in names])


for _name, _member in {
    "member_above": "../up.tflite",
    "member_at_the_root": "/up.tflite",
    "member_on_a_drive": "C:\\up.tflite",
    "member_that_climbs_out": "a/../../b.tflite",
    "member_above_in_windows_words": "..\\..\\up.tflite",
    "member_with_terminal_codes": "\x1b[2J\x1b]0;owned\x07.tflite",
    "member_with_a_line_end": "a\nb.tflite",
    "member_that_turns_the_line_around": "\u202eetilft.tflite",
    "member_with_a_name_of_60_000_letters": "x" * 60_000 + ".tflite",
    "member_that_is_a_folder": "a.tflite/",
}.items():
    HOSTILE_BUNDLES[_name] = named(_member)
HOSTILE_BUNDLES["two_members_of_one_name"] = named("a.tflite", "a.tflite")
HOSTILE_BUNDLES["members_without_a_model"] = named("readme.txt", "a.TFLITE.bak")
HOSTILE_BUNDLES["100_members"] = lambda: bundle([(f"{place}.tflite", b"") for place in range(100)])
HOSTILE_BUNDLES["70_000_members"] = lambda: bundle([(f"{place}.txt", b"") for place in range(70_000)])
HOSTILE_BUNDLES["no_member"] = lambda: bundle([])


def entry_changed(place: int, form: str, *numbers: int) -> bytes:
    """A bundle of one model with a field of its directory entry changed."""
    data = bytearray(bundle([("a.tflite", sparse_graph())]))
    struct.pack_into(form, data, data.index(_DIRECTORY) + place, *numbers)
    return bytes(data)


@hostile
def member_with_a_nul_in_its_name() -> bytes:
    """Zip readers end the name at the NUL, and take the text file for a model."""
    data = bundle([("a.tflite_.txt", sparse_graph())])
    return data.replace(b"a.tflite_.txt", b"a.tflite\0.txt")


@hostile
def member_that_is_a_link() -> bytes:
    """Its content is where a link would lead."""
    data = bytearray(bundle([("a.tflite", b"/etc/passwd")]))
    struct.pack_into("<I", data, data.index(_DIRECTORY) + _ATTRIBUTES, 0o120777 << 16)
    return bytes(data)


@hostile
def encrypted_member() -> bytes:
    return entry_changed(_FLAGS, "<H", 1)


@hostile
def member_of_an_unknown_compression() -> bytes:
    return entry_changed(_METHOD, "<H", 99)


@hostile
def member_larger_than_it_is() -> bytes:
    return entry_changed(_SIZES, "<II", 1 << 20, 1 << 20)


@hostile
def member_of_4_gigabytes() -> bytes:
    return entry_changed(_SIZES, "<II", 2**32 - 2, 2**32 - 2)


@hostile
def member_of_zip64_without_its_sizes() -> bytes:
    return entry_changed(_SIZES, "<II", 2**32 - 1, 2**32 - 1)


@hostile
def member_that_starts_outside() -> bytes:
    return entry_changed(_OFFSET, "<I", 2**31)


@hostile
def member_that_starts_in_the_directory() -> bytes:
    data = bundle([("a.tflite", sparse_graph())])
    return entry_changed(_OFFSET, "<I", data.index(_DIRECTORY))


@hostile
def zip64_sizes_of_2_to_the_63() -> bytes:
    """An extra field that gives a size no file has."""
    data = bundle([("a.tflite", sparse_graph())])
    place = data.index(_DIRECTORY)
    name_end = place + 46 + len("a.tflite")
    extra = struct.pack("<HHQQ", 1, 16, 2**63, 2**63)
    entry = bytearray(data[place:name_end])
    struct.pack_into("<II", entry, _SIZES, 2**32 - 1, 2**32 - 1)
    struct.pack_into("<H", entry, 30, len(extra))
    end = bytearray(data[data.index(_END) :])
    struct.pack_into("<I", end, 12, len(entry) + len(extra))
    return data[:place] + bytes(entry) + extra + bytes(end)


@hostile
def members_that_lie_over_one_another() -> bytes:
    """Sixty names for the same bytes: each entry of the directory leads to the first member."""
    data = bytearray(bundle([(f"{place:02}.tflite", sparse_graph()) for place in range(60)]))
    place = data.find(_DIRECTORY)
    while place >= 0:
        struct.pack_into("<I", data, place + _OFFSET, 0)
        place = data.find(_DIRECTORY, place + 4)
    return bytes(data)


@hostile
def bomb_of_zeros() -> bytes:
    """256 MB in 256 kB."""
    return bundle([("a.tflite", bytes(256_000_000))], compression=zipfile.ZIP_DEFLATED)


@hostile
def bomb_that_says_it_is_small() -> bytes:
    data = bytearray(bundle([("a.tflite", bytes(64_000_000))], compression=zipfile.ZIP_DEFLATED))
    struct.pack_into("<I", data, data.index(_DIRECTORY) + 24, 100)
    return bytes(data)


@hostile
def bomb_of_zeros_that_says_it_is_stored() -> bytes:
    data = bytearray(bundle([("a.tflite", bytes(64_000_000))], compression=zipfile.ZIP_DEFLATED))
    for mark, place in ((_LOCAL, 8), (_DIRECTORY, _METHOD)):
        struct.pack_into("<H", data, data.index(mark) + place, 0)
    return bytes(data)


@hostile
def compressed_member_that_is_damaged() -> bytes:
    data = bytearray(bundle([("a.tflite", sparse_graph())], compression=zipfile.ZIP_LZMA))
    data[60:90] = b"\xff" * 30
    return bytes(data)


@hostile
def bundles_in_bundles_20_deep() -> bytes:
    data = bundle([("a.tflite", sparse_graph())])
    for _ in range(20):
        data = bundle([("inner.task", data)])
    return data


@hostile
def bundles_in_bundles_that_grow() -> bytes:
    """Sixty bundles of sixty bundles of one model."""
    inner = bundle([(f"{place}.tflite", sparse_graph()) for place in range(60)])
    return bundle([(f"{place}.task", inner) for place in range(60)])


@hostile
def bundle_inside_that_is_none() -> bytes:
    return bundle([("inner.task", b"PK\x03\x04 not a zip"), ("a.tflite", sparse_graph())])


@hostile
def end_of_directory_alone() -> bytes:
    return _LOCAL + bytes(26) + _END + bytes(18)


@hostile
def directory_outside_the_file() -> bytes:
    data = bytearray(bundle([("a.tflite", sparse_graph())]))
    struct.pack_into("<II", data, data.index(_END) + 12, 2**31, 2**31)
    return bytes(data)


@hostile
def directory_of_a_million_entries_that_are_not_there() -> bytes:
    data = bytearray(bundle([("a.tflite", sparse_graph())]))
    struct.pack_into("<HH", data, data.index(_END) + 8, 65535, 65535)
    return bytes(data)


@hostile
def member_that_is_no_model() -> bytes:
    return bundle([("a.tflite", sparse_graph()), ("b.tflite", b"#!/bin/sh")])
