"""Places of releases as a person writes them: `dir:PATH`, `hf:ORG/NAME`, `hf:ORG/NAME@VERSION`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError
from zoo.release._version import parse_version


@dataclass(frozen=True)
class Place:
    """A scheme, `dir` or `hf`, and what stands behind the colon."""

    scheme: str
    address: str


@dataclass(frozen=True)
class HubRelease:
    """A release on the hub; `version` None: the newest."""

    repository: str
    version: str | None


def parse_place(text: str) -> Place:
    """Where to publish. Raises InputError for anything but `dir:PATH` and `hf:ORG/NAME`."""
    scheme, colon, address = text.partition(":")
    if not colon or scheme not in {"dir", "hf"}:
        raise InputError(f"'{text}' is not a place to publish; write dir:PATH or hf:ORG/NAME.")
    if not address.strip() or "\0" in address:
        raise InputError(f"'{text}' names no place; write dir:PATH or hf:ORG/NAME.")
    return Place(scheme=scheme, address=address)


def parse_release(text: str) -> Path | HubRelease:
    """Where a release lies: a path, with or without `dir:`, or on the hub. Raises InputError for a malformed one."""
    if not text.startswith("hf:"):
        path = text.removeprefix("dir:")
        if not path.strip() or "\0" in path:
            raise InputError(f"'{text}' names no release; write dir:PATH/MODEL/VERSION or hf:ORG/NAME@VERSION.")
        return Path(path).expanduser()
    repository, at, version = text.removeprefix("hf:").partition("@")
    if at and parse_version(version) is None:
        raise InputError(f"'{version}' is no version such as 0.2.0; write hf:ORG/NAME@VERSION.")
    return HubRelease(repository=repository, version=version or None)
