"""Runs on the machine behind ssh: keeps the files that are sent, starts the runner, passes on what it says.

`_ssh_runner.py` sends this file's text, with those of `_ssh_life.py` and `_ssh_environment.py`, to a Python there; so
they need the standard library of Python 3.10 and nothing else. After them on standard input comes an order, one line of
JSON. Lines that begin with "!" are between agent and bridge; all others are between bench and the runner.

It ends, and what it started with it, when its standard input ends or falls silent: a cut connection leaves nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, cast

from zoo.bridges._ssh_environment import python_with_litert
from zoo.bridges._ssh_life import AgentError, heard, home, leave, listen, remove_on_leaving, say, start, watch

HELD_SECONDS = 5.0
"""Within a block `begin` lines are held back so long at most: sending them would take time from what is measured."""

STALE_SECONDS = 24 * 3600.0
MOST_BYTES = 1 << 31
"""Of all files that a session may keep."""

_SESSION = re.compile(r"[0-9a-f]{16}")
_RUN = re.compile(r"run-[0-9a-f]{16}")
_FILE = re.compile(r"[0-9a-f]{64}\.[a-z]+")
_OUTPUT = re.compile(r"[\w-]+\.bin")


def _run(order: dict[str, Any]) -> None:
    """Take in the files that are missing, then run the runner in this session's folder until it ends."""
    session = _session(order["session"])
    (session / "files").mkdir(parents=True, exist_ok=True)
    _forget_stale(session)
    folder = session / _checked(_RUN, order["folder"])
    folder.mkdir()
    remove_on_leaving(folder)
    _receive(session / "files", [(_checked(_FILE, name), int(size)) for name, size in order["files"]])
    command = [order["python"], f"files/{_checked(_FILE, order['runner'])}", "elsewhere"]
    child = start(command, cwd=session, stdin=subprocess.PIPE)
    stdin, stdout = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
    # One that has ended already says why by itself.
    with contextlib.suppress(OSError):
        stdin.write(json.dumps(order["request"]).encode() + b"\n")
        stdin.flush()
    listen(child)
    _relay(stdout, folder)
    say("ended", status=child.wait())


def _checked(pattern: re.Pattern[str], name: object) -> str:
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise AgentError(f"'{str(name)[:80]}' is no name that the agent was to be given")
    return name


def _session(name: object) -> Path:
    return home() / "sessions" / _checked(_SESSION, name)


def _forget_stale(session: Path) -> None:
    """Remove what killed benches left: folders in which nothing was run for a day."""
    for other in session.parent.iterdir():
        with contextlib.suppress(OSError):
            if other != session and time.time() - other.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(other, ignore_errors=True)


def _receive(folder: Path, files: list[tuple[str, int]]) -> None:
    """Ask for the files that are not here yet; each is named by the SHA-256 of its content."""
    kept = sum(path.stat().st_size for path in folder.iterdir())
    missing = [(name, size) for name, size in files if not (folder / name).is_file()]
    if kept + sum(size for _, size in missing) > MOST_BYTES:
        raise AgentError("models and inputs are larger than 2 GiB together; bench fewer at once")
    say("need", names=[name for name, _ in missing])
    for name, size in missing:
        handle, partial = tempfile.mkstemp(dir=folder.parent, prefix=".file-")
        digest = hashlib.sha256()
        with os.fdopen(handle, "wb") as file:
            while size:
                piece = sys.stdin.buffer.read(min(size, 1 << 16))
                if not piece:
                    leave(1)
                heard()
                digest.update(piece)
                file.write(piece)
                size -= len(piece)
        if digest.hexdigest() != name.partition(".")[0]:
            raise AgentError(f"{name} came damaged; try again")
        Path(partial).rename(folder / name)


def _relay(lines: Iterable[bytes], folder: Path) -> None:
    """Pass on the runner's lines, each output's bytes before the line that tells of it."""
    out = sys.stdout.buffer
    held = b""
    sent = time.monotonic()
    for line in lines:
        if b'"begin"' in line and b'"block"' in line and time.monotonic() - sent < HELD_SECONDS:
            held = line
            continue
        if b'"outputs"' in line:
            for tensor in json.loads(line)["outputs"]:
                data = (folder / _checked(_OUTPUT, tensor["file"])).read_bytes()
                say("file", name=tensor["file"], size=len(data))
                out.write(data)
        # Of those held back only the last matters: it tells which model is at work.
        out.write(held + line)
        out.flush()
        held, sent = b"", time.monotonic()
    out.write(held)
    out.flush()


def main() -> None:
    """Do what the order says, and leave."""
    watch()
    try:
        say("here")
        _obey(json.loads(sys.stdin.buffer.readline() or b"{}"))
    except AgentError as error:
        _fail(str(error))
    except OSError as error:
        told = f"{error.filename}: " if error.filename else ""
        _fail(f"{told}{error.strerror or error}; check the disk and its permissions there")
    except Exception as error:
        _fail(f"the agent there met {type(error).__name__}: {error}")
    leave(0)


def _obey(order: dict[str, Any]) -> None:
    if order.get("task") == "run":
        _run(order)
    elif order.get("task") == "prepare":
        listen()
        say("prepared", python=python_with_litert(order["packages"], named=order["named"]))
    elif order.get("task") == "forget":
        shutil.rmtree(_session(order["session"]), ignore_errors=True)
        say("forgotten")


def _fail(reason: str) -> None:
    # Where the connection is gone there is nobody to tell.
    with contextlib.suppress(OSError):
        say("failed", reason=reason[:900])
