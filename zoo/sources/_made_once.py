"""A folder of the cache that is made on first use: all of it, by one rename, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from zoo.errors import OutsideError

_LOCK_SECONDS = 600


def made_once(folder: Path, fill: Callable[[Path], None]) -> None:
    """Have `fill` make what becomes `folder`, unless it is there; one process does, others wait.

    Raises:
        OutsideError: as `fill`; also if the cache folder cannot be written or stays locked.
    """
    if folder.is_dir():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock"), timeout=_LOCK_SECONDS):
            # Another process may have finished while this one waited.
            if not folder.is_dir():
                _fill_and_rename(folder, fill)
    except Timeout as error:
        message = f"{folder} stayed locked by another process for {_LOCK_SECONDS} s; end that process and try again"
        raise OutsideError(message) from error
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror or error}); set ZOO_CACHE to a folder that can"
        raise OutsideError(message) from error


def _fill_and_rename(folder: Path, fill: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.", ignore_cleanup_errors=True) as made:
        work = Path(made) / "made"
        fill(work)
        work.rename(folder)
