"""The run store: outputs of stages by key. A folder is there complete or not at all, and held against its hashes.

work/store/STAGE/KEY/           outputs.json, records/NAME.json and the stage's files
work/store/STAGE/KEY.tmp-PID/   being written; what a dead build left is removed by the next one
work/progress/STAGE/KEY/        a resumable stage's own work in progress, kept until the stage is complete
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from zoo.files import hash_file
from zoo.records import FileRef

OUTPUTS_FILE = "outputs.json"
RECORDS_FOLDER = "records"


class Outputs(BaseModel):
    """`outputs.json`: every file of a complete stage by content."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    key: str
    seconds: float = Field(ge=0)
    files: list[FileRef]

    @field_validator("files")
    @classmethod
    def _stay_inside(cls, files: list[FileRef]) -> list[FileRef]:
        for file in files:
            path = PurePosixPath(file.name)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ValueError("a file lies outside the stage's folder")
        return files


class DamagedStageError(Exception):
    """A stage is in the store, and is not what was put there; the message is a clause that says so."""


@dataclass(frozen=True)
class StoredStage:
    """A complete stage in the store; `files` by POSIX path below `folder`."""

    stage: str
    key: str
    folder: Path
    seconds: float
    files: Mapping[str, FileRef]

    def path(self, name: str) -> Path:
        """Where one of its files lies. Raises KeyError where the stage has no such file."""
        return self.folder / self.files[name].name

    def record_path(self, name: str) -> Path:
        """Where its record of that name lies. Raises KeyError where the stage has none."""
        return self.path(f"{RECORDS_FOLDER}/{name}.json")


class Store:
    """The store of one build folder. Its owner holds the build's lock."""

    def __init__(self, work: Path) -> None:
        """`work`: the build's `work/` folder, made where it is missing."""
        self._store = work / "store"
        self._progress = work / "progress"

    def find(self, stage: str, key: str) -> StoredStage | None:
        """The complete stage of that key, each of its files as it was written; None where there is none.

        Raises DamagedStageError where a file is gone or has another content, or `outputs.json` cannot be read.
        """
        folder = self._store / stage / key
        if not folder.is_dir():
            return None
        try:
            outputs = Outputs.model_validate_json((folder / OUTPUTS_FILE).read_bytes())
        except (OSError, ValidationError):
            raise DamagedStageError(f"{OUTPUTS_FILE} in {folder} cannot be read") from None
        if outputs.stage != stage or outputs.key != key:
            raise DamagedStageError(f"{folder} holds what belongs elsewhere")
        for file in outputs.files:
            if not _is_whole(folder / file.name, file):
                raise DamagedStageError(f"{file.name} in {folder} is not as it was written")
        return _stored(folder, outputs)

    def keys(self, stage: str) -> list[str]:
        """The keys of all complete stages of that name, in order."""
        return sorted(folder.name for folder in self._store.glob(f"{stage}/*") if ".tmp-" not in folder.name)

    def begin(self, stage: str, key: str) -> Path:
        """A fresh empty folder for the outputs of a stage."""
        folder = self._store / stage / f"{key}.tmp-{os.getpid()}"
        _remove(folder)
        folder.mkdir(parents=True)
        return folder

    def complete(self, stage: str, key: str, folder: Path, *, seconds: float) -> StoredStage:
        """Hash what is in `folder`, write `outputs.json` and let the stage appear by rename."""
        files = [
            FileRef(name=path.relative_to(folder).as_posix(), sha256=hash_file(path), bytes=path.stat().st_size)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        outputs = Outputs(stage=stage, key=key, seconds=round(seconds, 3), files=files)
        (folder / OUTPUTS_FILE).write_text(outputs.model_dump_json(indent=2) + "\n", encoding="utf-8")
        final = self._store / stage / key
        _remove(final)
        folder.rename(final)
        self.forget_progress(stage, key)
        return _stored(final, outputs)

    def discard(self, folder: Path) -> None:
        """Remove what a failed stage had begun."""
        _remove(folder)

    def invalidate(self, stage: str, key: str) -> None:
        """Forget a stage and its progress, so that it runs again from its start."""
        _remove(self._store / stage / key)
        self.forget_progress(stage, key)

    def progress_folder(self, stage: str, key: str) -> Path:
        """A folder that survives a killed build; what it holds is the stage's own affair."""
        folder = self._progress / stage / key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget_progress(self, stage: str, key: str) -> None:
        """Remove a stage's work in progress."""
        _remove(self._progress / stage / key)

    def remove_leftovers(self) -> None:
        """Remove what dead builds were writing; the lock says that no other build is alive."""
        for place in (self._store, self._progress):
            for folder in place.glob("*/*.tmp-*"):
                shutil.rmtree(folder)


def _stored(folder: Path, outputs: Outputs) -> StoredStage:
    files = {file.name: file for file in outputs.files}
    return StoredStage(stage=outputs.stage, key=outputs.key, folder=folder, seconds=outputs.seconds, files=files)


def _is_whole(path: Path, file: FileRef) -> bool:
    try:
        return path.is_file() and path.stat().st_size == file.bytes and hash_file(path) == file.sha256
    except OSError:
        return False


def _remove(folder: Path) -> None:
    """Remove a folder whole: renamed away first, so that a killed removal leaves no half folder under its name."""
    if not folder.exists():
        return
    if ".tmp-" not in folder.name:
        # A name of its own: the process's id may be that of a dead build, whose half removal still lies there.
        folder = folder.rename(
            Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp-", dir=folder.parent)) / folder.name
        ).parent
    shutil.rmtree(folder)
