"""A file by content: a part of nearly every record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

PLAIN: dict[str, Any] = {"extra": "forbid", "allow_inf_nan": False, "revalidate_instances": "always"}
"""What pydantic holds a plain dataclass to when a record that has it is made or read, as `Frozen` does for the others.

Parts that `zoo inspect` makes are plain dataclasses, because to import pydantic takes longer than to inspect a file.
"""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FileRef:
    """A file by content. `name` is its path below the build folder (`OUT/MODEL`), or the name it is known by."""

    __pydantic_config__: ClassVar[dict[str, Any]] = PLAIN

    name: str
    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"'{self.sha256[:80]}' is no SHA-256 in hexadecimal")
        if self.bytes < 0:
            raise ValueError(f"{self.bytes} is no number of bytes")
