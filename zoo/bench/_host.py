"""The targets `host` and `host:N`: LiteRT in Python on this machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path

from zoo.bench._target import Availability, Target, TargetKind
from zoo.errors import InputError, OutsideError
from zoo.machine import describe_machine

PACKAGE = "ai-edge-litert"
MISSING = f"the Python package {PACKAGE} is not installed"
INSTALL = f"pip install {PACKAGE}"
DENSE_ONLY = "This processor has AVX, where XNNPACK runs sparse files with its dense kernels."

_NAME = re.compile(r"host(?::([1-9]\d{0,2}))?")


def host_target(threads: int = 1) -> Target:
    """LiteRT in Python on this machine.

    Raises:
        OutsideError: `ai-edge-litert` is not installed.
    """
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise OutsideError(f"{MISSING}; run: {INSTALL}")
    machine = describe_machine()
    note = f"XNNPACK delegate, {threads} thread{'s' if threads > 1 else ''}."
    return Target(
        name="host" if threads == 1 else f"host:{threads}",
        runtime=f"LiteRT in Python on {machine.cpu_model}",
        command=(sys.executable, str(Path(__file__).with_name("_host_runner.py"))),
        threads=threads,
        native=True,
        note=f"{note} {DENSE_ONLY}" if machine.has_avx else note,
    )


def _prepare(name: str) -> Target:
    match = _NAME.fullmatch(name)
    if not match:
        raise InputError(f"target '{name}' is not known; write host, or host:4 for four threads")
    return host_target(int(match[1] or 1))


def _look() -> list[tuple[str, Availability]]:
    if importlib.util.find_spec("ai_edge_litert") is None:
        return [("host", Availability(False, MISSING, remedy=INSTALL))]
    machine = describe_machine()
    detail = f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"
    x86 = machine.arch.lower() in {"x86_64", "amd64", "i686"}
    if machine.has_avx:
        detail += "; on x86 with AVX, XNNPACK never runs sparse kernels: dense and sparse take alike"
    elif x86:
        detail += "; x86 without AVX may run sparse kernels"
    else:
        detail += "; this processor runs sparse kernels"
    threads = f"{machine.cores} threads are as many as there are cores"
    return [
        ("host", Availability(True, detail, limited=machine.has_avx)),
        (f"host:{machine.cores}", Availability(True, threads, limited=machine.has_avx)),
    ]


HOST = TargetKind(
    usage="host or host:N",
    purpose="LiteRT in Python on this machine, one thread or N",
    accepts=lambda name: name == "host" or name.startswith("host:"),
    prepare=_prepare,
    look=_look,
)
