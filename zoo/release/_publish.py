"""Publishing: what is checked before a release leaves, and where it can go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, RefusedError
from zoo.progress import Progress
from zoo.release._directory import copy_release, release_folder
from zoo.release._hub import check_repository, push_release
from zoo.release._manifest import MANIFEST_NAME, Manifest, read_manifest
from zoo.release._sample import is_judged
from zoo.spec import FAIRNESS_GATE


@dataclass(frozen=True)
class Published:
    """A release that was published, or would be (`dry_run`). `files` are posix paths below `location`."""

    name: str
    version: str
    to: str
    location: str
    files: tuple[str, ...]
    total_bytes: int
    dry_run: bool


@dataclass(frozen=True)
class _Target:
    scheme: str
    address: str


def publish(release: Path, to: str, *, allow_sample: bool, dry_run: bool, progress: Progress) -> Published:
    """Publish the release in the folder `release` to `dir:PATH` or `hf:ORG/NAME`, all or nothing.

    Every file is first held against the manifest. With `dry_run` the same is checked, and nothing is written or sent.
    Raises InputError for a wrong `to` or a folder that is no release, RefusedError where the release is not fit (a
    gate failed, sample data without `allow_sample`, an altered file) or its version is published already, and
    OutsideError where disk or network fails.
    """
    target = _parse_target(to)
    manifest = read_manifest(release)
    _require_fit(manifest, allow_sample=allow_sample)
    files = (*(file.path for file in manifest.files), MANIFEST_NAME)
    if target.scheme == "dir":
        registry = Path(target.address).expanduser()
        location = str(release_folder(registry, manifest, release=release))
        if not dry_run:
            copy_release(release, registry, manifest, progress=progress)
    else:
        location = check_repository(target.address)
        if not dry_run:
            location = push_release(release, target.address, manifest, files=files, progress=progress)
    return Published(
        name=manifest.model,
        version=manifest.version,
        to=to,
        location=location,
        files=files,
        total_bytes=manifest.total_bytes + (release / MANIFEST_NAME).stat().st_size,
        dry_run=dry_run,
    )


def _parse_target(to: str) -> _Target:
    scheme, colon, address = to.partition(":")
    if not colon or scheme not in {"dir", "hf"}:
        raise InputError(f"'{to}' is not a place to publish; write dir:PATH or hf:ORG/NAME.")
    if not address.strip() or "\0" in address:
        raise InputError(f"'{to}' names no place; write dir:PATH or hf:ORG/NAME.")
    return _Target(scheme=scheme, address=address)


def _require_fit(manifest: Manifest, *, allow_sample: bool) -> None:
    for result in manifest.gates:
        if not result.passed and is_judged(result, sample_data=manifest.sample_data):
            why = "failed" if result.verdict == "failed" else "cannot be told"
            raise RefusedError(f"Gate '{result.name}' {why}, so this is not fit for release: {result.reason}")
    unjudged = {gate.name for gate in manifest.spec.gates} | {FAIRNESS_GATE}
    unjudged -= {result.name for result in manifest.gates}
    if unjudged:
        raise RefusedError(f"Gate '{min(unjudged)}' was not judged, so this is not fit for release; build it again.")
    if manifest.sample_data and not allow_sample:
        raise RefusedError(
            f"{manifest.model} {manifest.version} was made from sample data, which is not for release; "
            "build with --data, or pass --allow-sample to try publishing."
        )
