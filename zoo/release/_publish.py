"""Publishing: what is checked before a release leaves, and where it can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, RefusedError
from zoo.progress import Progress
from zoo.records import ConvertRecord, GateOverride, GateResult, ReleaseChanges, StageRecord, is_judged
from zoo.release._compare import Comparison, compare_releases
from zoo.release._directory import CatalogueRegistry, DirectoryRegistry
from zoo.release._fitness import Obstacle, Wish, obstacles, overrides_for, worse_than
from zoo.release._judge import judge
from zoo.release._manifest import Manifest
from zoo.release._manifest_files import read_manifest
from zoo.release._measures import Measured
from zoo.release._notes import MOST_ENTRIES, changes_of
from zoo.release._place import parse_place
from zoo.release._records import read_release_records
from zoo.release._registry import Registry
from zoo.release._sign import fingerprint, public_half
from zoo.release._staged import staged
from zoo.release._verify import check_made_files
from zoo.release._version import in_order, parse_version

ADVICE = "build the model again"


@dataclass(frozen=True)
class SentFile:
    """One file as it is sent. `path` is posix, below the release's place."""

    path: str
    bytes: int


@dataclass(frozen=True)
class Published:
    """A release that was published, or would be (`dry_run`).

    `removed`: files of the release before that its newest version loses. `key`: the fingerprint of the key that signed
    it, None where it is not signed. `changes`: what it changed since the last release there.
    """

    name: str
    version: str
    to: str
    location: str
    files: tuple[SentFile, ...]
    total_bytes: int
    removed: tuple[str, ...]
    overrides: tuple[GateOverride, ...]
    changes: ReleaseChanges
    key: str | None
    dry_run: bool


@dataclass(frozen=True)
class _Judged:
    """A release that may be published: what its gates say, and what changed since the last."""

    overrides: list[GateOverride]
    changes: list[ReleaseChanges]


def publish(
    release: Path,
    to: str,
    *,
    records: Path,
    progress: Progress,
    allow_sample: bool = False,
    dry_run: bool = False,
    overrides: Sequence[Wish] = (),
    key: Path | None = None,
    private: bool = False,
    templates: Sequence[Path] = (),
) -> Published:
    """Publish the release in the folder `release`, measured in the folder `records`, all or nothing.

    Every file and record is first held against the manifest, and the gates are judged again. What goes out is the
    release with its records, a changelog since the version before it at `to` (`dir:PATH`, `hf:ORG/NAME`, or
    `catalogue:PATH`, which leaves the dense file out), and with `key` a signature. A card that is written again takes
    a person's own `templates` first. With `dry_run` the same is checked and put together, and nothing is written or
    sent. Raises InputError for a wrong `to`, `key` or override, or a folder that is no release; RefusedError where the
    release is not fit (a gate failed or is worse than in the last release, without an override; sample data without
    `allow_sample`; an altered file) or its version is published already; OutsideError where disk or network fails.
    """
    place = parse_place(to)
    public = None if key is None else public_half(key)
    if private and place.scheme != "hf":
        raise InputError("--private is for the hub; who may read a folder is the file system's to say.")
    manifest = read_manifest(release)
    measured = read_release_records(records, manifest, advice=ADVICE, whole=True)
    check_made_files(manifest, measured, advice=ADVICE)
    # Before the gates: no measurement makes a model of sample pictures fit.
    _require_sample_allowed(manifest, allow_sample=allow_sample)
    results = _judged_again(manifest, measured)
    known = obstacles(results, (), sample_data=manifest.sample_data)
    # Before any network: what is not fit for release in itself needs no comparison.
    overrides_for(known, [wish for wish in overrides if wish.gate in {one.gate for one in known}])
    with _registry(place.scheme, place.address, release, private=private) as registry:
        registry.check(manifest, dry_run=dry_run)
        judged = _hold_against_last(registry, manifest, measured, results, overrides)
        with staged(
            release,
            manifest,
            records=measured,
            records_folder=records,
            overrides=judged.overrides,
            changes=judged.changes,
            key=key,
            templates=templates,
            without=_control(measured) if place.scheme == "catalogue" else frozenset(),
        ) as sending:
            removed = registry.removed(sending.names)
            sizes = [SentFile(name, (sending.folder / name).stat().st_size) for name in sending.names]
            if not dry_run:
                registry.send(sending, progress=progress)
        return Published(
            name=manifest.model,
            version=manifest.version,
            to=to,
            location=registry.location(manifest),
            files=tuple(sizes),
            total_bytes=sum(one.bytes for one in sizes),
            removed=tuple(removed),
            overrides=tuple(judged.overrides),
            changes=judged.changes[0],
            key=None if public is None else fingerprint(public),
            dry_run=dry_run,
        )


