"""Finds a Python with LiteRT on the machine behind ssh, or makes an environment that has it.

Sent there as text with `_ssh_agent.py`: the standard library of Python 3.10 and nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from zoo.bridges._ssh_life import AgentError, end, home, remove_on_leaving, start

LOCK_SECONDS = 600.0
INSTALL_SECONDS = 600.0
_PROBE_SECONDS = 120.0
_PROBE = (
    "import numpy, ai_edge_litert.interpreter, importlib.metadata as m; print('found', m.version('ai-edge-litert'))"
)
_WHEELS = ("x86_64", "aarch64")


def python_with_litert(packages: list[str], *, named: bool) -> str:
    """The path of a Python that imports LiteRT and NumPy.

    This one where it was `named` by the user, or where it has the wanted version; else that of an environment with
    `packages`, of which the first is LiteRT's, made here where there is none.

    Raises:
        AgentError: there is none and none can be made.
    """
    version = _probe(sys.executable) if importlib.util.find_spec("ai_edge_litert") else None
    if named and version is None:
        raise AgentError(
            f"ZOO_SSH_PYTHON names {sys.executable}, which cannot import ai_edge_litert and numpy; install "
            "ai-edge-litert for it, or unset the variable to have an environment made"
        )
    if named or version == packages[0].partition("==")[2]:
        return sys.executable
    return _environment(packages)


def _environment(packages: list[str]) -> str:
    """The Python of an environment with `packages`; made where there is none, whole or not at all."""
    _check_platform()
    told = json.dumps([packages, sys.version_info[:2], platform.machine(), sys.base_prefix])
    place = home() / f"env-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    python = str(place / "bin" / "python")
    with _locked(home() / "env.lock"):
        # Under the lock nobody else is making one, so what is unfinished was cut off.
        for cut in home().glob(".env-*"):
            shutil.rmtree(cut, ignore_errors=True)
        if _probe(python) is None:
            shutil.rmtree(place, ignore_errors=True)
            partial = Path(tempfile.mkdtemp(dir=home(), prefix=".env-"))
            remove_on_leaving(partial)
            try:
                _fill(partial, packages)
                partial.rename(place)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return python


def _check_platform() -> None:
    """LiteRT comes as wheels for few systems; say so before an installer says it at length."""
    told = "ai-edge-litert has no wheel for it"
    if hasattr(sys, "getandroidapilevel") or "com.termux" in sys.prefix:
        raise AgentError(f"it is Android, and {told}; connect it by USB and measure on the target adb")
    if sys.platform == "linux" and platform.machine() not in _WHEELS:
        raise AgentError(f"its processor runs as {platform.machine()}, and {told}; install a 64-bit system there")
    if sys.platform == "linux" and platform.libc_ver()[0] != "glibc":
        raise AgentError(f"its C library is not glibc, and {told}; measure in a system such as Debian")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system gives up when this process ends, however it ends."""
    with path.open("w") as file:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    told = f"another run there held {path} for {LOCK_SECONDS:.0f} s; end that run and try again"
                    raise AgentError(told) from None
                time.sleep(0.5)
        yield


def _fill(folder: Path, packages: list[str]) -> None:
    """Install `packages` with uv where it is there; else, or where that fails, with venv and pip."""
    failure = ""
    for way in _ways(folder, packages):
        for command in way:
            status, output = _run(command, INSTALL_SECONDS)
            if status:
                failure = _why_not(output, packages[0])
                break
        else:
            if _probe(str(folder / "bin" / "python")) is not None:
                return
            failure = f"{packages[0]} was installed but cannot be imported; name another Python with ZOO_SSH_PYTHON"
    raise AgentError(failure)


def _ways(folder: Path, packages: list[str]) -> Iterator[list[list[str]]]:
    python = str(folder / "bin" / "python")
    # A login by ssh for one command reads no profile, so uv's own place may be missing from PATH.
    uv = shutil.which("uv", path=os.pathsep.join([os.environ.get("PATH", ""), str(Path("~/.local/bin").expanduser())]))
    wheels = ["--quiet", "--only-binary=:all:", *packages]
    if uv:
        yield [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--python", python, *wheels],
        ]
    yield [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--retries=1", *wheels],
    ]


def _why_not(output: str, package: str) -> str:
    if "ensurepip" in output or "No module named venv" in output:
        return "its Python cannot make environments; install python3-venv or uv there and try again"
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    told = next((line for line in reversed(lines) if line.lower().startswith("error")), lines[-1])
    return (
        f"{package} could not be installed ({told[:200].rstrip('.')}); check the network and the disk there, or name a "
        "Python that has it with ZOO_SSH_PYTHON"
    )


def _probe(python: str) -> str | None:
    """The version of LiteRT that a Python imports; None where it cannot."""
    _, output = _run([python, "-c", _PROBE], _PROBE_SECONDS)
    found = re.search(r"^found (\S+)$", output, re.MULTILINE)
    return found[1] if found else None


def _run(command: list[str], seconds: float) -> tuple[int, str]:
    """Exit status and output of a program, which ends with this agent at the latest."""
    try:
        child = start(command, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    except OSError as error:
        return 127, str(error.strerror)
    try:
        output, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        end(child)
        output, _ = child.communicate()
        output += f"\nerror: {Path(command[0]).name} took longer than {seconds:.0f} s".encode()
    return child.returncode, output.decode(errors="replace")
