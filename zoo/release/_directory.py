"""A folder as a registry: `PATH/NAME/VERSION/`, each version written once and never changed.

A catalogue is one that lies beside specs: `PATH/NAME/releases/VERSION/`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from zoo.errors import InputError, OutsideError, RefusedError
from zoo.files import check_writable
from zoo.progress import Progress, Ticker
from zoo.records import StageRecord
from zoo.release._manifest import MANIFEST_NAME, RECORDS_FOLDER, Manifest, load_manifest
from zoo.release._manifest_files import read_manifest
from zoo.release._place import LOCK_NAME, RELEASES_FOLDER, require_place
from zoo.release._records import read_release_records
from zoo.release._registry import Sending

BLOCK = 1 << 20


class DirectoryRegistry:
    """`dir:PATH`: versions of any number of models, side by side."""

    def __init__(self, path: Path, *, release: Path) -> None:
        """`release` is where the files come from, which must not be inside the registry's own folders."""
        self.path = path.expanduser().absolute()
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; name a folder to publish to.")
        if self.path.resolve().is_relative_to(release.resolve()):
            raise InputError(f"{self.path} lies inside the release itself; name a folder outside it.")

    def _versions(self, model: str) -> Path:
        return self.path / model

    def check(self, manifest: Manifest, *, dry_run: bool) -> None:
        """Raises RefusedError where this version is there already; without `dry_run`, what `check_writable` does."""
        folder = self._versions(manifest.model) / manifest.version
        if os.path.lexists(folder):
            raise RefusedError(
                f"{folder} is published already and is never overwritten; raise the version in the spec and build "
                "again."
            )
        if not dry_run:
            check_writable(folder.parent, folder=True)

    def versions(self, model: str) -> list[str]:
        """The folders of this model."""
        return version_folders(self._versions(model))

    def numbers(self, model: str, version: str) -> tuple[Manifest, Mapping[str, StageRecord]]:
        """Manifest and records of a published version, its files held against it."""
        folder = self._versions(model) / version
        manifest = read_manifest(folder, advice=f"mend or remove {folder}")
        require_place(manifest, folder, of_registry=True)
        records = read_release_records(folder / RECORDS_FOLDER, manifest, advice=f"mend or remove {folder}")
        return manifest, records

    def location(self, manifest: Manifest) -> str:
        """The folder of the version."""
        return str(self._versions(manifest.model) / manifest.version)

    def removed(self, names: Sequence[str]) -> list[str]:
        """Nothing: other versions stay as they are."""
        return []

    def send(self, sending: Sending, *, progress: Progress) -> None:
        """Copy the release to its place.

        The copy is made beside its place, checked against the manifest and flushed to disk, then renamed: whoever looks
        sees the whole version or none. What a killed run left behind is removed by the next.
        """
        parent = self._versions(sending.manifest.model)
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with FileLock(parent / LOCK_NAME):
                _remove_leftovers(parent)
                self.check(sending.manifest, dry_run=False)
                copy_whole(sending, parent / sending.manifest.version, progress=progress)
        except OSError as error:
            raise OutsideError(
                f"{self.path} cannot be written: {error.strerror or error}; nothing was published."
            ) from error


class CatalogueRegistry(DirectoryRegistry):
    """`catalogue:PATH`: a folder of models, each with its spec and its releases."""

    def check(self, manifest: Manifest, *, dry_run: bool) -> None:
        """As of any folder; raises InputError also where the model has no spec there."""
        spec = self.path / manifest.model / "spec.yaml"
        if not spec.is_file():
            raise InputError(f"There is no {spec}; catalogue:PATH names a folder of models, such as catalogue:models.")
        super().check(manifest, dry_run=dry_run)

    def _versions(self, model: str) -> Path:
        return self.path / model / RELEASES_FOLDER


def version_folders(parent: Path) -> list[str]:
    """Names of the folders in the folder of a model; none where there is no such folder."""
    try:
        return [entry.name for entry in parent.iterdir() if entry.is_dir() and not entry.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise OutsideError(f"{parent} cannot be read: {error.strerror}.") from error


def copy_whole(sending: Sending, folder: Path, *, progress: Progress) -> None:
    """Copy a release to `folder`, which appears whole and flushed to disk, or not at all."""
    with temporary_sibling(folder) as partial:
        _copy_all(sending, partial, progress=progress)
        put_in_place(partial, folder)


def put_in_place(partial: Path, folder: Path) -> None:
    """Flush a finished folder to disk, then give it its name. Raises RefusedError where the name is taken meanwhile."""
    for place, _, names in os.walk(partial):
        for name in names:
            _flush(Path(place) / name)
        _flush_folder(Path(place))
    _rename(partial, folder)
    _flush_folder(folder.parent)


def _remove_leftovers(parent: Path) -> None:
    # The lock is ours, so no other run is writing these.
    for leftover in parent.glob(".partial-*"):
        shutil.rmtree(leftover)


@contextlib.contextmanager
def temporary_sibling(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder`, on the same disk; what is left of it goes at the end."""
    partial = folder.parent / f".partial-{folder.name}-{secrets.token_hex(4)}"
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copy_all(sending: Sending, partial: Path, *, progress: Progress) -> None:
    hashes = {file.path: file.sha256 for file in sending.manifest.files}
    total = float(sum((sending.folder / name).stat().st_size for name in sending.names))
    with progress.task(f"copy {sending.manifest.model} {sending.manifest.version}", total) as ticker:
        for name in sending.names:
            target = partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            copied = _copy(sending.folder / name, target, ticker)
            if hashes.get(name, copied) != copied:
                raise RefusedError(f"{sending.folder / name} changed while it was copied; nothing was published.")
    if load_manifest(partial / MANIFEST_NAME) != sending.manifest:
        raise RefusedError(f"{sending.folder / MANIFEST_NAME} changed while it was copied; nothing was published.")


def _copy(source: Path, target: Path, ticker: Ticker) -> str:
    """Copy one file; the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(BLOCK):
            digest.update(block)
            writer.write(block)
            ticker.advance(len(block))
    return digest.hexdigest()


def _rename(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise RefusedError(f"{folder} was published by another run meanwhile; nothing was changed.") from error
        raise


def _flush(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
