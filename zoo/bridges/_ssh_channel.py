"""A connection by ssh with an agent at its far end: how it is made, how both ends speak, and why it ended.

The agent (`_ssh_agent.py`) is sent as text to a Python there, so nothing of this zoo has to be installed on that
machine. When this process ends, however it ends, `ssh` sees the end of its input, and so does the agent, which leaves.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from zoo.bridges._errors import BridgeError

ALIVE_SECONDS = 15.0
"""How often the agent is told that the bridge is there. It wakes for it, so not often."""

_HERE = Path(__file__).parent
_AGENT = ("_ssh_life", "_ssh_environment", "_ssh_agent")
"""The agent's modules, in the order in which they import one another."""

_PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10")
_SSH_FAILED = 255
"""What ssh itself exits with; any other status is that of what ran there."""

_NO_PYTHON, _OLD_PYTHON, _NO_NAMED_PYTHON = 96, 97, 98
_LOAD = (
    "import sys, json, types\n"
    "for name, text in json.loads(sys.stdin.buffer.readline()):\n"
    "    module = sys.modules[name] = types.ModuleType(name)\n"
    "    exec(compile(text, name, 'exec'), module.__dict__)\n"
    "module.main()\n"
)
_MOST_LINE_BYTES = 1 << 20
_MOST_CHATTER_LINES = 1000
"""What a login there may print before the agent speaks."""


def remote_command(python: str | None) -> str:
    """What ssh is to run: the agent in `python`, or in the first Python there that is new enough.

    It is one argument of `sh -c`, so that it means the same in whatever login shell the user has.
    """
    load = shlex.quote(f"exec({_LOAD!r})")
    if python is not None:
        named = shlex.quote(python)
        script = f"test -x {named} || exit {_NO_NAMED_PYTHON}; exec {named} -u -c {load}"
    else:
        new = shlex.quote("import sys; sys.exit(sys.version_info < (3, 10))")
        script = (
            f"for p in {' '.join(_PYTHONS)}; do command -v $p >/dev/null 2>&1 && $p -c {new} && exec $p -u -c {load}; "
            f"done; command -v python3 >/dev/null 2>&1 || exit {_NO_PYTHON}; python3 -V >&2; exit {_OLD_PYTHON}"
        )
    return f"exec sh -c {shlex.quote(script)}"


class Channel:
    """A connection with an agent at its far end. Leaving the context ends both."""

    def __init__(
        self, ssh: list[str], place: str, order: dict[str, Any], *, python: str | None, echo: bool = True
    ) -> None:
        """Start `ssh`, an argument list that ends with the host, and give the agent its `order`.

        `place` is what messages call the machine. `python` is the path of the Python to use there, None to look.
        `echo`: what comes on its standard error is repeated on this process's, where bench reads complaints.
        """
        self._echo = echo
        self._place = place
        self._python = python
        self._words: deque[str] = deque(maxlen=50)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603
            [*ssh, remote_command(python)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._reader.start()
        self._closed = threading.Event()
        modules = [(f"{__package__}.{name}", (_HERE / f"{name}.py").read_text(encoding="utf-8")) for name in _AGENT]
        self.send(json.dumps(modules).encode() + b"\n" + json.dumps(order).encode() + b"\n")
        threading.Thread(target=self._say_alive, daemon=True).start()

    def __enter__(self) -> Channel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        try:
            self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()

    def send(self, data: bytes) -> None:
        """Send; what cannot be sent is found out by who reads."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._stdin.write(data)
            self._stdin.flush()

    def send_file(self, path: Path) -> None:
        with path.open("rb") as file:
            while piece := file.read(1 << 16):
                self.send(piece)

    def close(self) -> None:
        """Say that nothing more comes: the agent cleans up and ends."""
        self._closed.set()
        with self._lock, contextlib.suppress(OSError):
            self._stdin.close()

    def kill(self) -> None:
        self._process.kill()

    def lines(self) -> Iterator[bytes]:
        """The agent's lines after its first, each whole.

        Raises:
            BridgeError: no agent answered, or the connection ended early; it says why.
        """
        for _ in range(_MOST_CHATTER_LINES):
            line = self._line()
            if line.startswith(b"!here"):
                break
        else:
            raise BridgeError(f"the login at {self._place} prints without end; make its shell start silently")
        while True:
            yield self._line()

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes that follow a line."""
        data = self._stdout.read(size)
        if len(data) != size:
            raise BridgeError(self._why_ended())
        return data

    def _line(self) -> bytes:
        line = self._stdout.readline(_MOST_LINE_BYTES)
        if not line.endswith(b"\n"):
            raise BridgeError(self._why_ended())
        return line

    def _why_ended(self) -> str:
        try:
            status = self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        self._reader.join(timeout=3)
        return explain(status, list(self._words), self._place, self._python)

    def _read_stderr(self) -> None:
        pipe = cast("IO[bytes]", self._process.stderr)
        while line := pipe.readline(4096):
            self._words.append(line.decode(errors="replace").strip())
            if self._echo:
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()

    def _say_alive(self) -> None:
        while not self._closed.wait(ALIVE_SECONDS):
            self.send(b"!alive\n")


def explain(status: int, words: list[str], place: str, python: str | None) -> str:
    """Why a connection ended, from ssh's exit status and what it wrote to standard error."""
    said = "\n".join(words)
    last = next((word for word in reversed(words) if word), f"exit status {status}")[:200].rstrip(".")
    if status < 0:
        return f"{place} did not answer in time and the connection was ended; look whether it is busy and try again"
    if status == _NO_NAMED_PYTHON:
        return f"{place} has no program {python}, which ZOO_SSH_PYTHON names; correct the variable"
    if status == _NO_PYTHON:
        return f"{place} has no python3; install Python 3.10 or newer there"
    if status == _OLD_PYTHON:
        return f"{place} has only {last}; install Python 3.10 or newer there, or name one with ZOO_SSH_PYTHON"
    if status != _SSH_FAILED:
        return f"the agent on {place} ended ({last}); try again"
    if "REMOTE HOST IDENTIFICATION HAS CHANGED" in said:
        return f"the host key of {place} is not the one that was known; find out why, then mend it with ssh-keygen -R"
    if "Host key verification failed" in said:
        return f"the host key of {place} is not known; connect once with ssh and accept the key"
    if "Permission denied" in said or "Too many authentication failures" in said:
        return f"{place} accepts none of your keys ({last}); add one with ssh-copy-id, or name it in ~/.ssh/config"
    if "Could not resolve" in said:
        return f"the host name of {place} is not known ({last}); correct it"
    if re.search("refused|timed out|No route|unreachable", said):
        return f"{place} cannot be reached ({last}); check that it is on and its ssh server runs"
    return f"the connection with {place} ended ({last}); try ssh by hand, then again"
