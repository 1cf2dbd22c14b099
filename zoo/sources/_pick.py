"""Pictures to be shown: of a folder all that look like one by name, or a single file. Nothing is decoded."""

from __future__ import annotations

from pathlib import Path

from zoo.errors import InputError
from zoo.sources._walk import walk


def pick_pictures(place: Path) -> list[tuple[str, Path]]:
    """Name and file of each picture in a folder and its subfolders, sorted by name, or of the one file `place`.

    Raises InputError where there is nothing at `place`, or it holds no JPEG, PNG or WebP file.
    """
    if place.is_file():
        return [(place.name, place)]
    if not place.is_dir():
        raise InputError(f"there is no picture or folder {place}; check the path.")
    root = place.resolve()
    found = [(name, root / name) for name in walk(root).pictures]
    if not found:
        raise InputError(f"{place} holds no JPEG, PNG or WebP picture; give another folder.")
    return found
