"""The built-in catalogue: releases that lie beside the specs, in `models/NAME/releases/VERSION`, in the wheel too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, RefusedError
from zoo.release._directory import version_folders
from zoo.release._manifest import MANIFEST_NAME, Manifest, load_manifest
from zoo.release._manifest_files import check_listed
from zoo.release._place import RELEASES_FOLDER, listed_versions, require_place
from zoo.release._version import in_order, parse_version
from zoo.spec import list_models, model_folders, near

_NAMED = re.compile(r"(?P<name>[a-z][a-z0-9_]{0,63})(?:@(?P<version>.*))?", re.DOTALL)
ADVICE = "install the package again"


@dataclass(frozen=True)
class Shipped:
    """A release in the catalogue; of its files, only the manifest has been read."""

    folder: Path
    manifest: Manifest

    @property
    def sparse_file(self) -> str:
        """The name of its sparse file, which takes the place of the published one."""
        return f"{self.manifest.model}_sparse.tflite"

    @property
    def sparse_bytes(self) -> int:
        """Bytes of that file. Raises RefusedError where the release holds none."""
        for file in self.manifest.files:
            if file.path == self.sparse_file:
                return file.bytes
        raise RefusedError(f"{self.folder} lists no {self.sparse_file}; {ADVICE}.")


def shipped_releases() -> list[Shipped]:
    """The newest release of each model that has one, by name. Raises as `shipped`."""
    return [shipped(name) for name in list_models() if _versions(name)]


def shipped(named: str) -> Shipped:
    """The release of `NAME`, the newest, or of `NAME@VERSION`.

    Raises InputError where there is no such model, release or version, RefusedError where the release in its place is
    another one.
    """
    parts = _NAMED.fullmatch(named)
    name, version = (parts["name"], parts["version"]) if parts else (named, None)
    folders = _versions(name) if parts else {}
    if not folders:
        raise InputError(_not_released(name))
    versions = in_order(folders)
    if version is not None and version not in folders:
        raise InputError(f"There is no version '{version[:80]}' of {name}; it has {listed_versions(versions)}.")
    folder = folders[version or versions[-1]]
    manifest = load_manifest(folder / MANIFEST_NAME)
    require_place(manifest, folder)
    return Shipped(folder=folder, manifest=manifest)


def load(named: str) -> Path:
    """The sparse file of a released model, `NAME` or `NAME@VERSION`, held against its manifest; nothing is fetched.

    Raises as `shipped`, and RefusedError where the file was altered or is missing.
    """
    release = shipped(named)
    release.sparse_bytes  # noqa: B018 - what the manifest does not list would not be held against it
    path = release.folder / release.sparse_file
    if not path.is_file():
        raise RefusedError(f"{path} is in the manifest but not there; {ADVICE}.")
    check_listed(release.folder, release.sparse_file, advice=ADVICE)
    return path


def is_shipped_name(text: str) -> bool:
    """Whether a person means a model of the catalogue, `NAME` of a known model or `NAME@VERSION`, and not a path."""
    parts = _NAMED.fullmatch(text)
    return parts is not None and (parts["name"] in list_models() or parts["version"] is not None)


def _versions(name: str) -> dict[str, Path]:
    """Folders of a model's versions, each from the first folder of models that has it."""
    folders: dict[str, Path] = {}
    for models in model_folders():
        parent = models / name / RELEASES_FOLDER
        for version in version_folders(parent):
            if parse_version(version) and (parent / version / MANIFEST_NAME).is_file():
                folders.setdefault(version, parent / version)
    return folders


def _not_released(name: str) -> str:
    released = [one for one in list_models() if _versions(one)]
    known = f"released are {', '.join(released)}" if released else "no model is released"
    if name in list_models():
        return f"There is no release of {name} yet; {known}. Build one with 'zoo build {name} --data DIR'."
    return f"There is no model '{name[:80]}'{near(name[:80], released) or ';'} {known}."
