"""The records behind a release, by content: those whose hashes its manifest holds, and no others."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError

from zoo.errors import InputError, RefusedError
from zoo.files import read_regular
from zoo.records import LATER_RECORDS, RECORDS, StageRecord
from zoo.release._manifest import MANIFEST_NAME, RECORDS_FOLDER, Manifest, load_manifest

MAX_RECORD_BYTES = 64 << 20
"""The largest record, of a benchmark with every raw sample, takes some megabytes."""


def read_release_records(
    folder: Path, manifest: Manifest, *, advice: str, whole: bool = False
) -> dict[str, StageRecord]:
    """The records in `folder/NAME.json` that the manifest names.

    Those that are not there, or that another version of this package wrote in its own way, are left out; with `whole`
    they are errors. Raises RefusedError for one that is missing then or has another content than the manifest's hash,
    InputError for one that cannot be read.
    """
    found: dict[str, StageRecord] = {}
    for name, digest in manifest.records.items():
        kind = (RECORDS | LATER_RECORDS).get(name)
        path = folder / f"{name}.json"
        if kind is None or (not whole and not path.is_file()):
            continue
        try:
            content = read_regular(path, most=MAX_RECORD_BYTES)
        except OSError as error:
            raise RefusedError(f"The record {path} cannot be read ({error.strerror}); {advice}.") from error
        if len(content) > MAX_RECORD_BYTES or hashlib.sha256(content).hexdigest() != digest:
            raise RefusedError(f"{path} is not the record that the release was made from; {advice}.")
        try:
            found[name] = kind.model_validate_json(content)
        except ValidationError as error:
            if not whole:
                continue
            raise InputError(f"The record {path} is not valid; {advice}.") from error
    return found


def read_measured(folder: Path) -> tuple[Manifest, dict[str, StageRecord]]:
    """Manifest and records of a release folder, of a build (`OUT/MODEL`), or of a build's `release` folder.

    Only the numbers are read: model files are not held against the manifest. Raises InputError where there is no
    manifest or no record.
    """
    release = folder if (folder / MANIFEST_NAME).is_file() else folder / "release"
    path = release / MANIFEST_NAME
    if not path.is_file():
        raise InputError(f"{folder} is no release and no build; give a folder with {MANIFEST_NAME}, or OUT/MODEL.")
    manifest = load_manifest(path)
    for place in (release / RECORDS_FOLDER, release.parent / RECORDS_FOLDER):
        if place.is_dir():
            records = read_release_records(place, manifest, advice="give a release with its own records")
            if records:
                return manifest, records
    raise InputError(f"{folder} has no records beside its release; give the build's folder, or a published release.")
