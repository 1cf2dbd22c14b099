"""The kinds of targets that there are."""

from __future__ import annotations

from zoo.bench._adb import ADB
from zoo.bench._browser import BROWSER
from zoo.bench._host import HOST, host_target
from zoo.bench._ssh import SSH
from zoo.bench._target import Availability, Target, TargetKind
from zoo.bench._wasm import WASM, wasm_target
from zoo.errors import InputError

__all__ = ["KINDS", "check_target_name", "host_target", "look_at_targets", "prepare_target", "wasm_target"]

KINDS = (WASM, BROWSER, HOST, SSH, ADB)


def prepare_target(name: str) -> Target:
    """The target of that name, with all that it needs fetched.

    Raises:
        InputError: there is no such target.
        OutsideError: it cannot run here, in one sentence.
    """
    return _kind(name).prepare(name)


def check_target_name(name: str) -> None:
    """Raise InputError if no kind of target has such names."""
    _kind(name)


def look_at_targets() -> list[tuple[str, Availability]]:
    """Every target that could measure here, or what it lacks. Nothing is fetched, connected or started."""
    return [found for kind in KINDS for found in kind.look()]


def _kind(name: str) -> TargetKind:
    for kind in KINDS:
        if kind.accepts(name):
            return kind
    raise InputError(f"target '{name}' is not known; write one of: {'; '.join(kind.usage for kind in KINDS)}")
