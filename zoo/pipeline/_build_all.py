"""Every model built, each by a process of its own, as many at once as the machine holds."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from zoo.errors import OutsideError
from zoo.machine import describe_machine
from zoo.progress import Progress

GIB_A_BUILD = 5.0
"""Memory that one training takes, generously: a hand landmark model in batches of 16 was seen at 2.5 GiB."""
CORES_A_BUILD = 2
"""A build keeps one core busy with training and one with the pictures and the teacher."""
SHOWN = 500
"""Letters of a build's last words that are quoted."""


@dataclass(frozen=True)
class BuiltModel:
    """How the build of one model ended: `document` is what its `--json` says, or `error` why there is none.

    `exit_code`: as `zoo build MODEL` gives it, from 0; that of `OutsideError` where something ended the process.
    """

    model: str
    exit_code: int
    document: dict[str, Any] | None
    error: str


def builds_at_once(models: int) -> int:
    """How many builds this machine runs side by side: by its cores and its memory, at least one."""
    machine = describe_machine()
    by_memory = int((machine.memory_gib or GIB_A_BUILD) // GIB_A_BUILD)
    return max(1, min(models, machine.cores // CORES_A_BUILD, by_memory))


def build_all(models: Sequence[str], *, arguments: Sequence[str], progress: Progress) -> list[BuiltModel]:
    """Build each model by `zoo build MODEL ARGUMENTS --json`, in the order given; one that fails stops no other.

    A process each, because TensorFlow's random seeds, op determinism and memory belong to the whole process.
    """
    running: list[subprocess.Popen[bytes]] = []

    def build(model: str) -> BuiltModel:
        command = [sys.executable, "-m", "zoo.cli", "build", model, *arguments, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
            running.append(process)
            out, errors = process.communicate()
        return _ended(model, process.returncode, out, errors)

    at_once = builds_at_once(len(models))
    with progress.task(f"build {len(models)} models, {at_once} at once", len(models)) as ticker:
        pool = ThreadPoolExecutor(at_once)
        try:
            ended = []
            for built in pool.map(build, models):
                ticker.advance(note=f"{built.model} ended with {built.exit_code}")
                ended.append(built)
            return ended
        finally:
            # After Ctrl-C: builds that wait do not start, and those at work stop where they go on the next time.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                if process.poll() is None:
                    process.terminate()


def _ended(model: str, status: int, out: bytes, errors: bytes) -> BuiltModel:
    """What became of a build, from its exit status (below 0: the signal that ended it) and what it wrote."""
    if status < 0:
        return BuiltModel(model, OutsideError.exit_code, None, _killed(-status))
    document = _document(out)
    if document is not None and "gates" in document:
        return BuiltModel(model, status, document, "")
    if document is not None:
        return BuiltModel(model, status, None, str(document.get("error") or document.get("done")))
    # Without a document the code alone says nothing: 0 and 1 are answers about a build that came to its end.
    last = errors.decode(errors="replace").strip().splitlines()[-1:]
    said = "".join(last)[:SHOWN] or "The build ended without saying what it built; build this model by itself."
    return BuiltModel(model, max(status, OutsideError.exit_code), None, said)


def _killed(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        return (
            "The build was ended by SIGKILL, as systems do when memory runs out; close other programs or build this "
            "model by itself, and it goes on from where it stopped."
        )
    return f"The build was ended by {name}; the same command goes on from where it stopped."


def _document(out: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(out)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
