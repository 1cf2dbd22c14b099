"""A Python module run as a process of its own, which answers in JSON lines.

MediaPipe's C++ code ends the whole process when a check of its own fails, prints to both streams as it likes, and keeps
its resource folder in a global. So it never runs in ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

STDERR_LINES = 200
LINE_LIMIT = 1 << 24
"""Longest answer taken, in bytes: 2,304 detections of 17 numbers are below 1 MiB."""


class ChildStopped(Exception):  # noqa: N818 - what happened, not a fault of ours
    """The process ended, or was ended, before it had answered all. `reason` is a part of a sentence."""

    def __init__(self, reason: str, stderr: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stderr = stderr


class Child:
    """A running `python -m MODULE ARGUMENT`; use `start` or `start_apart`, which end it in every case."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        # One answer ahead is enough, and a child that floods us is held up by its own pipe.
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=16)
        self._stderr: deque[bytes] = deque(maxlen=STDERR_LINES)
        self._closed = threading.Event()
        self._readers = [
            threading.Thread(target=self._read_answers, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._read_stderr, args=(process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def answer(self, *, timeout: float) -> dict[str, Any]:
        """The next answer. Raises ChildStopped when none comes within `timeout` seconds, or the process has ended."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            self.end()
            raise ChildStopped(f"gave no answer for {timeout:.0f} seconds and was ended", self.stderr()) from None
        if line is None:
            raise ChildStopped(self._how_it_ended(), self.stderr())
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self.end()
            raise ChildStopped("answered something that is not a JSON object", self.stderr())
        return cast("dict[str, Any]", answer)

    def stderr(self) -> str:
        """The last lines that it wrote to standard error."""
        return b"".join(list(self._stderr)).decode("utf-8", "replace")

    def finish(self, *, timeout: float) -> None:
        """Let the process end by itself, after its last answer, so that what it started ends with it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=timeout)

    def end(self) -> None:
        """End the process if it still runs, and wait for it."""
        self._closed.set()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(timeout=5)

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        self._readers[1].join(timeout=5)
        if code < 0:
            return f"was ended by signal {-code}"
        return f"ended with exit code {code}"

    def _read_answers(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(LINE_LIMIT):
                if not self._put(line):
                    return
        self._put(None)

    def _put(self, line: bytes | None) -> bool:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return True
        return False

    def _read_stderr(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(1 << 12):
                self._stderr.append(line)


@contextlib.contextmanager
def start(module: str, argument: str, *, cwd: Path) -> Iterator[Child]:
    """Run `python -m module argument` in the empty folder `cwd`, with this process's import path; end it on leaving.

    A fresh interpreter instead of a fork: the parent may hold threads of TensorFlow, and a fork of those hangs.
    """
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
    with _running([sys.executable, "-m", module, argument], environment, cwd) as child:
        yield child


@contextlib.contextmanager
def start_apart(command: Sequence[str], *, cwd: Path) -> Iterator[Child]:
    """Run a program in the empty folder `cwd`, without any import path of this process; end it on leaving."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS")
    with _running(command, {key: value for key, value in os.environ.items() if key not in dropped}, cwd) as child:
        yield child


@contextlib.contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Iterator[Child]:
    process = subprocess.Popen(  # noqa: S603 - a Python or Node of ours, and a script of ours
        list(command),
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child = Child(process)
    try:
        yield child
    finally:
        child.end()
