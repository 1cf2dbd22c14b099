"""One file, or each model of a task bundle, inspected: what `zoo inspect` shows and the inspect stage records."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zoo.errors import InputError, RefusedError
from zoo.gzipped import gzip_bytes
from zoo.xnnpack._targets import TARGETS

if TYPE_CHECKING:
    from zoo.records import InspectedFile, LayerSparsity
    from zoo.tflite import Inventory

MAX_FILE_BYTES = 2**31 - 1
MAX_BUNDLE_MEMBERS = 64
MAX_BUNDLE_BYTES = 1 << 30
"""All models of a bundle together, unpacked; a bundle stores them unpacked, so more than this is no bundle."""
_ZIP_MARK = b"PK\x03\x04"
_MODEL_SUFFIX = ".tflite"


def inspect_path(path: Path, *, targets: Sequence[str] = TARGETS) -> list[InspectedFile]:
    """Inspect a `.tflite` file, or every model of a `.task` bundle; what it is, its content tells.

    For the command `zoo inspect FILE [--target T] [--require sparse] [--json]`: call this with `targets=[T]`, show the
    result (one part a model; `--json` prints `model_dump(mode="json")` of each), then `require_sparse` where asked for.
    Each part has what a table needs: `operators` by name, `parameters`, `weight_bytes` by kind (they add up to the
    file), `layers` with the sparsity of each 1x1 kernel, and one verdict a target with `summary` and `breaks`.

    Raises InputError where the file cannot be read, is damaged or hostile, or where a target is not known.
    """
    data = _read(path)
    if data[:4] == _ZIP_MARK:
        return [_inspect(model, f"{path}:{name}", name, name, targets) for name, model in bundle_models(path)]
    return [_inspect(data, str(path), path.name, path.name, targets)]


def inspect_file(path: Path, *, name: str) -> InspectedFile:
    """Inspect one `.tflite` file for the record; `name` is its role there, such as `sparse` or `published_dense`.

    Raises InputError where the file cannot be read or is no sound model.
    """
    return _inspect(_read(path), str(path), name, path.name, TARGETS)


def inspect_bundle(path: Path) -> list[InspectedFile]:
    """Inspect every model of a `.task` bundle, named by its member. Raises InputError as `bundle_models` does."""
    return [_inspect(data, f"{path}:{name}", name, name, TARGETS) for name, data in bundle_models(path)]


def _inspect(data: bytes, called: str, name: str, file_name: str, targets: Sequence[str]) -> InspectedFile:
    """`called` is what messages say, `name` the part's own, `file_name` that of its file reference."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        # Compression takes as long as all the rest, these imports included, and leaves Python's lock.
        compressed = pool.submit(gzip_bytes, data)
        from zoo.records import FileRef, InspectedFile
        from zoo.tflite import inventory, read_model
        from zoo.xnnpack._verdict import engagements

        model = read_model(data, name=called)
        contents = inventory(model)
        return InspectedFile(
            name=name,
            file=FileRef(name=file_name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)),
            operators=contents.operators,
            parameters=contents.parameters,
            sparse_tensors=contents.sparse_tensors,
            pointwise_sparsity=contents.pointwise_sparsity,
            weight_bytes=contents.weight_bytes,
            layers=_layers(contents),
            verdicts=engagements(model, targets),
            gzip_bytes=compressed.result(),
        )


def _layers(contents: Inventory) -> list[LayerSparsity]:
    from zoo.records import LayerSparsity

    return [
        LayerSparsity(
            layer=kernel.label,
            shape=list(kernel.shape),
            sparsity=kernel.count.share,
            stored_sparse=kernel.count.stored_sparse,
        )
        for kernel in contents.pointwise
    ]


def require_sparse(files: Sequence[InspectedFile]) -> None:
    """Raise RefusedError, with the first reason, unless every verdict of every file says sparse."""
    for file in files:
        for verdict in file.verdicts:
            if not verdict.sparse:
                first = verdict.breaks[0]
                raise RefusedError(
                    f"{file.name} does not run sparse on {verdict.target}: {first.where}; {first.advice}"
                )


def bundle_models(path: Path) -> list[tuple[str, bytes]]:
    """The models of a `.task` bundle as bytes, with their member names, read in memory; nothing is unpacked to disk.

    Raises InputError where the file is no sound zip, has no model, has a member whose name leads elsewhere, or would
    unpack to more than the limits.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            members = [entry for entry in bundle.infolist() if entry.filename.endswith(_MODEL_SUFFIX)]
            _check_members(path, bundle.infolist(), members)
            return [(entry.filename, _member(path, bundle, entry)) for entry in members]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}; check the path.") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise InputError(f"{path} is not a sound task bundle: {error}; fetch or build it again.") from error


def _check_members(path: Path, entries: list[zipfile.ZipInfo], members: list[zipfile.ZipInfo]) -> None:
    if not members:
        raise InputError(f"{path} holds no .tflite model; give a model or a .task bundle.")
    if len(entries) > MAX_BUNDLE_MEMBERS or sum(entry.file_size for entry in members) > MAX_BUNDLE_BYTES:
        raise InputError(f"{path} would unpack to more than a task bundle holds; give another file.")
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/"))
        if not entry.filename.isprintable():
            raise InputError(f"{path} has a member whose name cannot be printed; do not use this file.")
        if parts.is_absolute() or ".." in parts.parts or ":" in entry.filename:
            raise InputError(
                f"{path} has a member '{entry.filename}' whose name leads out of it; do not use this file."
            )


def _member(path: Path, bundle: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with bundle.open(entry) as stream:
        # The stated size may lie; no more than that is read.
        data = stream.read(entry.file_size + 1)
    if len(data) != entry.file_size:
        raise InputError(f"{path}: member '{entry.filename}' is not as long as it says; fetch the bundle again.")
    return data


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path} is larger than 2 GiB; give a .tflite or .task file.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}; check the path.") from error
