"""A folder's fingerprint: tells that none of its files changed, without reading them."""

from __future__ import annotations

import os
from pathlib import Path

from zoo.errors import InputError
from zoo.files import hash_file
from zoo.pipeline._keys import Json, hash_json


def folder_fingerprint(folder: Path) -> str:
    """Hash of the names, sizes and times of all files below a folder.

    Raises InputError where a folder cannot be read.
    """
    entries: list[Json] = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)  # noqa: PTH118 - thousands of names, and a Path each is slow
            state = os.lstat(path)
            shown = os.path.relpath(path, folder).encode("utf-8", "surrogateescape").hex()
            entries.append([shown, state.st_size, state.st_mtime_ns])
    return hash_json(entries)


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read ({error.strerror}): give it back its permissions.") from error


def content_hash(folder: Path) -> str:
    """Hash of the names and contents of all files below a folder; for few and small ones."""
    return hash_json(
        {path.relative_to(folder).as_posix(): hash_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    )
