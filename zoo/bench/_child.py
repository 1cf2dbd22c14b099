"""A runner in a process group of its own: bounded in time, in what it may write, and gone when we are done."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import IO

from pydantic import BaseModel, ValidationError

from zoo.bench._messages import EVENT, AnyEvent, Begin, Command, Done, Failed, RunnerRequest
from zoo.bench._target import Target

ANSWER_SECONDS = 600.0
"""The longest that a runner may take over its request, or over one command."""

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

    def __init__(self, target: Target, request: RunnerRequest) -> None:
        self._target = target
        self._request = request
        self._deadline = 0.0
        self._model: str | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=10_000)
        self._stderr: deque[str] = deque(maxlen=_KEPT_STDERR_LINES)
        self._errors: deque[str] = deque(maxlen=_KEPT_STDERR_LINES)
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._to_send: queue.Queue[bytes | None] = queue.Queue()

    def __enter__(self) -> RunnerProcess:
        environment = {key: value for key, value in os.environ.items() if key not in _DROPPED_FROM_ENVIRONMENT}
        self._process = subprocess.Popen(  # noqa: S603
            list(self._target.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        for work, pipe in (
            (self._read_stdout, self._process.stdout),
            (self._read_stderr, self._process.stderr),
            (self._write_stdin, self._process.stdin),
        ):
            thread = threading.Thread(target=work, args=(pipe,), daemon=True)
            thread.start()
            self._threads.append(thread)
        self._send(self._request)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def command(self, command: Command) -> None:
        """Have the runner obey one more command; its answer comes with `next_event`."""
        self._send(command)

    def next_event(self) -> AnyEvent:
        """The runner's next event, `done` included.

        Raises:
            RunnerDiedError: the runner failed, ended, fell silent, took too long or answered nonsense.
        """
        line = self._next_line()
        if line is None:
            raise RunnerDiedError(self._how_it_ended(), model=self._model)
        try:
            event = EVENT.validate_json(line)
        except ValidationError as error:
            raise RunnerDiedError(
                f"the runner's answer was not understood: {line[:100]!r}", model=self._model
            ) from error
        if isinstance(event, Failed):
            raise RunnerDiedError(event.reason.strip().rstrip("."), model=self._model)
        if isinstance(event, Begin):
            self._model = event.model
        return event

    def events(self) -> Iterator[AnyEvent]:
        """The runner's events until `done`, which is not passed on.

        Raises:
            RunnerDiedError: as `next_event`.
        """
        while not isinstance(event := self.next_event(), Done):
            yield event

    def complaints(self) -> list[str]:
        """The lines that the runtime logged at ERROR level, complete once `done` has come. Ends the runner."""
        self._end()
        return list(self._errors)

    def _send(self, message: BaseModel) -> None:
        # A thread of its own writes: a runner that does not read cannot hold us up.
        self._deadline = time.monotonic() + ANSWER_SECONDS
        self._to_send.put(message.model_dump_json().encode() + b"\n")

    def _next_line(self) -> bytes | None:
        silence = self._target.silence_seconds
        wait = min(silence, self._deadline - time.monotonic())
        try:
            return self._lines.get(timeout=max(wait, 0.0))
        except queue.Empty:
            what = f"the runner gave no sign for {silence:.0f} s"
            if wait < silence:
                what = f"the runner took longer than {ANSWER_SECONDS:.0f} s"
            raise RunnerDiedError(f"{what} and was ended", model=self._model) from None

    def _how_it_ended(self) -> str:
        code = self._end()
        with contextlib.suppress(ValueError):
            if code < 0:
                return f"the runtime's process was ended by {signal.Signals(-code).name}"
        last = next((line for line in reversed([*self._stderr, *self._errors]) if line), "").strip().rstrip(".")
        return f"the runtime's process ended with status {code}" + (f" ({last[:200]})" if last else "")

    def _end(self) -> int:
        """Ask the process to end, ever more firmly, then wait until its pipes are read to their end. Once is enough."""
        if self._closing.is_set():
            return self._process.wait()
        self._closing.set()
        self._to_send.put(None)
        # Its own exit status tells more than that of our signal: a runner whose pipe closed is about to end. A bridge
        # also needs the time to stop what it started elsewhere.
        for ask in (None, self._process.terminate):
            if ask:
                ask()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=self._target.grace_seconds)
                break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        code = self._process.wait()
        for thread in self._threads:
            thread.join(timeout=5)
        return code

    def _write_stdin(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while (line := self._to_send.get()) is not None:
                pipe.write(line)
                pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()

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
