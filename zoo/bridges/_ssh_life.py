"""How the agent on the machine behind ssh speaks, where it keeps things, and how it leaves nothing behind.

Sent there as text with `_ssh_agent.py`: the standard library of Python 3.10 and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

SILENT_SECONDS = 60.0
"""The bridge says `!alive` four times as often; without a word for so long, the connection is dead."""

_children: list[subprocess.Popen[bytes]] = []
_folders: list[Path] = []
_heard = threading.Event()


class AgentError(Exception):
    """What cannot be done here; a clause with the next step."""


def say(word: str, **fields: object) -> None:
    """A line to the bridge alone."""
    sys.stdout.buffer.write(f"!{word} {json.dumps(fields)}\n".encode())
    sys.stdout.buffer.flush()


def home() -> Path:
    """The cache folder of this zoo on this machine, for its owner alone."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(cache).expanduser() / "mediapipe-zoo" / "ssh"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def start(command: list[str], **options: object) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own that ends with this agent."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, **options)  # type: ignore[call-overload]  # noqa: S603
    _children.append(child)
    return child  # type: ignore[no-any-return]


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill a program and all that it started."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)


def remove_on_leaving(folder: Path) -> None:
    """A folder of this run alone."""
    _folders.append(folder)


def leave(status: int) -> NoReturn:
    """End what was started, remove what is of this run alone, and exit at once, whatever other threads do."""
    for child in _children:
        if child.poll() is None:
            end(child)
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(status)


def heard() -> None:
    """Something came from the bridge."""
    _heard.set()


def watch() -> None:
    """Leave on a signal, and once the bridge has been silent for too long."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: leave(1))
    threading.Thread(target=_wait_for_silence, daemon=True).start()


def listen(child: subprocess.Popen[bytes] | None = None) -> None:
    """From now on pass the bridge's lines to `child`, and leave when they end."""
    threading.Thread(target=_pass_on, args=(child,), daemon=True).start()


def _wait_for_silence() -> None:
    while _heard.wait(SILENT_SECONDS):
        _heard.clear()
    leave(1)


def _pass_on(child: subprocess.Popen[bytes] | None) -> None:
    for line in sys.stdin.buffer:
        heard()
        if child is not None and child.stdin is not None and not line.startswith(b"!"):
            with contextlib.suppress(OSError):
                child.stdin.write(line)
                child.stdin.flush()
    leave(1)
