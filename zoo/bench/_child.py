"""A runner in a process group of its own: bounded in time, in what it may write, and gone when we are done."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import IO

from pydantic import ValidationError

from zoo.bench._protocol import EVENT, Begin, Done, Event, Failed, RunnerRequest

SILENCE_SECONDS = 120.0
"""The longest that a runner may go without an event. One inference of the largest models takes seconds."""

TOTAL_SECONDS = 600.0
"""The longest that a runner may live before its first block ..."""

SECONDS_PER_BLOCK_AND_MODEL = 10.0
"""... and what each model in each block adds to that."""

_MOST_LINE_BYTES = 1 << 20
_KEPT_STDERR_LINES = 50
_STDERR_LINE_BYTES = 4096
_DROPPED_FROM_ENVIRONMENT = ("NODE_OPTIONS",)
_ERROR_LINE = re.compile(r"ERROR:|E\d{4} ")
"""How LiteRT and absl begin a line at ERROR level."""


class RunnerDiedError(Exception):
    """A runner ended early. `model` is the one at work then, None if no model was; `reason` is a clause."""

    def __init__(self, reason: str, *, model: str | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.model = model


class RunnerProcess:
    """A running runner. Use as a context manager; leaving it ends the runner's whole process group."""

    def __init__(self, command: Sequence[str], request: RunnerRequest) -> None:
        self._command = command
        self._request = request
        runs = sum(len(block.order) for block in request.blocks)
        self._limit = TOTAL_SECONDS + SECONDS_PER_BLOCK_AND_MODEL * runs
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=10_000)
        self._stderr: deque[str] = deque(maxlen=_KEPT_STDERR_LINES)
        self._errors: deque[str] = deque(maxlen=_KEPT_STDERR_LINES)
        self._readers: list[threading.Thread] = []
        self._closing = threading.Event()

    def __enter__(self) -> RunnerProcess:
        # A file, not a pipe: a runner that never reads its request cannot hold us up.
        with tempfile.TemporaryFile() as request:
            request.write(self._request.model_dump_json().encode())
            request.seek(0)
            environment = {key: value for key, value in os.environ.items() if key not in _DROPPED_FROM_ENVIRONMENT}
            self._process = subprocess.Popen(  # noqa: S603
                list(self._command),
                stdin=request,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        for read, pipe in ((self._read_stdout, self._process.stdout), (self._read_stderr, self._process.stderr)):
            reader = threading.Thread(target=read, args=(pipe,), daemon=True)
            reader.start()
            self._readers.append(reader)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def events(self) -> Iterator[Event]:
        """The runner's events until `done`, which is not passed on.

        Raises:
            RunnerDiedError: the runner failed, ended, fell silent, took too long or answered nonsense.
        """
        model: str | None = None
        deadline = time.monotonic() + self._limit
        while True:
            line = self._next_line(deadline, model)
            if line is None:
                raise RunnerDiedError(self._how_it_ended(), model=model)
            try:
                event = EVENT.validate_json(line)
            except ValidationError as error:
                raise RunnerDiedError(f"the runner's answer was not understood: {line[:100]!r}", model=model) from error
            if isinstance(event, Done):
                return
            if isinstance(event, Failed):
                raise RunnerDiedError(event.reason.strip().rstrip("."), model=model)
            if isinstance(event, Begin):
                model = event.model
            yield event

    def complaints(self) -> list[str]:
        """The lines that the runtime logged at ERROR level, complete once `events` has ended."""
        self._end()
        return list(self._errors)

    def _next_line(self, deadline: float, model: str | None) -> bytes | None:
        wait = min(SILENCE_SECONDS, deadline - time.monotonic())
        try:
            return self._lines.get(timeout=max(wait, 0.0))
        except queue.Empty:
            what = f"the runner gave no sign for {SILENCE_SECONDS:.0f} s"
            if wait < SILENCE_SECONDS:
                what = f"the runner took longer than {self._limit:.0f} s"
            raise RunnerDiedError(f"{what} and was ended", model=model) from None

    def _how_it_ended(self) -> str:
        code = self._end()
        with contextlib.suppress(ValueError):
            if code < 0:
                return f"the runtime's process was ended by {signal.Signals(-code).name}"
        last = next((line for line in reversed([*self._stderr, *self._errors]) if line), "").strip().rstrip(".")
        return f"the runtime's process ended with status {code}" + (f" ({last[:200]})" if last else "")

    def _end(self) -> int:
        """Kill the process group, then wait until both pipes are read to their end. Once is enough."""
        if self._closing.is_set():
            return self._process.wait()
        self._closing.set()
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Its own exit status tells more than that of our signal: a runner whose pipe closed is about to end.
            self._process.wait(timeout=0.5)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        code = self._process.wait()
        for reader in self._readers:
            reader.join(timeout=5)
        return code

    def _read_stdout(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(_MOST_LINE_BYTES):
            self._put(line)
        self._put(None)

    def _put(self, line: bytes | None) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return

    def _read_stderr(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(_STDERR_LINE_BYTES):
            text = line.decode(errors="replace").rstrip()
            (self._errors if _ERROR_LINE.match(text) else self._stderr).append(text)
