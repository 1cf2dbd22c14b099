"""Running stages: the same key runs nothing, outputs appear complete, a killed build goes on where it stopped."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

from zoo.errors import InputError, OutsideError
from zoo.pipeline._keys import Json, hash_json
from zoo.pipeline._stage import Stage, StageRun, write_records
from zoo.pipeline._store import DamagedStageError, Store, StoredStage
from zoo.progress import Progress
from zoo.records import RECORDS, FileRef, Provenance, schema_digest

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""The errors by which systems say that a disk or a quota is full."""

ProvenanceMaker = Callable[[float], Provenance]
"""Makes the provenance of a stage that started at that `time.time()`."""


@dataclass(frozen=True)
class StageOutcome:
    """What became of one stage. `ran` False: its outputs were there. `seconds`: of the run that made them."""

    stored: StoredStage
    ran: bool

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.stored.stage


def stage_key(stage: Stage, done: Mapping[str, StoredStage]) -> str:
    """The key of a stage: a hash of all that its outputs depend on."""
    inputs: dict[str, Json] = {
        f"{read.stage}/{name}": file.sha256
        for read in stage.reads
        for name, file in read.keyed(done[read.stage]).items()
    }
    return hash_json(
        {
            "stage": stage.name,
            "version": stage.version,
            "parameters": dict(stage.parameters),
            "tools": {tool: _installed_version(tool) for tool in stage.tools},
            "inputs": inputs,
            "records": {name: schema_digest(RECORDS[name]) for name in stage.records},
        }
    )


def run_stages(
    stages: Sequence[Stage],
    *,
    store: Store,
    provenance: ProvenanceMaker,
    progress: Progress,
    rerun_from: str | None = None,
) -> list[StageOutcome]:
    """Run the stages in order; those whose key is in the store are not run.

    `rerun_from` runs that stage and all after it, whatever the store holds.
    Raises InputError where there is no such stage, and what a stage raises.
    """
    names = [stage.name for stage in stages]
    if rerun_from is not None and rerun_from not in names:
        raise InputError(f"There is no stage '{rerun_from}'; the stages are {', '.join(names)}.")
    store.remove_leftovers()
    done: dict[str, StoredStage] = {}
    outcomes = []
    forced = False
    for stage in stages:
        forced = forced or stage.name == rerun_from
        key = stage_key(stage, done)
        if forced:
            store.invalidate(stage.name, key)
        stored = _kept(stage, key, store=store, progress=progress)
        ran = stored is None
        if stored is None:
            stored = _run_stage(stage, key, done=done, store=store, provenance=provenance, progress=progress)
        done[stage.name] = stored
        outcomes.append(StageOutcome(stored=stored, ran=ran))
    return outcomes


def _kept(stage: Stage, key: str, *, store: Store, progress: Progress) -> StoredStage | None:
    """What the store has of a stage; None, and a word where there is something, unless all of it can be used."""
    try:
        stored = store.find(stage.name, key)
        if stored is not None:
            for name in stage.records:
                _check_record(stored, name)
    except DamagedStageError as damage:
        progress.say(f"{stage.name}: what was kept of it cannot be used ({damage}), so it is made again")
        return None
    return stored


def _check_record(stored: StoredStage, name: str) -> None:
    """Raises DamagedStageError where a record is not one that this version of the package reads."""
    try:
        RECORDS[name].model_validate_json(stored.record_path(name).read_bytes())
    except (KeyError, OSError, ValidationError):
        raise DamagedStageError(f"the record '{name}' is one that this version does not read") from None


def _declared_inputs(stage: Stage, done: Mapping[str, StoredStage]) -> dict[str, StoredStage]:
    """Earlier stages with only the files that this one declares: what is not in the key cannot be read."""
    files: dict[str, dict[str, FileRef]] = {}
    for read in stage.reads:
        files.setdefault(read.stage, {}).update(read.select(done[read.stage]))
    return {name: replace(done[name], files=selected) for name, selected in files.items()}


def _run_stage(
    stage: Stage,
    key: str,
    *,
    done: Mapping[str, StoredStage],
    store: Store,
    provenance: ProvenanceMaker,
    progress: Progress,
) -> StoredStage:
    started = time.time()
    clock = time.monotonic()
    progress.say(f"{stage.name}: {stage.purpose}")
    folder: Path | None = None
    try:
        folder = store.begin(stage.name, key)
        run = StageRun(
            folder=folder,
            progress_folder=store.progress_folder(stage.name, key),
            progress=progress,
            provenance=lambda: provenance(started),
            inputs=_declared_inputs(stage, done),
        )
        records = stage.run(run)
        write_records(folder, records, expected=stage.records)
        seconds = time.monotonic() - clock
        return store.complete(stage.name, key, folder, seconds=seconds)
    except BaseException:
        if folder is not None:
            store.discard(folder)
        raise


@contextmanager
def full_disk_said(place: Path) -> Iterator[None]:
    """Turn the errors of a full disk into one sentence. Raises OutsideError in their place."""
    try:
        yield
    except Exception as error:
        if is_disk_full(error):
            raise OutsideError(
                f"The disk that holds {place} is full; free some space and run the same command again."
            ) from error
        raise


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or what caused it, says that a disk or quota is full (libraries wrap or only quote errno)."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in FULL:
            return True
        if not isinstance(seen, InputError | OutsideError) and "No space left on device" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _installed_version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
