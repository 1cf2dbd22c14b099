"""The manifest of a release: what is in it, by content, and what it was made from."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

import zoo
from zoo.errors import InputError, OutsideError, RefusedError
from zoo.records import (
    DataRecord,
    FetchRecord,
    GateOverride,
    GateResult,
    GatesRecord,
    ReleaseChanges,
    StageRecord,
)
from zoo.spec import ModelSpec, describe_first_error, spec_sha256

MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 4 << 20
"""A manifest is some tens of kilobytes; a larger file is not one."""
MAX_FILES = 4096
MAX_FILE_BYTES = 1 << 30
MAX_RELEASE_BYTES = 1 << 32

SIGNATURE_NAME = "model.sig"
"""The signature over all files and the manifest; it cannot list itself."""
RECORDS_FOLDER = "records"
"""Where a published release holds the records behind its numbers."""

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
        if path in {MANIFEST_NAME, SIGNATURE_NAME}:
            raise ValueError("cannot be the manifest itself or its signature")
        return path


class ManifestReference(_Part):
    """A published file that the model was made from or compared with."""

    name: str
    title: str
    licence: str
    sha256: Sha256
    bytes: int = Field(gt=0)
    source: str | None


class ManifestData(_Part):
    """The pictures that the model was made from and judged by; they are no part of the release.

    `sha256`: of the list of pictures by content, split and labels. `licences`: of sample pictures, each; those of a
    person's own pictures are what `sources` says, or known to that person alone.
    """

    name: str
    sha256: Sha256
    pictures: int = Field(ge=0)
    sources: list[str]
    licences: list[str]


class Manifest(_Part):
    """`manifest.json` of a release.

    `records` holds the SHA-256 of each `records/NAME.json` behind the card; a published release brings the records
    themselves. `versions`: of the software in the records, by package. `overrides`: gates that did not hold, and why it
    was published all the same. `changes`: the changelog, newest first.
    """

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
    data: ManifestData | None = None
    versions: dict[str, list[str]] = Field(default={})
    overrides: list[GateOverride] = Field(default=[], max_length=100)
    changes: list[ReleaseChanges] = Field(default=[], max_length=100)
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
        if self.total_bytes > MAX_RELEASE_BYTES:
            raise ValueError(f"files are more than {MAX_RELEASE_BYTES} bytes together")
        for file in self.files:
            folder, _, name = file.path.partition("/")
            if folder == RECORDS_FOLDER and self.records.get(name.removesuffix(".json")) != file.sha256:
                raise ValueError(f"{file.path} is not the record whose hash is in records")
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
    overrides: Sequence[GateOverride] = (),
    changes: Sequence[ReleaseChanges] = (),
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
        records={name: hash_file(records_folder / f"{name}.json") for name in sorted(records)},
        references=_references(spec, records),
        data=_data(spec, data) if isinstance(data, DataRecord) else None,
        versions=_versions(records),
        overrides=list(overrides),
        changes=list(changes),
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


def _data(spec: ModelSpec, record: DataRecord) -> ManifestData:
    return ManifestData(
        name=record.name,
        sha256=record.pictures_sha256,
        pictures=record.used,
        sources=record.sources,
        licences=[f"{one.package} {one.path}: {one.licence}" for one in spec.data.sample] if record.sample else [],
    )


def _versions(records: Mapping[str, StageRecord]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for record in records.values():
        for package, version in record.provenance.versions.items():
            found.setdefault(package, set()).add(version)
    return {package: sorted(versions) for package, versions in sorted(found.items())}


def parse_manifest(content: bytes, *, place: str) -> Manifest:
    """The manifest in these bytes; `place` is where they are from, for the error.

    Raises InputError where it is none, whoever wrote it: every field is bounded and checked.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise InputError(f"{place} is larger than {MAX_MANIFEST_BYTES} bytes, so it is not a manifest.")
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise InputError(f"{place}: {describe_first_error(error)}") from error


def read_manifest(folder: Path, *, advice: str = "build the release again") -> Manifest:
    """Read `folder/manifest.json` and hold every file of the folder against it.

    `advice` is the next step where they differ. A signature in the folder is not judged here.
    Raises InputError where the manifest is absent or not valid, RefusedError where a file is missing, altered or not
    listed, OutsideError where the disk fails.
    """
    path = folder / MANIFEST_NAME
    try:
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{folder} holds no {MANIFEST_NAME}, so it is not a release; build one with 'zoo build'.")
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise InputError(f"{path} is larger than {MAX_MANIFEST_BYTES} bytes, so it is not a manifest.")
        with path.open("rb") as stream:
            manifest = parse_manifest(stream.read(MAX_MANIFEST_BYTES + 1), place=str(path))
        present = {relative.as_posix() for relative in _release_files(folder)}
        _check_names(folder, present, {file.path for file in manifest.files}, advice)
        for file in manifest.files:
            _check_file(folder, file, advice)
    except OSError as error:
        raise OutsideError(f"{folder} cannot be read: {error.strerror}.") from error
    return manifest


def _check_names(folder: Path, present: set[str], listed: set[str], advice: str) -> None:
    for name in sorted(listed - present):
        raise RefusedError(f"{folder / name} is in the manifest but not there; {advice}.")
    for name in sorted(present - listed):
        raise RefusedError(f"{folder / name} is not in the manifest; remove it or {advice}.")


def _check_file(folder: Path, file: ManifestFile, advice: str) -> None:
    path = folder / file.path
    if path.stat().st_size != file.bytes or hash_file(path) != file.sha256:
        raise RefusedError(f"{path} is not the file that the manifest lists; {advice}.")


def _release_files(folder: Path) -> list[PurePosixPath]:
    """All files below `folder` but the manifest and its signature, sorted; links and special files are refused."""
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
    return sorted(path for path in found if str(path) not in {MANIFEST_NAME, SIGNATURE_NAME})


def _raise(error: OSError) -> None:
    raise error


def _describe(folder: Path, relative: PurePosixPath) -> ManifestFile:
    path = folder / relative
    try:
        return ManifestFile(path=relative.as_posix(), bytes=path.stat().st_size, sha256=hash_file(path))
    except ValidationError as error:
        raise InputError(f"{path} cannot be in a release: {describe_first_error(error)}") from error


def hash_file(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
