"""The places where latency is measured, each as the command that starts its runner."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, OutsideError
from zoo.machine import describe_machine
from zoo.sources import litertjs_package, node_binary

AVX_RULE = "xnn_is_chw_compatible_config in XNNPACK's src/xnnpack/hardware-config.h"
"""The upstream function that keeps sparse kernels off x86 processors with AVX."""


@dataclass(frozen=True)
class Target:
    """A target that can run here. `sparse_allowed` False: XNNPACK's own rule excludes sparse kernels on it."""

    name: str
    runtime: str
    command: tuple[str, ...]
    package: Path | None
    sparse_allowed: bool
    note: str


def prepare_target(name: str) -> Target:
    """The target of that name, with all that it needs fetched.

    Raises:
        InputError: there is no such target.
        OutsideError: it cannot run here, in one sentence.
    """
    check_target_name(name)
    return _TARGETS[name]()


def check_target_name(name: str) -> None:
    """Raise InputError if there is no target of that name."""
    if name not in _TARGETS:
        raise InputError(f"target '{name}' is not known; choose among {', '.join(_TARGETS)}")


def host_target() -> Target:
    """LiteRT in Python on this machine, one thread.

    Raises:
        OutsideError: `ai-edge-litert` is not installed.
    """
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise OutsideError(
            "the Python package ai-edge-litert is not installed; install it to run models on this machine"
        )
    machine = describe_machine()
    dense_only = machine.has_avx
    note = "One thread, XNNPACK delegate."
    if dense_only:
        note += " This processor has AVX, where XNNPACK runs sparse files with its dense kernels."
    return Target(
        name="host",
        runtime=f"LiteRT in Python on {machine.cpu_model}",
        command=(sys.executable, str(Path(__file__).with_name("_host_runner.py"))),
        package=None,
        sparse_allowed=not dense_only,
        note=note,
    )


def wasm_target() -> Target:
    """LiteRT's web runtime in Node, one thread.

    Raises:
        OutsideError: Node or the runtime's package is missing and cannot be fetched.
    """
    package = litertjs_package()
    return Target(
        name="wasm",
        runtime="LiteRT in WebAssembly SIMD, run by Node",
        command=(str(node_binary()), str(Path(__file__).with_name("_wasm_runner.mjs"))),
        package=package,
        sparse_allowed=True,
        note="One thread; what a browser runs, without the browser.",
    )


_TARGETS: dict[str, Callable[[], Target]] = {"host": host_target, "wasm": wasm_target}
