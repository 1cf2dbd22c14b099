"""Fetching a release: whole and checked, or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial as partial_function
from pathlib import Path

from zoo.errors import InputError, OutsideError, RefusedError
from zoo.files import read_regular
from zoo.progress import Progress
from zoo.release._directory import put_in_place, temporary_sibling, version_folders
from zoo.release._manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    Manifest,
    load_manifest,
    parse_manifest,
)
from zoo.release._place import HubRelease, listed_versions, parse_release, require_place
from zoo.release._shipped import is_shipped_name, shipped
from zoo.release._sign import MAX_SIGNATURE_BYTES, read_public_key
from zoo.release._verify import Verified, verify_release
from zoo.release._version import in_order


@dataclass(frozen=True)
class _Source:
    """A release that can be fetched: its manifest, also as it is written there, and what brings it into a folder."""

    manifest: Manifest
    written: bytes
    fetch: Callable[[Path], None]


def pull(source: str, *, to: Path | None, key: Path | None, progress: Progress) -> Verified:
    """Fetch a release into the new folder `to` (`./MODEL-VERSION` without it), checked before it appears there.

    `source`: `NAME` or `NAME@VERSION` of a model released with the package, `hf:ORG/NAME`, `hf:ORG/NAME@VERSION`, or
    a release's folder, or that of a model's versions, with or without `dir:`. Without a version, the newest. With
    `key`, the PEM of a public key, it must be signed by it.
    Where the folder holds that release already, it is checked and nothing is fetched.
    Raises InputError for a wrong source, key or `to`, RefusedError where the release is not what its manifest,
    signature or place says, OutsideError where disk or network fails.
    """
    place = _place_of(source)
    if key is not None:
        read_public_key(key)
    if to is not None and not (to / MANIFEST_NAME).is_file():
        _require_new(to)
    base = Path.cwd() if to is None else to.absolute().parent
    if not base.is_dir():
        raise InputError(f"{base} is no folder; name a folder in one that is there with --to.")
    try:
        with _opened(place, of_registry=source.startswith("dir:"), progress=progress) as opened:
            manifest = opened.manifest
            final = base / (f"{manifest.model}-{manifest.version}" if to is None else to.name)
            if final.is_symlink() or final.exists():
                return _whole_already(final, opened, key=key)
            with temporary_sibling(base / "pull") as partial:
                folder = partial / "release"
                folder.mkdir()
                opened.fetch(folder)
                verified = verify_release(folder, key=key)
                _require_new(final)
                put_in_place(folder, final)
    except OSError as error:
        raise OutsideError(f"{base} cannot be written: {error.strerror or error}; nothing was kept.") from error
    return replace(verified, folder=final)


def _place_of(source: str) -> Path | HubRelease:
    return shipped(source).folder if is_shipped_name(source) else parse_release(source)


def _require_new(folder: Path) -> None:
    if folder.is_symlink() or folder.exists():
        raise InputError(f"{folder} is there already; remove it, or name a new folder with --to.")


def _whole_already(folder: Path, source: _Source, *, key: Path | None) -> Verified:
    """What is there, where it is the release asked for. Raises InputError where it is another, or not whole."""
    path = folder / MANIFEST_NAME
    if folder.is_symlink() or not path.is_file() or read_regular(path, most=MAX_MANIFEST_BYTES) != source.written:
        _require_new(folder)
    try:
        return replace(verify_release(folder, key=key), fetched=False)
    except RefusedError as error:
        reason = str(error).partition(";")[0]
        raise InputError(
            f"{folder} is there already, but not as it was published ({reason}); remove it, or name a new folder with "
            "--to."
        ) from error


@contextmanager
def release_at(source: str, *, progress: Progress) -> Iterator[Path]:
    """The folder of a release: itself where it is on this machine, else a temporary one with what was fetched.

    Raises as `pull`; RefusedError also where a folder holds another model or version than its place says.
    """
    place = _place_of(source)
    if isinstance(place, Path):
        folder, of_registry = _release_folder(place)
        with suppress(InputError):
            # What cannot be read is for the caller to judge.
            require_place(load_manifest(folder / MANIFEST_NAME), folder, of_registry=of_registry)
        yield folder
        return
    with (
        tempfile.TemporaryDirectory(prefix="zoo-verify-") as made,
        _opened(place, of_registry=False, progress=progress) as opened,
    ):
        folder = Path(made, place.repository.rpartition("/")[2] or "release")
        folder.mkdir()
        opened.fetch(folder)
        yield folder


@contextmanager
def _opened(place: Path | HubRelease, *, of_registry: bool, progress: Progress) -> Iterator[_Source]:
    if isinstance(place, HubRelease):
        with _opened_on_hub(place, progress=progress) as source:
            yield source
        return
    folder, is_newest = _release_folder(place)
    # Whole before it is copied, and judged again as a copy.
    manifest = verify_release(folder).manifest
    require_place(manifest, folder, of_registry=of_registry or is_newest)
    written = read_regular(folder / MANIFEST_NAME, most=MAX_MANIFEST_BYTES)
    yield _Source(manifest, written, partial_function(_copy_release, folder, manifest, written, progress))


def _release_folder(path: Path) -> tuple[Path, bool]:
    """The folder itself where it holds a manifest, else its newest version; and whether it is that.

    Raises InputError where there is neither.
    """
    if (path / MANIFEST_NAME).is_file():
        return path, False
    versions = in_order(version_folders(path))
    if versions:
        return path / versions[-1], True
    if path.is_dir():
        raise InputError(f"{path} holds no {MANIFEST_NAME} and no versions; name PATH/MODEL or PATH/MODEL/VERSION.")
    beside = in_order(version_folders(path.parent))
    if beside:
        raise InputError(f"There is no {path.name} in {path.parent}; it has {listed_versions(beside)}.")
    raise InputError(f"There is no folder {path}; name a released model, a release's folder, or hf:ORG/NAME.")


def _copy_release(source: Path, manifest: Manifest, written: bytes, progress: Progress, folder: Path) -> None:
    """Copy what the manifest lists, each file no longer than it should be; the copy is judged afterwards."""
    (folder / MANIFEST_NAME).write_bytes(written)
    if (source / SIGNATURE_NAME).is_file():
        _copy(source / SIGNATURE_NAME, folder / SIGNATURE_NAME, limit=MAX_SIGNATURE_BYTES)
    with progress.task(f"fetch {manifest.model} {manifest.version}", float(manifest.total_bytes)) as ticker:
        for file in manifest.files:
            _copy(source / file.path, folder / file.path, limit=file.bytes)
            ticker.advance(float(file.bytes))


def _copy(source: Path, target: Path, *, limit: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reader, target.open("xb") as writer:
        left = limit + 1
        while left and (block := reader.read(min(1 << 20, left))):
            writer.write(block)
            left -= len(block)


@contextmanager
def _opened_on_hub(place: HubRelease, *, progress: Progress) -> Iterator[_Source]:
    from zoo.release._hub_client import hub_client
    from zoo.release._hub_look import HUB_FILES, check_repository, download, download_bytes, look

    check_repository(place.repository)
    where = f"hf:{place.repository}"
    with hub_client() as api:
        version = _tagged(place, list(look(api, place.repository).tags))
        at = look(api, place.repository, version)
        commit = at.commit
        if commit is None:
            raise InputError(f"There is no {where}, or it is not for you; 'hf auth login' if it is private.")
        if MANIFEST_NAME not in at.files:
            raise InputError(f"{where} {version} holds no {MANIFEST_NAME}, so it is no release of this zoo.")
        with tempfile.TemporaryDirectory() as made:
            written = download_bytes(api, place.repository, commit, MANIFEST_NAME, Path(made))
        manifest = parse_manifest(written, place=f"{where} {version}")
        if manifest.version != version:
            raise RefusedError(f"{where} {version} holds version {manifest.version}; do not use it.")
        # All names are checked before a file is fetched.
        listed = {file.path for file in manifest.files} | {MANIFEST_NAME}
        for name in sorted(set(at.files) - listed - HUB_FILES - {SIGNATURE_NAME}):
            raise RefusedError(f"{name} is in {where} {version} but not in its manifest; do not use it.")
        for name in sorted(listed - set(at.files)):
            raise RefusedError(f"{name} is in the manifest of {where} {version} but not there; do not use it.")

        def fetch(folder: Path) -> None:
            (folder / MANIFEST_NAME).write_bytes(written)
            if SIGNATURE_NAME in at.files:
                signature = folder / SIGNATURE_NAME
                download(api, place.repository, commit, SIGNATURE_NAME, signature, limit=MAX_SIGNATURE_BYTES)
            with progress.task(f"fetch {manifest.model} {version}", float(manifest.total_bytes)) as ticker:
                for file in manifest.files:
                    digest = download(api, place.repository, commit, file.path, folder / file.path, limit=file.bytes)
                    if digest != file.sha256:
                        raise RefusedError(
                            f"{file.path} of {where} {version} is not what its manifest lists; nothing was kept."
                        )
                    ticker.advance(float(file.bytes))

        yield _Source(manifest, written, fetch)


def _tagged(place: HubRelease, tags: list[str]) -> str:
    """The version that was asked for, or the newest. Raises InputError where there is none such."""
    versions = in_order(tags)
    if not versions:
        raise InputError(f"hf:{place.repository} has no release, or is not for you; 'hf auth login' if it is private.")
    if place.version is not None and place.version not in versions:
        raise InputError(f"hf:{place.repository} has no version {place.version}; it has {listed_versions(versions)}.")
    return place.version or versions[-1]