@contextmanager
def _registry(scheme: str, address: str, release: Path, *, private: bool) -> Iterator[Registry]:
    if scheme != "hf":
        kind = CatalogueRegistry if scheme == "catalogue" else DirectoryRegistry
        yield kind(Path(address), release=release)
        return
    from zoo.release._hub import HubRegistry
    from zoo.release._hub_client import hub_client
    from zoo.release._hub_look import check_repository

    check_repository(address)
    with hub_client() as api:
        yield HubRegistry(api, address, private=private)


def _control(records: Mapping[str, StageRecord]) -> frozenset[str]:
    """The dense file, a control that nobody uses in the place of the published file: a catalogue is kept small."""
    converted = records.get("convert")
    made = converted.artifacts if isinstance(converted, ConvertRecord) else []
    return frozenset(one.file.name.rsplit("/", 1)[-1] for one in made if one.variant == "dense")


def _judged_again(manifest: Manifest, records: Mapping[str, StageRecord]) -> list[GateResult]:
    """The gates, judged on the records now. Raises RefusedError where the build judged otherwise."""
    results = judge(manifest.model_spec(), records)
    before = {one.name: one.verdict for one in manifest.gates}
    for one in results:
        if one.name not in before:
            raise RefusedError(f"Gate '{one.name}' was not judged, so this is not fit for release; build it again.")
        if before[one.name] != one.verdict:
            raise RefusedError(
                f"Gate '{one.name}' was '{before[one.name]}' when the card was written and is '{one.verdict}' by the "
                f"same records now ({one.reason}); build the model again."
            )
    return results


def _require_sample_allowed(manifest: Manifest, *, allow_sample: bool) -> None:
    if manifest.sample_data and not allow_sample:
        raise RefusedError(
            f"{manifest.model} {manifest.version} was made from sample data, which is not for release; "
            "build with --data, or pass --allow-sample to try publishing."
        )


def _hold_against_last(
    registry: Registry,
    manifest: Manifest,
    records: Mapping[str, StageRecord],
    results: Sequence[GateResult],
    wishes: Sequence[Wish],
) -> _Judged:
    """Compare with the version before this one there, and answer all obstacles by the person's overrides."""
    last = _last_version(registry, manifest)
    worse: list[Obstacle] = []
    comparison: Comparison | None = None
    history: list[ReleaseChanges] = []
    if last is not None:
        old, numbers = registry.numbers(manifest.model, last)
        if old.model != manifest.model:
            raise RefusedError(
                f"{registry.location(old)} is of {old.model}, not of {manifest.model}; publish elsewhere."
            )
        sample = manifest.sample_data or old.sample_data
        unjudged = frozenset(one.name for one in results if not is_judged(one, sample_data=sample))
        before, this = Measured.of(old, numbers), Measured.of(manifest, records)
        worse = worse_than(before, this, unjudged=unjudged)
        comparison = compare_releases(before, this, names=(last, manifest.version))
        history = old.changes
    found = obstacles(results, worse, sample_data=manifest.sample_data)
    entry = changes_of(manifest.version, comparison, since=last)
    return _Judged(overrides=overrides_for(found, wishes), changes=[entry, *history][:MOST_ENTRIES])


def _last_version(registry: Registry, manifest: Manifest) -> str | None:
    """The newest version before this one. Raises RefusedError where there is a newer one: versions only go up."""
    versions = in_order(registry.versions(manifest.model))
    this = parse_version(manifest.version)
    before = [one for one in versions if this is not None and (parse_version(one) or this) < this]
    after = [one for one in versions if one not in before and one != manifest.version]
    if after:
        raise RefusedError(
            f"{manifest.model} {manifest.version} is older than {after[-1]}, which is published already; raise the "
            "version in the spec and build again."
        )
    return before[-1] if before else None
