"""Progress on standard error: bars with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from zoo.progress import Progress, Ticker

PLAIN_EVERY_SECONDS = 20.0
"""How often a long task speaks where there is no terminal: enough to see that it lives, little enough to read."""


@contextmanager
def show_progress(*, log: Path | None = None) -> Iterator[Progress]:
    """A progress listener that fits where standard error goes.

    With `log`, what else is written to standard error meanwhile, by native libraries and child processes, goes there:
    it is of use only when something went wrong.
    """
    if log is None:
        with _listener(sys.stderr) as progress:
            yield progress
        return
    from zoo.cli._streams import SteadyText

    with (
        SteadyText(os.dup(2), encoding="utf-8", by_line=True, close=True) as stream,
        _diverted(log),
        _listener(stream) as progress,
    ):
        yield progress


@contextmanager
def _diverted(log: Path) -> Iterator[None]:
    """Let file descriptor 2 be a file for a while; native code and children write there without asking Python.

    The traceback of what ends the work goes there too.
    """
    from zoo.cli._fault import KeptError, is_fault, traceback_of
    from zoo.errors import OutsideError

    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        file = log.open("ab")
    except OSError as error:
        raise OutsideError(
            f"{log} cannot be written ({error.strerror}); give another --out or make it writable."
        ) from error
    sys.stderr.flush()
    before = os.dup(2)
    try:
        with file:
            os.dup2(file.fileno(), 2)
        yield
    except Exception as error:
        with suppress(OSError):
            os.write(2, traceback_of(error).encode("utf-8", "backslashreplace"))
        if is_fault(error):
            raise KeptError(log) from error
        raise
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)


@contextmanager
def _listener(stream: TextIO) -> Iterator[Progress]:
    if not stream.isatty():
        yield PlainProgress(stream)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("  {task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    # Python's own standard error is diverted already, or is the user's; Rich must not draw it above the bars.
    with Progress(
        *columns,
        console=Console(file=stream, highlight=False),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bars:
        yield BarProgress(bars)


class BarProgress:
    """Bars drawn by Rich, which respects NO_COLOR."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        """A bar that is there while the task runs."""
        identity = self._bars.add_task(label, total=total, note="")
        try:
            yield _BarTicker(self._bars, identity)
        finally:
            self._bars.remove_task(identity)

    def say(self, message: str) -> None:
        """One line above the bars."""
        self._bars.console.print(message, markup=False)


@dataclass(frozen=True)
class _BarTicker:
    bars: Bars
    identity: TaskID

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        if note is None:
            self.bars.update(self.identity, advance=amount)
        else:
            self.bars.update(self.identity, advance=amount, note=note)


class PlainProgress:
    """Lines of text, few of them; for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        """A task that speaks every `PLAIN_EVERY_SECONDS` and is silent when it is shorter."""
        yield _PlainTicker(stream=self._stream, label=label, total=total)

    def say(self, message: str) -> None:
        """One line."""
        self._stream.write(message + "\n")
        self._stream.flush()


@dataclass
class _PlainTicker:
    stream: TextIO
    label: str
    total: float | None
    done: float = 0.0
    started: float = field(default_factory=time.monotonic)
    spoke: float = field(default_factory=time.monotonic)

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        self.done += amount
        now = time.monotonic()
        if now - self.spoke < PLAIN_EVERY_SECONDS:
            return
        self.spoke = now
        self.stream.write(f"  {self._describe(now)}{f', {note}' if note else ''}\n")
        self.stream.flush()

    def _describe(self, now: float) -> str:
        if not self.total or self.done <= 0:
            return f"{self.label}: {self.done:g} done"
        left = (now - self.started) / self.done * max(self.total - self.done, 0.0)
        return f"{self.label}: {min(self.done / self.total, 1.0):.0%}, about {describe_seconds(left)} left"


def describe_seconds(seconds: float) -> str:
    """Seconds as a person says them: '4.2 s', '3 min', '1 h 20 min'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
