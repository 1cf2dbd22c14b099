"""A folder as a registry: `PATH/NAME/VERSION/`, each version written once and never changed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from zoo.errors import InputError, OutsideError, RefusedError
from zoo.progress import Progress, Ticker
from zoo.release._manifest import MANIFEST_NAME, Manifest

BLOCK = 1 << 20


def release_folder(registry: Path, manifest: Manifest, *, release: Path) -> Path:
    """Where this version will lie. Raises RefusedError where it is there already, InputError for an unusable place."""
    registry = registry.absolute()
    if registry.exists() and not registry.is_dir():
        raise InputError(f"{registry} is a file; name a folder to publish to.")
    if registry.resolve().is_relative_to(release.resolve()):
        raise InputError(f"{registry} lies inside the release itself; name a folder outside it.")
    folder = registry / manifest.model / manifest.version
    if os.path.lexists(folder):
        raise RefusedError(
            f"{folder} is published already and is never overwritten; raise the version in the spec and build again."
        )
    return folder


def copy_release(release: Path, registry: Path, manifest: Manifest, *, progress: Progress) -> Path:
    """Copy the release to its place in the registry, and return that folder.

    The copy is made beside its place, checked against the manifest and flushed to disk, then renamed: whoever looks
    sees the whole version or none. What a killed run left behind is removed by the next.
    """
    try:
        parent = registry.absolute() / manifest.model
        parent.mkdir(parents=True, exist_ok=True)
        with FileLock(parent / ".publish.lock"):
            _remove_leftovers(parent)
            folder = release_folder(registry, manifest, release=release)
            with _temporary_sibling(folder) as partial:
                _copy_all(release, partial, manifest, progress=progress)
                _rename(partial, folder)
            _flush_folder(parent)
    except OSError as error:
        raise OutsideError(
            f"{registry} cannot be written: {error.strerror or error}; nothing was published."
        ) from error
    return folder


def _remove_leftovers(parent: Path) -> None:
    # The lock is ours, so no other run is writing these.
    for leftover in parent.glob(".partial-*"):
        shutil.rmtree(leftover)


@contextlib.contextmanager
def _temporary_sibling(folder: Path) -> Iterator[Path]:
    partial = folder.parent / f".partial-{folder.name}-{secrets.token_hex(4)}"
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copy_all(release: Path, partial: Path, manifest: Manifest, *, progress: Progress) -> None:
    total = float(manifest.total_bytes)
    with progress.task(f"publish {manifest.model} {manifest.version}", total) as ticker:
        for file in manifest.files:
            target = partial / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if _copy_flushed(release / file.path, target, ticker) != file.sha256:
                raise RefusedError(f"{release / file.path} changed while it was copied; nothing was published.")
    # The manifest travels as it was read, not as the file may read by now.
    path = partial / MANIFEST_NAME
    _copy_flushed(release / MANIFEST_NAME, path, None)
    if Manifest.model_validate_json(path.read_bytes()) != manifest:
        raise RefusedError(f"{release / MANIFEST_NAME} changed while it was copied; nothing was published.")
    for place, _, _ in os.walk(partial):
        _flush_folder(Path(place))


def _copy_flushed(source: Path, target: Path, ticker: Ticker | None) -> str:
    """Copy and flush one file; the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(BLOCK):
            digest.update(block)
            writer.write(block)
            if ticker is not None:
                ticker.advance(len(block))
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _rename(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise RefusedError(f"{folder} was published by another run meanwhile; nothing was changed.") from error
        raise


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
