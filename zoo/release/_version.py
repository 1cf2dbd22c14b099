"""Semantic versions of releases, MAJOR.MINOR.PATCH, and their order."""

from __future__ import annotations

import re
from collections.abc import Iterable

Version = tuple[int, int, int]
_VERSION = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})", re.ASCII)


def parse_version(text: str) -> Version | None:
    """The three numbers; None for what is no semantic version, such as a branch's or a folder's name."""
    match = _VERSION.fullmatch(text)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]))


def in_order(names: Iterable[str]) -> list[str]:
    """Those names that are versions, oldest first: 0.10.0 comes after 0.9.0."""
    found = [(version, name) for name in names if (version := parse_version(name)) is not None]
    return [name for _, name in sorted(found)]
