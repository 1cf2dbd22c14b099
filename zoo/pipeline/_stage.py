"""What a stage is: a named function with declared inputs, parameters and records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from zoo.errors import InputError
from zoo.pipeline._keys import Json
from zoo.pipeline._store import OUTPUTS_FILE, RECORDS_FOLDER, StoredStage
from zoo.progress import Progress
from zoo.records import FileRef, Provenance, StageRecord

AnyRecord = TypeVar("AnyRecord", bound=StageRecord)


@dataclass(frozen=True)
class Reads:
    """An input: the files of an earlier stage whose path matches `files`, records left out.

    A stage that reads files is not run again when only the timings in the earlier stage's record are new.
    `known_by` names a file that stands for them in the key: one whose content is what matters about them, such as a
    digest without the paths of one machine.
    """

    stage: str
    files: str = "*"
    known_by: str | None = None

    def select(self, stored: StoredStage) -> dict[str, FileRef]:
        """The files read, by path below the earlier stage's folder."""
        return _matching(stored, self.files)

    def keyed(self, stored: StoredStage) -> dict[str, FileRef]:
        """The files whose content is in the key."""
        return _matching(stored, self.known_by or self.files)


@dataclass(frozen=True)
class ReadsRecord:
    """An input: one record of an earlier stage, with all that is in it."""

    stage: str
    record: str

    def select(self, stored: StoredStage) -> dict[str, FileRef]:
        """The record's file, by path below the earlier stage's folder."""
        name = f"{RECORDS_FOLDER}/{self.record}.json"
        return {name: stored.files[name]}

    keyed = select


def _matching(stored: StoredStage, pattern: str) -> dict[str, FileRef]:
    found = {
        name: file
        for name, file in stored.files.items()
        if not name.startswith(f"{RECORDS_FOLDER}/") and fnmatchcase(name, pattern)
    }
    if not found:
        raise RuntimeError(f"stage {stored.stage} has no file '{pattern}', which a later stage reads")
    return found


@dataclass(frozen=True)
class StageRun:
    """What a running stage is given.

    `folder` takes its outputs. `progress_folder` keeps what a killed run left of the same key.
    `provenance()` says who runs this stage, where and for how long until now.
    """

    folder: Path
    progress_folder: Path
    progress: Progress
    provenance: Callable[[], Provenance]
    inputs: Mapping[str, StoredStage]

    def path(self, stage: str, name: str) -> Path:
        """A file of an earlier stage that is among the declared inputs."""
        return self.inputs[stage].path(name)

    def record(self, stage: str, kind: type[AnyRecord]) -> AnyRecord:
        """A record of an earlier stage that is among the declared inputs."""
        name = str(kind.model_fields["stage"].default)
        return read_record(self.inputs[stage].record_path(name), kind)


@dataclass(frozen=True)
class Stage:
    """A step of a build.

    `version` changes when the code changes what the stage makes; `tools` are the installed distributions whose
    versions are part of what it makes. Both are in its key, with `parameters`, the content of `reads` and the
    schemas of `records`.
    `run` writes files into `StageRun.folder` and returns the records it made, which `records` names.
    """

    name: str
    purpose: str
    version: str
    run: Callable[[StageRun], Sequence[StageRecord]]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    reads: Sequence[Reads | ReadsRecord] = ()
    tools: Sequence[str] = ()
    records: Sequence[str] = ()


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord:
    """Read and validate one record. Raises InputError where it is missing or not valid."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"The record {path} cannot be read ({error.strerror}); build the model again.") from error
    except ValidationError as error:
        field_name = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the document"
        raise InputError(f"The record {path} is not valid at '{field_name}'; build the model again.") from error


def write_records(folder: Path, records: Sequence[StageRecord], *, expected: Sequence[str]) -> None:
    """Write `records/NAME.json` below a stage's folder. Raises RuntimeError where they are not the declared ones."""
    made = [record.stage for record in records]
    if sorted(made) != sorted(expected) or (folder / OUTPUTS_FILE).exists():
        raise RuntimeError(f"a stage returned records {made} and declares {list(expected)}")
    for record in records:
        path = folder / RECORDS_FOLDER / f"{record.stage}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
