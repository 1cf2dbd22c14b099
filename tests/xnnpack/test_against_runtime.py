"""The verdicts against XNNPACK itself: LiteRT's web runtime on every small graph and on its densified twin.

Sparse and dense kernels add in another order, so outputs equal to the last bit mean that both ran dense; equal but
for rounding, that the file ran sparse; and far apart, that it ran sparse and wrong.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.xnnpack.cases import CASES, DENSE, SPARSE, WRONG
from zoo.errors import OutsideError
from zoo.sources import litertjs_package, node_binary
from zoo.tflite import densified_twin, read_model
from zoo.xnnpack import engagement

RUNNER = Path(__file__).parent / "run_wasm.mjs"
ROUNDING = 1e-4
SECONDS = 120


def runtime() -> list[str]:
    try:
        return [str(node_binary()), str(RUNNER), str(litertjs_package())]
    except OutsideError as error:
        pytest.skip(f"no web runtime here: {error}")


def measured(line: str) -> str:
    seen = json.loads(line)
    if seen["difference"] == 0:
        return DENSE
    return SPARSE if seen["difference"] < ROUNDING and not seen["complaints"] else WRONG


def test_runtime_does_what_the_verdict_says(tmp_path: Path) -> None:
    pairs = []
    for case in CASES:
        file, twin = tmp_path / f"{case.name}.tflite", tmp_path / f"{case.name}_twin.tflite"
        file.write_bytes(case.file())
        twin.write_bytes(densified_twin(case.file()))
        pairs.append(f"{file},{twin}")
    done = subprocess.run([*runtime(), *pairs], capture_output=True, text=True, timeout=SECONDS, check=True)
    told = {case.name: engagement(read_model(case.file()), "wasm").summary.split()[0].lower() for case in CASES}
    seen = {case.name: measured(line) for case, line in zip(CASES, done.stdout.splitlines(), strict=True)}
    assert seen == told
