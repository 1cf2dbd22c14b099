"""Files and names from outside, made harmless. Imports nothing slow: `zoo inspect` reads before it loads the rest."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from zoo.errors import InputError, OutsideError

ZIP_MARK = b"PK\x03\x04"
"""What a zip, so also a task bundle, begins with."""
MAX_FILE_BYTES = 1 << 28
"""Ten times the largest model of MediaPipe's own; a larger one could not be read and changed in 1 GiB of memory."""
MAX_WRITTEN_BYTES = 1 << 27
"""Writing holds a file several times over."""
_TRIED_BYTES = 1 << 16
"""Enough for a full disk to refuse them."""
TOO_LARGE = "larger than the 256 MiB that this zoo reads; give a smaller file."


def read_file(path: Path) -> bytes:
    """The bytes of a model or bundle.

    Raises InputError where it cannot be read, is no regular file (a device or pipe may never end), or is too large.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a file; give a .tflite or .task file.")
        data = read_regular(path, most=MAX_FILE_BYTES)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the name.
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}; check the path.") from error
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{path} is {TOO_LARGE}")
    return data


def read_regular(path: Path, *, most: int) -> bytes:
    """The bytes of a regular file that someone named; `most` and one at the most, so that a longer one shows.

    Raises OSError where it cannot be read or is a pipe or device, which may never end: opening one does not wait.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        return stream.read(most + 1)


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content, in hex. Raises OSError where it cannot be read."""
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_file(path: Path, data: bytes) -> None:
    """Write a file that the user named: under a temporary name beside it, then by rename, so never half of one.

    Raises InputError where the place is no file in a folder that is there, or a device, which a rename would take away;
    OutsideError where it may not be written.
    """
    # Not above: it brings `random` and others, which take as long as to read a model.
    import tempfile

    partial: Path | None = None
    try:
        _check_file_place(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".zoo-")
        partial = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes the file readable by its owner alone; give it the mode that an ordinary new file has.
        partial.chmod(0o644)
        partial.replace(path)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def check_writable(path: Path, *, folder: bool = False) -> None:
    """Try, before long work, to write where its answer will go, and leave nothing behind.

    `path` is a file in a folder that is there; with `folder`, a folder that files will go into, which may be missing
    together with folders above it. Its own name is tried too, in a temporary folder beside it.

    Raises InputError for a place that can hold no such thing (a file where a folder is needed, a device, a link that
    leads nowhere); OutsideError where the disk refuses: it may not be written, is full, or takes no such name.
    """
    import tempfile

    try:
        if folder:
            above = path
            while not os.path.lexists(above) and above != above.parent:
                above = above.parent
            _check_folder_place(path, above)
        else:
            _check_file_place(path)
            above = path.parent
        with tempfile.TemporaryDirectory(dir=above, prefix=".zoo-", ignore_cleanup_errors=True) as made:
            tried = Path(made, path.relative_to(above))
            if folder:
                tried.mkdir(parents=True, exist_ok=True)
                tried /= "tried"
            with tried.open("wb") as stream:
                stream.write(bytes(_TRIED_BYTES))
                stream.flush()
                os.fsync(stream.fileno())
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error


def _check_file_place(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise InputError(f"{path} is a link that leads nowhere; remove it, or name another file.")
    if (path.exists() and not path.is_file()) or not path.parent.is_dir():
        raise InputError(f"{path} cannot be written; name a file in a folder that is there.")


def _check_folder_place(path: Path, above: Path) -> None:
    """`above`: the folder itself, or the nearest above it that is there."""
    if above.is_dir():
        return
    what = "is a link that leads nowhere" if not above.exists() else "is not a folder"
    where = "" if above == path else f"{path} cannot be made: "
    raise InputError(f"{where}{above} {what}; name another folder.")


def _unwritable(path: Path, error: OSError | ValueError) -> OutsideError:
    reason = getattr(error, "strerror", None) or error
    return OutsideError(f"{path} cannot be written: {reason}; mend that, or name another place.")


def printable(text: str) -> str:
    """The text, with U+FFFD for what cannot be printed: terminal codes, line ends, halves of letters."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
