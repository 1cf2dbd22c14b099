"""The real `adb` with a server of its own, and what a phone for it needs."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.fake_phone import FakePhone
from zoo.bench import _adb

TOOL = Path(__file__).with_name("fake_benchmark_model.py")


@contextmanager
def running_adb(home: Path) -> Iterator[str]:
    """The program; its server listens on a port of its own and has its keys in `home`. Skip where there is no adb."""
    program = shutil.which("adb")
    if program is None:
        pytest.skip("adb is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
        patch.setenv("HOME", str(home))
        patch.delenv("ANDROID_SERIAL", raising=False)
        patch.delenv(_adb.ADB_VARIABLE, raising=False)
        patch.setattr(_adb, "APPEAR_SECONDS", 0.5)
        subprocess.run([program, "start-server"], check=True, capture_output=True, timeout=60)
        try:
            yield program
        finally:
            # At the end of pytest there are no phones to clean up, and trying would start another server.
            atexit.unregister(_adb.forget)
            subprocess.run([program, "kill-server"], check=False, capture_output=True, timeout=60)


@contextmanager
def connected(adb: str, phone: FakePhone) -> Iterator[FakePhone]:
    """The phone at work, and known to adb's server."""
    with phone:
        subprocess.run([adb, "connect", phone.serial], check=True, capture_output=True, timeout=60)
        try:
            yield phone
        finally:
            subprocess.run([adb, "disconnect", phone.serial], check=False, capture_output=True, timeout=60)


def tool_program(folder: Path) -> Path:
    """What stands for the phone's benchmark_model, as one program."""
    path = folder / "android_aarch64_benchmark_model"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {TOOL} "$@"\n')
    path.chmod(0o755)
    return path
