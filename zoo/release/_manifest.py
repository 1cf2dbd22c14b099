"""The manifest of a release: what is in it, by content, and what it was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator

from zoo.errors import InputError
from zoo.files import read_regular
from zoo.records import GateOverride, GateResult, ReleaseChanges
from zoo.spec import VERSION, Line, ModelSpec, content_sha256, describe_first_error

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

RecordName = Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]
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
    title: Line
    licence: Line
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
    themselves. `spec` is as it was hashed; a release outlives the version of this package whose spec it is, so only
    `model_spec` reads it. `versions`: of the software in the records, by package. `overrides`: gates that did not hold,
    and why it was published all the same. `changes`: the changelog, newest first.
    """

    format: Literal[1] = 1
    model: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    version: Annotated[str, Field(pattern=VERSION)]
    title: Line
    licence: Line
    zoo_version: str
    command: str
    sample_data: bool
    gates: list[GateResult]
    files: list[ManifestFile] = Field(min_length=1, max_length=MAX_FILES)
    records: dict[RecordName, Sha256] = Field(max_length=100)
    references: list[ManifestReference]
    data: ManifestData | None = None
    versions: dict[str, list[str]] = Field(default={})
    overrides: list[GateOverride] = Field(default=[], max_length=100)
    changes: list[ReleaseChanges] = Field(default=[], max_length=100)
    spec_sha256: Sha256
    spec: dict[str, JsonValue]

    @model_validator(mode="after")
    def _fits_together(self) -> Manifest:
        if content_sha256(self.spec) != self.spec_sha256:
            raise ValueError("spec_sha256 is not the hash of spec")
        if (self.model, self.version) != (self.spec.get("name"), self.spec.get("version")):
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

    def model_spec(self) -> ModelSpec:
        """The spec, read. Raises InputError where it is of another version of this package."""
        try:
            return ModelSpec.model_validate_json(json.dumps(self.spec))
        except ValidationError as error:
            raise InputError(
                f"{self.model} {self.version} was made by mediapipe-zoo {self.zoo_version}, whose spec this version "
                f"does not read ({describe_first_error(error).rstrip('.')}); build it again, or use that version."
            ) from error

    @property
    def total_bytes(self) -> int:
        """Bytes of all files, the manifest left out."""
        return sum(file.bytes for file in self.files)


def load_manifest(path: Path) -> Manifest:
    """The manifest in a file; no other file is looked at. Raises InputError as `parse_manifest`, and OSError."""
    return parse_manifest(read_regular(path, most=MAX_MANIFEST_BYTES), place=str(path))


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
