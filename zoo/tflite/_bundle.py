"""Task bundles: zips of models, which MediaPipe reads in place. Nothing is unpacked to disk, and no name is trusted."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from zoo.errors import InputError
from zoo.files import read_file

MAX_BUNDLE_MEMBERS = 64
_MODEL_SUFFIX, _BUNDLE_SUFFIX = ".tflite", ".task"
_DIRECTORY_MARK = b"PK\x01\x02"
_MOST_MARKS = 1024
"""Each entry of a zip's directory starts with the mark: more of them, and the list alone would fill the memory."""
_TOO_MANY = "more members than a task bundle holds; give another file."
_DEEPEST = 2
"""A gesture recognizer holds a hand landmarker, which holds models; none is deeper."""
_LONGEST_NAME = 255
_SHOWN = 80
_ENCRYPTED = 1
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can hold."""


def bundle_models(path: Path) -> list[tuple[str, bytes]]:
    """The models of a `.task` bundle as bytes, with their member names; those of bundles in it as `OUTER/INNER`.

    Raises InputError where the file is no sound zip, has no model, holds more than a bundle does, compresses a model
    (MediaPipe loads none), or has a member whose name leads elsewhere, comes twice or cannot be printed.
    """
    models = _models(read_file(path), str(path), 1)
    if not models:
        raise InputError(f"{path} holds no .tflite model; give a model or a .task bundle.")
    return models


def write_bundle(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a `.task` bundle as MediaPipe reads it: members stored, in this order, with a fixed date."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as bundle:
        for name, data in members.items():
            bundle.writestr(zipfile.ZipInfo(name, date_time=_FIXED_DATE), data)


def _models(data: bytes, called: str, depth: int) -> list[tuple[str, bytes]]:
    if depth > _DEEPEST:
        raise InputError(f"{called} lies in bundles in bundles, deeper than any of MediaPipe; do not use this file.")
    try:
        return _read_members(data, called, depth)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise _unsound(called, error) from error
    except (IndexError, OSError, OverflowError, struct.error) as error:
        # The directory's numbers are followed by the zip reader before it has looked at all of them.
        raise _unsound(called, error) from error


def _unsound(called: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[: 2 * _SHOWN].rstrip(".") or "it ends too early"
    return InputError(f"{called} is not a sound task bundle: {reason}; fetch or build it again.")


def _read_members(data: bytes, called: str, depth: int) -> list[tuple[str, bytes]]:
    if data.count(_DIRECTORY_MARK) > _MOST_MARKS:
        raise InputError(f"{called} has {_TOO_MANY}")
    found: list[tuple[str, bytes]] = []
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        entries = bundle.infolist()
        wanted = [entry for entry in entries if entry.filename.endswith((_MODEL_SUFFIX, _BUNDLE_SUFFIX))]
        _check_members(called, entries, wanted, len(data))
        for entry in wanted:
            member = _member(called, bundle, entry)
            if entry.filename.endswith(_BUNDLE_SUFFIX):
                inner = _models(member, f"{called}:{entry.filename[:_SHOWN]}", depth + 1)
                found.extend((f"{entry.filename}/{name}", model) for name, model in inner)
            else:
                found.append((entry.filename, member))
    return found


def _check_members(called: str, entries: list[zipfile.ZipInfo], wanted: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > MAX_BUNDLE_MEMBERS:
        raise InputError(f"{called} has {_TOO_MANY}")
    names = set()
    for entry in entries:
        # The zip reader ends a name at a NUL; what stood there is in `orig_filename`.
        shown, parts = entry.filename[:_SHOWN], PurePosixPath(entry.filename.replace("\\", "/"))
        if not entry.orig_filename.isprintable() or len(entry.filename) > _LONGEST_NAME:
            raise InputError(f"{called} has a member whose name cannot be printed; do not use this file.")
        if parts.is_absolute() or ".." in parts.parts or ":" in entry.filename:
            raise InputError(f"{called} has a member '{shown}' whose name leads out of it; do not use this file.")
        if entry.filename in names:
            raise InputError(f"{called} has two members of the name '{shown}'; do not use this file.")
        names.add(entry.filename)
    for entry in wanted:
        shown = entry.filename[:_SHOWN]
        if entry.flag_bits & _ENCRYPTED:
            raise InputError(f"{called}: member '{shown}' is encrypted; give a bundle that is not.")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise InputError(f"{called}: member '{shown}' is compressed and MediaPipe would not load it; store it.")
    if sum(entry.file_size for entry in wanted) > size:
        raise InputError(f"{called} has members that are larger than itself; do not use this file.")


def _member(called: str, bundle: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with bundle.open(entry) as stream:
        # The stated size may lie; no more than that is read.
        data = stream.read(entry.file_size + 1)
    if len(data) != entry.file_size:
        shown = entry.filename[:_SHOWN]
        raise InputError(f"{called}: member '{shown}' is not as long as it says; fetch the bundle again.")
    return data
