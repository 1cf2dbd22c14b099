"""Reading and writing manifests: every file of a folder, by content."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

import zoo
from zoo.errors import InputError, OutsideError, RefusedError
from zoo.files import hash_file
from zoo.records import DataRecord, FetchRecord, GateOverride, GatesRecord, ReleaseChanges, StageRecord
from zoo.release._manifest import (
    MANIFEST_NAME,
    MAX_FILES,
    SIGNATURE_NAME,
    Manifest,
    ManifestData,
    ManifestFile,
    ManifestReference,
    load_manifest,
)
from zoo.spec import ModelSpec, describe_first_error, spec_sha256


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
        records={name: hash_file(records_folder / f"{name}.json") for name in sorted(records)},
        references=_references(spec, records),
        data=_data(spec, data) if isinstance(data, DataRecord) else None,
        versions=_versions(records),
        spec_sha256=spec_sha256(spec),
        spec=spec.model_dump(mode="json"),
    )
    return _write(folder, manifest)


def extend_manifest(
    folder: Path,
    manifest: Manifest,
    *,
    overrides: Sequence[GateOverride],
    changes: Sequence[ReleaseChanges],
) -> Manifest:
    """Write the manifest anew over all files that are in `folder` now, with what publishing adds; all else stays."""
    files = [_describe(folder, path) for path in _release_files(folder)]
    added = {"files": files, "overrides": list(overrides), "changes": list(changes)}
    return load_manifest(_write(folder, manifest.model_copy(update=added)))


def _write(folder: Path, manifest: Manifest) -> Path:
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
        manifest = load_manifest(path)
        present = {relative.as_posix() for relative in _release_files(folder)}
        _check_names(folder, present, {file.path for file in manifest.files}, advice)
        for file in manifest.files:
            _check_file(folder, file, advice)
    except OSError as error:
        raise OutsideError(f"{folder} cannot be read: {error.strerror}.") from error
    return manifest


def check_listed(folder: Path, name: str, *, advice: str) -> None:
    """Hold one file of a release folder against its manifest, where it has one that lists the file.

    Raises RefusedError where the file was altered, InputError for a manifest that is not valid, and OSError.
    """
    if not (folder / MANIFEST_NAME).is_file():
        return
    for file in load_manifest(folder / MANIFEST_NAME).files:
        if file.path == name:
            _check_file(folder, file, advice)


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
