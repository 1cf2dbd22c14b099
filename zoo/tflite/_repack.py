"""A file to a file: its kernels stored another way, and nothing written over by accident."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import InputError
from zoo.files import ZIP_MARK, check_writable, printable, read_file, write_file
from zoo.records import FileRef
from zoo.tflite._storage import Repacked, StoredTensor, densify


@dataclass(frozen=True)
class RepackedFile:
    """A file that is made but not yet written; `changed` is how many of the `tensors` are stored another way in it."""

    source: FileRef
    made: FileRef
    changed: int
    tensors: tuple[StoredTensor, ...]
    place: Path
    data: bytes = field(repr=False)

    def write(self) -> None:
        """Write the file whole or not at all. Raises as `zoo.files.write_file` does."""
        write_file(self.place, self.data)


def densify_file(path: Path, out: Path | None = None, *, replace: bool = False) -> RepackedFile:
    """The file with every sparse tensor stored dense, to be written to `out`, or beside it as `NAME_densified.tflite`.

    Raises InputError where the file cannot be read, is no sound TFLite model or a bundle of them, or where a file is
    at the place already and `replace` is False.
    """
    return _repacked(path, out or _beside(path, "densified"), densify, replace)


def sparsify_file(path: Path, out: Path | None = None, *, replace: bool = False) -> RepackedFile:
    """The file with kernels stored sparse where that is smaller, for `out` or, beside it, `NAME_sparsified.tflite`.

    Raises InputError as `densify_file` does.
    """
    from zoo.tflite._sparsify import sparsify

    return _repacked(path, out or _beside(path, "sparsified"), sparsify, replace)


def _beside(path: Path, how: str) -> Path:
    return path.parent / f"{path.stem}_{how}{path.suffix}"


def read_one_model(path: Path, place: Path, *, replace: bool) -> bytes:
    """The bytes of a file that is to be written anew at `place`.

    Raises InputError where it cannot be read or is a bundle, or where a file is at the place already and `replace` is
    False; as `zoo.files.check_writable` does, where the place cannot be written.
    """
    data = read_file(path)
    if data.startswith(ZIP_MARK):
        raise InputError(f"{path} is a bundle or another zip; take its models out and give one .tflite file at a time.")
    if place.is_file() and not replace:
        raise InputError(f"{place} is there already; name another file with --out, or replace it with --force.")
    check_writable(place)
    return data


def file_ref(path: Path, data: bytes) -> FileRef:
    """What a document says of a file with these bytes at this place."""
    return FileRef(printable(str(path)), hashlib.sha256(data).hexdigest(), len(data))


def _repacked(path: Path, place: Path, repack: Callable[..., Repacked], replace: bool) -> RepackedFile:
    data = read_one_model(path, place, replace=replace)
    repacked = repack(data, name=str(path))
    made = repacked.data
    return RepackedFile(file_ref(path, data), file_ref(place, made), repacked.changed, repacked.tensors, place, made)
