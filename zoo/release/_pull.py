"""Fetching a release: whole and checked, or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from zoo.errors import InputError, OutsideError, RefusedError
from zoo.progress import Progress
from zoo.release._directory import put_in_place, temporary_sibling, version_folders
from zoo.release._manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, SIGNATURE_NAME, Manifest, parse_manifest
from zoo.release._place import HubRelease, parse_release
from zoo.release._sign import MAX_SIGNATURE_BYTES, read_public_key
from zoo.release._verify import Verified, verify_release
from zoo.release._version import in_order


def pull(source: str, *, to: Path | None, key: Path | None, progress: Progress) -> Verified:
    """Fetch a release into the new folder `to` (`./MODEL-VERSION` without it), checked before it appears there.

    `source`: `hf:ORG/NAME`, `hf:ORG/NAME@VERSION`, or a release's folder, or that of a model's versions, with or
    without `dir:`. Without a version, the newest. With `key`, the PEM of a public key, it must be signed by it.
    Raises InputError for a wrong source, key or `to`, RefusedError where the release is not what its manifest or
    signature says, OutsideError where disk or network fails.
    """
    place = parse_release(source)
    if key is not None:
        read_public_key(key)
    if to is not None:
        _require_new(to)
    base = Path.cwd() if to is None else to.absolute().parent
    if not base.is_dir():
        raise InputError(f"{base} is no folder; name a folder in one that is there with --to.")
    try:
        with temporary_sibling(base / "pull") as partial:
            folder = partial / "release"
            _fetch(place, folder, progress=progress)
            verified = verify_release(folder, key=key)
            final = base / (f"{verified.name}-{verified.version}" if to is None else to.name)
            _require_new(final)
            put_in_place(folder, final)
    except OSError as error:
        raise OutsideError(f"{base} cannot be written: {error.strerror or error}; nothing was kept.") from error
    return replace(verified, folder=final)


def _require_new(folder: Path) -> None:
    if folder.is_symlink() or folder.exists():
        raise InputError(f"{folder} is there already; remove it, or name a new folder with --to.")


@contextmanager
def release_at(source: str, *, progress: Progress) -> Iterator[Path]:
    """The folder of a release: itself where it is on this machine, else a temporary one with what was fetched."""
    place = parse_release(source)
    if isinstance(place, Path):
        yield _release_folder(place)
        return
    with tempfile.TemporaryDirectory(prefix="zoo-verify-") as made:
        folder = Path(made, place.repository.rpartition("/")[2] or "release")
        _fetch(place, folder, progress=progress)
        yield folder


def _fetch(place: Path | HubRelease, folder: Path, *, progress: Progress) -> None:
    folder.mkdir()
    if isinstance(place, HubRelease):
        _fetch_from_hub(place, folder, progress=progress)
    else:
        _fetch_from_folder(_release_folder(place), folder, progress=progress)


def _release_folder(path: Path) -> Path:
    """The folder itself where it holds a manifest, else its newest version. InputError where there is neither."""
    if (path / MANIFEST_NAME).is_file():
        return path
    versions = in_order(version_folders(path))
    if versions:
        return path / versions[-1]
    if not path.is_dir():
        raise InputError(f"There is no folder {path}; name a release's folder, or hf:ORG/NAME.")
    raise InputError(f"{path} holds no {MANIFEST_NAME} and no versions; name PATH/MODEL or PATH/MODEL/VERSION.")


def _fetch_from_folder(source: Path, folder: Path, *, progress: Progress) -> None:
    """Copy what the manifest lists, each file no longer than it should be; the copy is judged afterwards."""
    manifest = verify_release(source).manifest
    _copy(source / MANIFEST_NAME, folder / MANIFEST_NAME, limit=MAX_MANIFEST_BYTES)
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


def _fetch_from_hub(place: HubRelease, folder: Path, *, progress: Progress) -> None:
    from zoo.release._hub_client import hub_client
    from zoo.release._hub_look import HUB_FILES, check_repository, download, look

    check_repository(place.repository)
    where = f"hf:{place.repository}"
    with hub_client() as api:
        version = place.version or _newest(place.repository, list(look(api, place.repository).tags))
        at = look(api, place.repository, version)
        if at.commit is None:
            raise InputError(f"There is no {where}, or it is not for you; 'hf auth login' if it is private.")
        if MANIFEST_NAME not in at.files:
            raise InputError(f"{where} {version} holds no {MANIFEST_NAME}, so it is no release of this zoo.")
        download(api, place.repository, at.commit, MANIFEST_NAME, folder / MANIFEST_NAME, limit=MAX_MANIFEST_BYTES)
        manifest = _named(
            parse_manifest((folder / MANIFEST_NAME).read_bytes(), place=f"{where} {version}"), version, where
        )
        # All names are checked before a file is fetched.
        listed = {file.path for file in manifest.files} | {MANIFEST_NAME}
        for name in sorted(set(at.files) - listed - HUB_FILES - {SIGNATURE_NAME}):
            raise RefusedError(f"{name} is in {where} {version} but not in its manifest; do not use it.")
        for name in sorted(listed - set(at.files)):
            raise RefusedError(f"{name} is in the manifest of {where} {version} but not there; do not use it.")
        if SIGNATURE_NAME in at.files:
            download(
                api, place.repository, at.commit, SIGNATURE_NAME, folder / SIGNATURE_NAME, limit=MAX_SIGNATURE_BYTES
            )
        with progress.task(f"fetch {manifest.model} {version}", float(manifest.total_bytes)) as ticker:
            for file in manifest.files:
                found = download(api, place.repository, at.commit, file.path, folder / file.path, limit=file.bytes)
                if found != file.sha256:
                    raise RefusedError(
                        f"{file.path} of {where} {version} is not what its manifest lists; nothing was kept."
                    )
                ticker.advance(float(file.bytes))


def _newest(repository: str, tags: list[str]) -> str:
    versions = in_order(tags)
    if not versions:
        raise InputError(f"hf:{repository} has no release, or is not for you; 'hf auth login' if it is private.")
    return versions[-1]


def _named(manifest: Manifest, version: str, where: str) -> Manifest:
    if manifest.version != version:
        raise RefusedError(f"{where} {version} holds version {manifest.version}; do not use it.")
    return manifest
