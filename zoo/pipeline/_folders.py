"""The build folder: who may write into it, and how a folder of it is replaced whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from zoo.errors import InputError, OutsideError


@dataclass(frozen=True)
class BuildFolder:
    """`OUT/MODEL`: release, records and work of one model."""

    root: Path

    @property
    def release(self) -> Path:
        """What a build is for: immutable once it is there, complete or the one before."""
        return self.root / "release"

    @property
    def records(self) -> Path:
        """The records of the build that made the release."""
        return self.root / "records"

    @property
    def work(self) -> Path:
        """Store, progress and spare folders; safe to delete between builds."""
        return self.root / "work"

    @property
    def log(self) -> Path:
        """Where native libraries' own messages go during a build; of use when something went wrong."""
        return self.work / "log.txt"


def build_folder(out: Path, model: str) -> BuildFolder:
    """The build folder of a model. Raises InputError where a part of its path is a file."""
    root = out / model
    for part in (out, root):
        if part.exists() and not part.is_dir():
            raise InputError(f"{part} is not a folder; give another --out.")
    return BuildFolder(root=root)


@contextmanager
def locked(folder: BuildFolder) -> Iterator[None]:
    """Hold the build folder alone. Raises OutsideError at once where another build holds it or it cannot be made."""
    try:
        folder.work.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.root / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise OutsideError(
            f"Another build is at work in {folder.root}; wait until it is done, or give this one another --out."
        ) from error
    except OSError as error:
        raise OutsideError(
            f"{folder.root} cannot be written ({error.strerror}); give another --out or make it writable."
        ) from error
    try:
        yield
    finally:
        lock.release()


def replace_folder(new: Path, final: Path, *, work: Path) -> None:
    """Put the complete folder `new` in the place of `final`.

    Folders cannot be exchanged in one step on every system: for a moment the old one lies in `work`, from where
    `restore_folder` brings it back if this process dies just then.
    """
    old = _spare(final, work)
    if final.exists():
        if old.exists():
            shutil.rmtree(old)
        final.rename(old)
    new.rename(final)
    if old.exists():
        shutil.rmtree(old)


def restore_folder(final: Path, *, work: Path) -> None:
    """Undo a replacement that was killed between its two steps."""
    old = _spare(final, work)
    if old.exists() and not final.exists():
        old.rename(final)


def _spare(final: Path, work: Path) -> Path:
    return work / f"{final.name}.before"
