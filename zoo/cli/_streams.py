"""Standard streams that cannot fail a command: its exit code says what happened to its work, not to its words."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_READER_LEFT = frozenset({errno.EPIPE, *([errno.EINVAL] if sys.platform == "win32" else [])})


class SteadyText(io.TextIOWrapper):
    """A stream of text that never raises: once nothing more can be written, the rest is dropped.

    A letter that the encoding lacks is written as an escape, for a name shall not end a command either.
    """

    def __init__(self, descriptor: int, *, encoding: str, by_line: bool, close: bool = False) -> None:
        raw = io.FileIO(descriptor, "wb", closefd=close)
        super().__init__(
            io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=by_line or raw.isatty()
        )
        self.failure: OSError | None = None

    def write(self, text: str, /) -> int:
        """Write, or drop what cannot be written."""
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Send what is kept back, or drop it."""
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    @property
    def lost(self) -> str | None:
        """Why what was written did not arrive; None where it did, or where its reader left, as `head` does."""
        self.flush()
        return None if self.failure is None or self.failure.errno in _READER_LEFT else self.failure.strerror

    def _give_up(self, error: OSError) -> None:
        """From now on the descriptor leads nowhere, for child processes too, which a broken pipe would kill."""
        self.failure = error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        super().flush()


@contextmanager
def steady_streams() -> Iterator[SteadyText]:
    """Let `sys.stdout` and `sys.stderr` be streams that never raise; gives the former, which tells what was lost."""
    _open_closed()
    before = sys.stdout, sys.stderr
    answer = SteadyText(1, encoding=_encoding(before[0]), by_line=False)
    sys.stdout, sys.stderr = answer, SteadyText(2, encoding=_encoding(before[1]), by_line=True)
    try:
        yield answer
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _encoding(stream: TextIO | None) -> str:
    # There is no stream where the command was started with a closed descriptor.
    return "utf-8" if stream is None else stream.encoding


def _open_closed() -> None:
    """Open the standard descriptors that the command was started without.

    Files opened later would take their numbers, and get what libraries and child processes write to standard error.
    Another process may have made one that is there a descriptor that does not wait: then half of an answer is lost.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if os.name == "posix":
            os.set_blocking(number, True)
