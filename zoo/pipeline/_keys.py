"""Content hashes of values, as canonical JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""What a stage's parameters are made of."""

KEY_LENGTH = 32
"""Hex digits of a stage key: 128 bits, and short enough for a folder name on every system."""


def canonical_json(value: Json) -> str:
    """The one JSON text of a value: keys sorted, no spaces. Raises ValueError on NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def hash_json(value: Json) -> str:
    """SHA-256 of a value's canonical JSON, cut to `KEY_LENGTH` hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:KEY_LENGTH]
