"""The manifest of a release: what is in it, by content, and what it was made from."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

import zoo
from zoo.errors import InputError, OutsideError, RefusedError
from zoo.records import DataRecord, FetchRecord, GateResult, GatesRecord, StageRecord
from zoo.spec import ModelSpec, describe_first_error, spec_sha256

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 4 << 20
"""A manifest is some tens of kilobytes; a larger file is not one."""
MAX_FILES = 4096
MAX_FILE_BYTES = 1 << 30

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ManifestFile(_Part):
    """One file of the release. `path` is posix, below the release's folder."""

    path: str = Field(min_length=1, max_length=512)
    bytes: int = Field(ge=0, le=MAX_FILE_BYTES)
    sha256: Sha256

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        parts = path.split("/")
        if any(part in {"", ".", ".."} for part in parts) or not path.isprintable() or set(path) & set('\\:*?"<>|'):
            raise ValueError("must be a plain path below the release, parts joined by '/'")
        if path == MANIFEST_NAME:
            raise ValueError("cannot be the manifest itself")
        return path


class ManifestReference(_Part):
    """A published file that the model was made from or compared with."""

    name: str
    title: str
    licence: str
    sha256: Sha256
    bytes: int = Field(gt=0)
    source: str | None


class Manifest(_Part):
    """`manifest.json` of a release. `records` holds the SHA-256 of each `records/NAME.json` behind the card."""

    format: Literal[1] = 1
    model: str
    version: str
    title: str
    licence: str
    zoo_version: str
    command: str
    sample_data: bool
    gates: list[GateResult]
    files: list[ManifestFile] = Field(min_length=1, max_length=MAX_FILES)
    records: dict[str, Sha256]
    references: list[ManifestReference]
    spec_sha256: Sha256
    spec: ModelSpec

    @model_validator(mode="after")
    def _fits_together(self) -> Manifest:
        if spec_sha256(self.spec) != self.spec_sha256:
            raise ValueError("spec_sha256 is not the hash of spec")
        if (self.model, self.version) != (self.spec.name, self.spec.version):
            raise ValueError("model and version differ from the spec's")
        paths = [file.path.casefold() for file in self.files]
        if len(set(paths)) != len(paths):
            raise ValueError("files names a path twice")
        return self

    @property
    def total_bytes(self) -> int:
        """Bytes of all files, the manifest left out."""
        return sum(file.bytes for file in self.files)


def write_manifest(
    folder: Path,
    *,
    spec: ModelSpec,
    records: Mapping[str, StageRecord],
    records_folder: Path,
    command: str,
) -> Path:
    """Write `folder/manifest.json` over all files in `folder`, and return its path.

    `records_folder` holds the JSON of each of `records` as `NAME.json`; their hashes go into the manifest.
    Without a data record the pictures count as sample data, and without a gates record no gate counts as judged, so
    that such a release cannot be published by oversight. The same inputs give the same bytes.
    Raises InputError for a file that cannot be in a release (a link, a name with odd characters).
    """
    data, judged = records.get("data"), records.get("gates")
    manifest = Manifest(
        model=spec.name,
        version=spec.version,
        title=spec.title,
        licence=spec.licence,
        zoo_version=zoo.__version__,
        command=command,
        sample_data=data.sample if isinstance(data, DataRecord) else True,
        gates=judged.results if isinstance(judged, GatesRecord) else [],
        files=[_describe(folder, path) for path in _release_files(folder)],
        records={name: _hash_file(records_folder / f"{name}.json") for name in sorted(records)},
        references=_references(spec, records),
        spec_sha256=spec_sha256(spec),
        spec=spec,
    )
    path = folder / MANIFEST_NAME
    path.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8", newline="\n")
    return path


def _references(spec: ModelSpec, records: Mapping[str, StageRecord]) -> list[ManifestReference]:
    fetched = records.get("fetch")
    sources = {one.reference: one.source for one in fetched.references} if isinstance(fetched, FetchRecord) else {}
    return [
        ManifestReference(
            name=name,
            title=reference.title,
            licence=reference.licence,
            sha256=reference.sha256,
            bytes=reference.bytes,
            source=sources.get(name),
        )
        for name, reference in spec.references.items()
    ]


def read_manifest(folder: Path) -> Manifest:
    """Read `folder/manifest.json` and hold every file of the folder against it.

    Raises InputError where the manifest is absent or not valid, RefusedError where a file is missing, altered or not
    listed, OutsideError where the disk fails.
    """
    path = folder / MANIFEST_NAME
    try:
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{folder} holds no {MANIFEST_NAME}, so it is not a release; build one with 'zoo build'.")
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise InputError(f"{path} is larger than {MAX_MANIFEST_BYTES} bytes, so it is not a manifest.")
        manifest = Manifest.model_validate_json(path.read_bytes())
        present = {relative.as_posix() for relative in _release_files(folder)}
        _check_names(folder, present, {file.path for file in manifest.files})
        for file in manifest.files:
            _check_file(folder, file)
    except ValidationError as error:
        raise InputError(f"{path}: {describe_first_error(error)}") from error
    except OSError as error:
        raise OutsideError(f"{folder} cannot be read: {error.strerror}.") from error
    return manifest


def _check_names(folder: Path, present: set[str], listed: set[str]) -> None:
    for name in sorted(listed - present):
        raise RefusedError(f"{folder / name} is in the manifest but not there; build the release again.")
    for name in sorted(present - listed):
        raise RefusedError(f"{folder / name} is not in the manifest; remove it or build the release again.")


def _check_file(folder: Path, file: ManifestFile) -> None:
    path = folder / file.path
    if path.stat().st_size != file.bytes or _hash_file(path) != file.sha256:
        raise RefusedError(f"{path} is not the file that the manifest lists; build the release again.")


def _release_files(folder: Path) -> list[PurePosixPath]:
    """All files below `folder` but the manifest, sorted; links and special files are refused."""
    found: list[PurePosixPath] = []
    for place, folders, names in os.walk(folder, onerror=_raise):
        for name in [*folders, *names]:
            path = Path(place) / name
            mode = path.lstat().st_mode
            if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                raise InputError(f"{path} is a link or special file; a release holds plain files only.")
        found += [PurePosixPath((Path(place) / name).relative_to(folder).as_posix()) for name in names]
        if len(found) > MAX_FILES:
            raise InputError(f"{folder} holds more than {MAX_FILES} files, so it is not a release.")
    return sorted(path for path in found if path != PurePosixPath(MANIFEST_NAME))


def _raise(error: OSError) -> None:
    raise error


def _describe(folder: Path, relative: PurePosixPath) -> ManifestFile:
    path = folder / relative
    try:
        return ManifestFile(path=relative.as_posix(), bytes=path.stat().st_size, sha256=_hash_file(path))
    except ValidationError as error:
        raise InputError(f"{path} cannot be in a release: {describe_first_error(error)}") from error


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
