"""One command on one file, in a process of its own with bounds, and whether it ended as the contract says."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 25
"""Of the processor, so that a busy machine changes little: two programs that share a core each take twice as long.

The worst hostile file, a chain of 20,000 operators, takes `zoo adapt` 5 to 10 seconds.
"""
_PATIENCE = 6
"""Times as long by the clock, for what hangs without working."""
MEMORY = (1 << 30) - (128 << 20)
"""1 GiB, less what an interpreter and its libraries take."""
_ADDRESSES = 3 << 29
"""Room to ask for more than is allowed and be seen doing so."""
_ADDRESSED, _RESIDENT = 0, 1
"""Places of what is addressed and what is in memory, in Linux's account of a process."""
_SHARES, _WORK = ("share", "sparsity"), "multiply_adds"
_MOST_BYTES, _MOST_WORK = 1 << 40, 1 << 160
"""More than any file could hold; work is a product of sizes, of which each of a shape has 31 bits."""
SOUND = ("described", "refused", "no")
"""Kinds of outcome that the contract allows."""


@dataclass(frozen=True)
class Outcome:
    """`kind`: "described" (exit 0), "refused" (exit 2, one sentence), "no" (exit 1, one sentence), else a bug.

    `seconds` of the processor; `memory` in bytes, beyond what the process held already that was asked to try.
    """

    kind: str
    detail: str
    seconds: float
    memory: int

    @property
    def sound(self) -> bool:
        return self.kind in SOUND


def in_bounds(task: Callable[[], tuple[str, str]], *, seconds: int = SECONDS) -> Outcome:
    """Run the task, which tells kind and detail, in a child of this process; a child that dies is a bug too.

    A child starts with the memory of its parent, a whole test run's, so that only what it adds is counted.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(task, writing, seconds)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        held, _, told = stream.read().partition(b"\n")
    _, status, usage = os.wait4(child, 0)
    taken, memory = usage.ru_utime + usage.ru_stime, max(usage.ru_maxrss * 1024 - int(held or 0), 0)
    kind, detail = _ending(told, status)
    if kind in SOUND and memory > MEMORY:
        kind, detail = "memory", f"{memory >> 20} MiB; {kind}: {detail}"
    return Outcome(kind, detail, taken, memory)


def _pages(place: int) -> int:
    """Bytes that this process holds, by Linux's account."""
    return int(Path("/proc/self/statm").read_text().split()[place]) * resource.getpagesize()


def _work(task: Callable[[], tuple[str, str]], writing: int, seconds: int) -> None:
    # What the test run holds is none of the child's garbage: looking through it would take seconds of the processor.
    gc.freeze()
    os.write(writing, b"%d\n" % _pages(_RESIDENT))
    try:
        for number in (signal.SIGALRM, signal.SIGPROF):
            signal.signal(number, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(seconds * _PATIENCE)
        limit = _pages(_ADDRESSED) + _ADDRESSES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        told = task()
    except BaseException as error:  # whatever it is, it is to be counted
        told = "memory" if isinstance(error, MemoryError) else "traceback", f"{type(error).__name__}: {error}"[:300]
    with contextlib.suppress(BaseException):
        os.write(writing, json.dumps(told).encode()[:60_000])
    os._exit(0)


def _ending(told: bytes, status: int) -> tuple[str, str]:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return ("hang", "") if number in (signal.SIGALRM, signal.SIGPROF) else ("signal", str(number))
    try:
        kind, detail = json.loads(told)
    except ValueError:
        return "lost", "the child told nothing"
    return kind, detail


def command(arguments: list[str]) -> tuple[str, str]:
    """Run one command of `zoo` in this process and judge its exit code and all that it wrote."""
    from zoo.cli._main import run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([*arguments, "--debug"])
    return judged(code, out.getvalue(), err.getvalue(), as_json="--json" in arguments)


def judged(code: int, out: str, err: str, *, as_json: bool) -> tuple[str, str]:
    """Kind and detail of a finished command. Under --debug a traceback may stand before the sentence of exit 2."""
    lines = err.splitlines()
    if code not in (0, 1, 2):
        where = [line.strip() for line in lines if line.startswith("  File")]
        kind = "memory" if "MemoryError" in err else "traceback"
        return kind, f"exit {code}: {lines[-1] if lines else ''} {where[-1] if where else ''}"
    if code == 0:
        if err:
            return "noise", err[:300]
        return ("dishonest", dishonest) if (dishonest := _dishonest(out, as_json=as_json)) else ("described", "")
    sentence = lines[-1] if lines else ""
    if not sentence.startswith("Error: ") or not sentence.endswith(".") or len(sentence) > 600:
        return "not one sentence", err[-300:]
    if not sentence.isprintable():
        return "terminal codes", repr(sentence)[:300]
    return ("refused" if code == 2 else "no"), sentence


def _dishonest(out: str, *, as_json: bool) -> str:
    if not all(sign.isprintable() or sign == "\n" for sign in out):
        return "terminal codes in the output"
    if not as_json:
        return ""
    for part in _as_list(json.loads(out)):
        if "weight_bytes" in part and sum(part["weight_bytes"].values()) != part["file"]["bytes"]:
            return "the bytes by kind do not add up to the file"
        if found := _impossible(part, ""):
            return found
    return ""


def _as_list(document: Any) -> list[dict[str, Any]]:
    return document if isinstance(document, list) else [document]


def _impossible(value: Any, name: str) -> str:
    """A number that cannot be: negative, not finite, a share above 1, too large."""
    if isinstance(value, dict):
        return next((found for key, part in value.items() if (found := _impossible(part, key))), "")
    if isinstance(value, list):
        return next((found for part in value if (found := _impossible(part, name))), "")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    most = 1 if any(part in name for part in _SHARES) else _MOST_WORK if _WORK in name else _MOST_BYTES
    return "" if 0 <= value <= most else f"{name} is {value}"
