"""Where fetched files and indexes are kept, and how anything is written there: whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.errors import OutsideError

_CHUNK = 1 << 20
# EFBIG is what a process under a file-size limit meets instead of ENOSPC.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_UNWRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


def cache_dir() -> Path:
    """The folder for everything that can be fetched or computed again: `$ZOO_CACHE`, or the platform's user cache."""
    chosen = os.environ.get("ZOO_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("mediapipe-zoo")


def sha256_of(path: Path) -> tuple[str, int]:
    """SHA-256 in hexadecimal digits and length in bytes of a file, read in bounded pieces."""
    digest = hashlib.sha256()
    count = 0
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
            count += len(block)
    return digest.hexdigest(), count


def is_full_disk(error: OSError) -> bool:
    """True where the error says that no more can be written: disk, quota or file-size limit."""
    return error.errno in _FULL


@contextmanager
def writing(target: Path, *, partial: Path | None = None) -> Iterator[None]:
    """Around code that writes `target`: a full or read-only disk becomes a plain error and leaves no `partial` behind.

    Raises:
        OutsideError: the disk is full, over quota, or may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL | _UNWRITABLE:
            raise
        if partial is not None:
            partial.unlink(missing_ok=True)
        if is_full_disk(error):
            raise OutsideError(full_disk_message(target)) from error
        raise OutsideError(
            f"{target} may not be written ({error.strerror}): set ZOO_CACHE to a folder that can be"
        ) from error


def full_disk_message(target: Path) -> str:
    """The sentence that a person reads when a file did not fit."""
    return (
        f"{target} could not be written because the disk is full: free some space, or set ZOO_CACHE to a roomier disk"
    )


def settle(partial: Path, target: Path) -> None:
    """Make `partial`, a whole file on the same disk, be `target`: on the disk first, then by rename."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(target)


def write_whole(target: Path, data: bytes) -> None:
    """Write `data` under a temporary name beside `target`, then rename: readers see the old file or the new one.

    Raises:
        OutsideError: the disk is full or may not be written.
    """
    partial: Path | None = None
    try:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            partial = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            # mkstemp makes the file readable by its owner alone; give it the mode that an ordinary new file has.
            partial.chmod(0o644)
            settle(partial, target)
    except BaseException:
        if partial is not None:
            partial.unlink(missing_ok=True)
        raise
