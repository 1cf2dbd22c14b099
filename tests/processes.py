"""Processes of tests: they hear signals as ones started at a terminal do, and none outlives its test."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ZOO = str(Path(sys.executable).with_name("zoo"))


def hear_signals() -> None:
    """For `preexec_fn`: a shell ignores SIGINT for what a script runs in the background, `nohup` ignores SIGHUP."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def ignore_ctrl_c() -> None:
    """For `preexec_fn`: as a script starts what it runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    seconds: float,
    cwd: Path | None = None,
    start: Callable[[], None] = hear_signals,
    stderr: int | None = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    """A process with its output in pipes, killed after `seconds` and at the end, so that no reading waits for ever."""
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=cwd, preexec_fn=start
    )
    end = threading.Timer(seconds, process.kill)
    end.start()
    try:
        with process:
            yield process
            process.kill()
    finally:
        end.cancel()
