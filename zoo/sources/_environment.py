"""Python environments beside our own, for runtimes that cannot share it; made by uv and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo.errors import OutsideError
from zoo.sources._cache import cache_dir, full_disk_message
from zoo.sources._download import OutOfReachError
from zoo.sources._made_once import made_once
from zoo.sources._origins import last_line, uv_program

_INSTALL_SECONDS = 600


def side_python(packages: Sequence[str]) -> Path:
    """The Python of an environment that holds `packages` (`NAME==VERSION`, or a bound) and what they need.

    It is made by uv from wheels alone, by the user's own index settings, whole or not at all, and found again by what
    was asked for and by the Python below it.

    Raises:
        OutsideError: there is no uv, no such wheel for this system, no network, or the cache cannot be written.
    """
    told = json.dumps([sorted(packages), sys.version_info[:2], platform.machine(), sys.base_prefix])
    folder = cache_dir() / "environments" / hashlib.sha256(told.encode()).hexdigest()[:16]
    python = Path("Scripts" if sys.platform == "win32" else "bin") / "python"
    made_once(folder, lambda work: _fill(work, python, packages))
    return folder / python


def _fill(folder: Path, python: Path, packages: Sequence[str]) -> None:
    try:
        uv = uv_program()
    except OutOfReachError as error:
        raise OutsideError(f"{packages[0]} could not be installed ({error}); install uv and try again") from error
    _run([uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(folder)], packages[0], folder)
    install = [uv, "pip", "install", "--quiet", "--python", str(folder / python), "--only-binary=:all:"]
    _run([*install, "--", *packages], packages[0], folder)


def _run(command: list[str], package: str, folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - uv, and names that `--` keeps from being options
            command, capture_output=True, text=True, errors="replace", timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OutsideError(
            f"{package} was not installed within {_INSTALL_SECONDS} seconds; check the network and try again"
        ) from error
    if done.returncode == 0:
        return
    if "os error 28" in done.stderr:
        raise OutsideError(full_disk_message(folder))
    reason = " ".join(done.stderr.split("╰─▶")[-1].split())[:200] if "╰─▶" in done.stderr else last_line(done.stderr)
    raise OutsideError(
        f"{package} could not be installed here ({reason.rstrip('.')}); check its version and the network"
    )
