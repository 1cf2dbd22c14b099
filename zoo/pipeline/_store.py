"""The run store: outputs of stages by key. A folder is there complete or not at all.

work/store/STAGE/KEY/           outputs.json, records/NAME.json and the stage's files
work/store/STAGE/KEY.tmp-PID/   being written; what a dead build left is removed by the next one
work/progress/STAGE/KEY/        a resumable stage's own work in progress, kept until the stage is complete
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zoo.files import hash_file
from zoo.records import FileRef

OUTPUTS_FILE = "outputs.json"
RECORDS_FOLDER = "records"


class Outputs(BaseModel):
    """`outputs.json`: every file of a complete stage by content, so that nothing is hashed twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    key: str
    seconds: float = Field(ge=0)
    files: list[FileRef]


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
        """The complete stage of that key; None where there is none or one of its files is gone or cut short."""
        folder = self._store / stage / key
        try:
            outputs = Outputs.model_validate_json((folder / OUTPUTS_FILE).read_bytes())
        except (OSError, ValidationError):
            return None
        if outputs.stage != stage or outputs.key != key:
            return None
        for file in outputs.files:
            path = folder / file.name
            if not path.is_file() or path.stat().st_size != file.bytes:
                return None
        files = {file.name: file for file in outputs.files}
        return StoredStage(stage=stage, key=key, folder=folder, seconds=outputs.seconds, files=files)

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
        found = self.find(stage, key)
        if found is None:
            raise RuntimeError(f"stage {stage} vanished from {final} while it was completed")
        return found

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
        for folder in self._store.glob("*/*.tmp-*"):
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder whole: renamed away first, so that a killed removal leaves no half folder under its name."""
    if not folder.exists():
        return
    doomed = (
        folder if ".tmp-" in folder.name else folder.rename(folder.with_name(f"{folder.name}.tmp-{os.getpid()}-old"))
    )
    shutil.rmtree(doomed)
