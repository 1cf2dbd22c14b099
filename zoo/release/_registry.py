"""What publishing needs of a place for releases, be it a folder or the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zoo.progress import Progress
from zoo.records import StageRecord
from zoo.release._manifest import Manifest


@dataclass(frozen=True)
class Sending:
    """A release that is ready to go: a folder of its own with exactly these files, the manifest last.

    `public_key`: the PEM of the public half of the key that signed it, None where it is not signed.
    """

    folder: Path
    manifest: Manifest
    names: tuple[str, ...]
    public_key: bytes | None


class Registry(Protocol):
    """Where releases go, each version once."""

    def check(self, manifest: Manifest, *, dry_run: bool) -> None:
        """Raise RefusedError or InputError where this version cannot go there."""

    def versions(self, model: str) -> list[str]:
        """Names of what was published; those that are no versions count for nothing."""

    def numbers(self, model: str, version: str) -> tuple[Manifest, Mapping[str, StageRecord]]:
        """Manifest and records of a published version; records that this version does not read are left out."""

    def location(self, manifest: Manifest) -> str:
        """Where the version lies once it is published."""

    def removed(self, names: Sequence[str]) -> list[str]:
        """What publishing these files takes away from the newest version there."""

    def send(self, sending: Sending, *, progress: Progress) -> None:
        """Publish all or nothing."""
