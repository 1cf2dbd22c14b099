"""Places of releases as a person writes them: `NAME@VERSION`, `dir:PATH`, `hf:ORG/NAME@VERSION`, `catalogue:PATH`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, RefusedError
from zoo.release._manifest import Manifest
from zoo.release._version import parse_version

LOCK_NAME = ".publish.lock"
"""Lies in the folder of a model's versions since the first was published there."""
RELEASES_FOLDER = "releases"
"""Where a folder of models, such as the package's own, holds the releases of each: `models/NAME/releases/VERSION`."""
_PLACES = "dir:PATH, hf:ORG/NAME or catalogue:PATH"
_MOST_LISTED = 10


@dataclass(frozen=True)
class Place:
    """A scheme, `dir`, `hf` or `catalogue`, and what stands behind the colon."""

    scheme: str
    address: str


@dataclass(frozen=True)
class HubRelease:
    """A release on the hub; `version` None: the newest."""

    repository: str
    version: str | None


def parse_place(text: str) -> Place:
    """Where to publish. Raises InputError for anything but `dir:PATH`, `hf:ORG/NAME` and `catalogue:PATH`."""
    scheme, colon, address = text.partition(":")
    if not colon or scheme not in {"dir", "hf", "catalogue"}:
        raise InputError(f"'{text}' is not a place to publish; write {_PLACES}.")
    if not address.strip() or "\0" in address:
        raise InputError(f"'{text}' names no place; write {_PLACES}.")
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


def require_place(manifest: Manifest, folder: Path, *, of_registry: bool = False) -> None:
    """Hold a release against the name of its folder, `MODEL/VERSION` in a registry: an old one may have been renamed.

    Among models it is `MODEL/releases/VERSION`.
    A folder that is named as no version, such as that of a pulled release, says nothing; what holds it says what model
    it is of only in a registry. Raises RefusedError where the manifest is of another model or version.
    """
    place = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is a name too, so none is followed
    if parse_version(place.name) is None:
        return
    holder = place.parent
    if holder.name == RELEASES_FOLDER and (holder.parent / "spec.yaml").is_file():
        holder, of_registry = holder.parent, True
    model = holder.name if of_registry or (holder / LOCK_NAME).exists() else manifest.model
    if (manifest.model, manifest.version) != (model, place.name):
        raise RefusedError(
            f"{folder} holds {manifest.model} {manifest.version}, not {model} {place.name} as its place says; do not "
            "use it."
        )


def listed_versions(versions: Sequence[str]) -> str:
    """Versions, oldest first, for a sentence: the newest of them where there are many."""
    shown = ", ".join(versions[-_MOST_LISTED:])
    left = len(versions) - _MOST_LISTED
    return f"{shown}, and {left} older" if left > 0 else shown
