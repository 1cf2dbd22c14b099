"""Files and names from outside, made harmless. Imports nothing slow: `zoo inspect` reads before it loads the rest."""

from __future__ import annotations

from pathlib import Path

from zoo.errors import InputError

MAX_FILE_BYTES = 1 << 28
"""Ten times the largest model of MediaPipe's own; a larger one could not be read and changed in 1 GiB of memory."""
MAX_WRITTEN_BYTES = 1 << 27
"""Writing holds a file several times over."""
TOO_LARGE = "larger than the 256 MiB that this zoo reads; give a smaller file."


def read_file(path: Path) -> bytes:
    """The bytes of a model or bundle.

    Raises InputError where it cannot be read, is no regular file (a device or pipe may never end), or is too large.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a file; give a .tflite or .task file.")
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the name.
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}; check the path.") from error
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{path} is {TOO_LARGE}")
    return data


def printable(text: str) -> str:
    """The text, with U+FFFD for what cannot be printed: terminal codes, line ends, halves of letters."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
