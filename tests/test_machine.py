"""The machine's description: true here, and cheap."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.machine import describe_machine, describe_versions

CPUINFO = Path("/proc/cpuinfo")


@pytest.mark.skipif(not CPUINFO.exists(), reason="only Linux has /proc/cpuinfo")
def test_the_processor_is_that_of_the_system() -> None:
    machine = describe_machine()
    words = CPUINFO.read_text().split()

    assert machine.has_avx is ("avx" in words)
    assert machine.cpu_model == "unknown" or machine.cpu_model in CPUINFO.read_text() or machine.cpu_model == "aarch64"
    assert machine.memory_gib is not None
    assert machine.memory_gib > 0.25


def test_versions_are_those_installed() -> None:
    versions = describe_versions()

    assert versions["python"] == ".".join(str(part) for part in sys.version_info[:3])
    assert versions["ai-edge-litert"] == importlib.metadata.version("ai-edge-litert")


def test_describing_imports_no_heavy_library() -> None:
    program = "import sys, zoo.machine as m; m.describe_machine(); m.describe_versions(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {"numpy", "tensorflow", "mediapipe", "scipy"} & set(done.stdout.split())
