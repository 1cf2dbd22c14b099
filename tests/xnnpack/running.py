"""Pairs of a file and its densified twin through LiteRT's web runtime: what XNNPACK does with the file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.xnnpack.corpus._case import DENSE, SPARSE, WRONG, Case
from zoo.errors import OutsideError
from zoo.sources import litertjs_package, node_binary
from zoo.tflite import densified_twin

RUNNER = Path(__file__).parent / "run_wasm.mjs"
ROUNDING = 7e-5
"""Of the twin's outputs, from the least to the largest: sparse and dense kernels add in another order.

Means over 6,720 positions differ by up to 5.9e-5; the mildest misreading of the corpus shows 9.0e-5.
"""
SECONDS = 120


@dataclass(frozen=True)
class Seen:
    """One pair: the largest difference between outputs, and the convolutions on sparse kernels for file and twin.

    `failed`: what the runtime said when it crashed or refused; then there is no difference.
    """

    difference: float
    spread: float
    kernels: int
    twin_kernels: int
    complaints: tuple[str, ...]
    failed: str | None = None

    @property
    def outcome(self) -> str:
        """Wrong: outputs differ by more than rounding, or the runtime failed or complained. Else which kernels ran."""
        if self.failed is not None or self.complaints or self.difference > ROUNDING * max(self.spread, 1.0):
            return WRONG
        return SPARSE if self.kernels else DENSE


def web_runtime() -> list[str]:
    """The command of the runner; skips the test where there is no web runtime."""
    try:
        return [str(node_binary()), str(RUNNER), str(litertjs_package())]
    except OutsideError as error:
        pytest.skip(f"no web runtime here: {error}")


def written(cases: Sequence[Case], folder: Path) -> list[tuple[Path, Path]]:
    """Each case's file and its densified twin, in the folder."""
    pairs = [(folder / f"{case.name}.tflite", folder / f"{case.name}_twin.tflite") for case in cases]
    for case, (file, twin) in zip(cases, pairs, strict=True):
        file.write_bytes(case.file())
        twin.write_bytes(densified_twin(case.file()))
    return pairs


def seen_by_web_runtime(pairs: Sequence[tuple[Path, Path]]) -> list[Seen]:
    """What the runtime does with each (file, twin); the runner stops where one goes wrong, and a new one goes on."""
    command, found = web_runtime(), list[Seen]()
    while len(found) < len(pairs):
        rest = [f"{file},{twin}" for file, twin in pairs[len(found) :]]
        done = subprocess.run([*command, *rest], capture_output=True, text=True, timeout=SECONDS, check=False)
        lines = done.stdout.splitlines()
        # A process that dies without a word died of the pair after the last line.
        lines += (
            []
            if lines
            else [json.dumps({"failed": f"it ended with {done.returncode}", "complaints": [], "twin_complaints": []})]
        )
        found += [_seen(json.loads(line)) for line in lines]
    return found


def _seen(line: dict) -> Seen:
    complaints, twins = tuple(line["complaints"]), line["twin_complaints"]
    assert not twins, f"the same weights stored dense do not run either: {twins}"
    if "failed" in line:
        return Seen(float("nan"), float("nan"), 0, 0, complaints, line["failed"])
    return Seen(line["difference"], line["spread"], line["kernels"], line["twin_kernels"], complaints)
