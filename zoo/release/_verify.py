"""Whether a release is what was published: by its manifest, and by its signature where a key is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, RefusedError
from zoo.records import ConvertRecord, StageRecord
from zoo.release._manifest import MANIFEST_NAME, RECORDS_FOLDER, SIGNATURE_NAME, Manifest
from zoo.release._manifest_files import read_manifest
from zoo.release._records import read_release_records
from zoo.release._sign import check_signature, fingerprint, read_public_key

ADVICE = "do not use it, and fetch the release again"
BY_KEY = "Every file is as it was when the holder of this key signed it."
UNCHECKED = (
    "Every file is as its manifest lists it, and the release is signed, which was not checked: give --key PUBLIC.pem, "
    "from a place that you trust, to learn whether its publisher made it."
)
UNSIGNED = (
    "Every file is as its manifest lists it, so nothing was damaged or lost. The release is not signed: whoever could "
    "change a file could change the manifest with it, and nothing here tells who made either."
)


@dataclass(frozen=True)
class Verified:
    """A release that holds what its manifest says. `key`: the fingerprint of the key it was checked with.

    `fetched`: False where a pull found it there already.
    """

    name: str
    version: str
    folder: Path
    files: int
    total_bytes: int
    signed: bool
    key: str | None
    proves: str
    manifest: Manifest
    fetched: bool = True


def verify_release(folder: Path, *, key: Path | None = None) -> Verified:
    """Hold a release folder against its manifest, and with `key`, the PEM of a public key, against its signature.

    Nothing is fetched. Raises RefusedError where a file was altered, is missing or is not listed, or the signature is
    missing or does not hold; InputError for what is no release or no key.
    """
    public = None if key is None else read_public_key(key)
    try:
        manifest = read_manifest(folder, advice=ADVICE)
    except InputError as error:
        if not (folder / MANIFEST_NAME).is_file():
            raise
        # It was a release once, so the answer is no; that it cannot be read is no fault of the question.
        raise RefusedError(f"{str(error).rstrip('.')}; {ADVICE}.") from error
    if public is not None:
        check_signature(folder, public, key_name=str(key))
    check_made_files(manifest, read_release_records(folder / RECORDS_FOLDER, manifest, advice=ADVICE), advice=ADVICE)
    signed = (folder / SIGNATURE_NAME).is_file()
    return Verified(
        name=manifest.model,
        version=manifest.version,
        folder=folder,
        files=len(manifest.files) + 1 + signed,
        total_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        signed=signed,
        key=None if public is None else fingerprint(public),
        proves=BY_KEY if public is not None else UNCHECKED if signed else UNSIGNED,
        manifest=manifest,
    )


def check_made_files(manifest: Manifest, records: Mapping[str, StageRecord], *, advice: str) -> None:
    """Hold the model files against the record of their conversion: the records are about these files and no others.

    Raises RefusedError where a model is another one.
    """
    record = records.get("convert")
    listed = {file.path: file.sha256 for file in manifest.files}
    for made in record.artifacts if isinstance(record, ConvertRecord) else []:
        name = made.file.name.rsplit("/", 1)[-1]
        if listed.get(name, made.file.sha256) != made.file.sha256:
            raise RefusedError(f"{name} is not the file that the records of {manifest.model} measured; {advice}.")
