"""Files before and after a rewrite, through LiteRT and through XNNPACK's sparse kernels in WebAssembly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.tflite.running import outputs_of
from zoo.adapt import REWRITES, apply_rewrites
from zoo.errors import OutsideError
from zoo.sources import litertjs_package, node_binary
from zoo.tflite import densified_twin, read_model

RUNNER = Path(__file__).parent.parent / "xnnpack" / "run_wasm.mjs"
ROUNDING = 1e-5
"""Of the largest output: sums of up to a thousand float32 products in another order."""
SECONDS = 120


def rewritten(data: bytes, *names: str) -> bytes:
    """The file after these rewrites, each of which must find something to do."""
    return apply_rewrites(data, [REWRITES[name] for name in names]).data


def kinds(data: bytes) -> list[str]:
    """The operators in order, without those that unpack constants."""
    return [o.name for o in read_model(data).operators if o.name not in ("DEQUANTIZE", "DENSIFY")]


def check_same_outputs(before: bytes, after: bytes, *, tolerance: float = ROUNDING, seed: int = 7) -> None:
    """Names, shapes and values of all outputs are the same in LiteRT.

    Values within `tolerance` of an output's largest, or of 1 where that is below: probabilities are on that scale.
    """
    first, second = read_model(before), read_model(after)
    assert [first.tensors[i].name for i in first.outputs] == [second.tensors[i].name for i in second.outputs]
    for expected, found in zip(outputs_of(before, seed=seed), outputs_of(after, seed=seed), strict=True):
        assert expected.shape == found.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1.0, float(np.abs(expected).max())))


@dataclass(frozen=True)
class Seen:
    """How far the web runtime's outputs lie from those of the densified twin, and from those before the rewrite."""

    from_twin: float
    from_original: float
    complaints: tuple[str, ...]

    @property
    def sparse_and_right(self) -> bool:
        """Equal to the last bit would mean that both ran dense."""
        return 0 < self.from_twin < 1e-4 and self.from_original < 1e-4 and not self.complaints


def seen_by_web_runtime(files: Mapping[str, tuple[bytes, bytes]], folder: Path) -> dict[str, Seen]:
    """Run (before, after) pairs, `after` with sparse kernels; skips where there is no web runtime."""
    try:
        command = [str(node_binary()), str(RUNNER), str(litertjs_package())]
    except OutsideError as error:
        pytest.skip(f"no web runtime here: {error}")
    pairs: list[str] = []
    for name, (before, after) in files.items():
        for part, data in (("after", after), ("twin", densified_twin(after)), ("original", densified_twin(before))):
            (folder / f"{name}_{part}.tflite").write_bytes(data)
        pairs += [_pair(folder, name, "twin"), _pair(folder, name, "original")]
    done = subprocess.run([*command, *pairs], capture_output=True, text=True, timeout=SECONDS, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: _seen(lines[2 * place : 2 * place + 2]) for place, name in enumerate(files)}


def _pair(folder: Path, name: str, other: str) -> str:
    return f"{folder / name}_after.tflite,{folder / name}_{other}.tflite"


def _seen(lines: Sequence[dict]) -> Seen:
    twin, original = lines
    return Seen(twin["difference"], original["difference"], tuple(twin["complaints"] + original["complaints"]))
