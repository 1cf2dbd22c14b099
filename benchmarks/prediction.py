"""The constants of `zoo inspect`'s prediction: measured in WebAssembly, fitted on some networks, checked on others.

python benchmarks/prediction.py measure          each network and its densified twin, into prediction.json (8 minutes)
python benchmarks/prediction.py measure face     one of them
python benchmarks/prediction.py fit              the constants for zoo/xnnpack/_prediction.py, and how far they are off

Other work on the machine slows the sparse file more than its twin. So where a network was measured before, the try in
which both were faster is kept: on a busy machine, measure until nothing gets faster.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import adapt
from benchmarks.networks import CHECKED, FITTED
from zoo.adapt import REWRITES, apply_rewrites
from zoo.bench import Effort, compare_files
from zoo.machine import describe_machine
from zoo.progress import SilentProgress
from zoo.tflite import ModelEditor, constant, encode, read_model
from zoo.xnnpack._graph import lower
from zoo.xnnpack._regions import analyse
from zoo.xnnpack._work import TERMS, node_terms

DATA = Path(__file__).with_suffix(".json")
BLOCKS = 20
ROUNDS = 20
"""Of weighing outliers less, after which nothing moves."""
BUSY = 0.02
"""Relative errors below this are noise: such rows weigh alike."""


@dataclass(frozen=True)
class Measured:
    """A network in WebAssembly: the median of the twin in ms, sparse / twin, and what each has to do."""

    name: str
    twin_ms: float
    ratio: float
    twin: Counter[str]
    sparse: Counter[str]

    @property
    def sparse_ms(self) -> float:
        return self.ratio * self.twin_ms

    @property
    def in_blocks(self) -> bool:
        return self.sparse["sparse_blocks"] > 0


def published() -> dict[str, Callable[[], bytes]]:
    """The published sparse files, as they are and with more zeros."""
    folder = Path((find_spec("mediapipe").submodule_search_locations or [""])[0]) / "modules"  # type: ignore[union-attr]
    files = {
        "face": "face_detection/face_detection_full_range_sparse.tflite",
        "pose": "pose_detection/pose_detection.tflite",
    }
    found: dict[str, Callable[[], bytes]] = {name: (folder / path).read_bytes for name, path in files.items()}
    for name, share in (("face", 0.8), ("face", 0.9), ("pose", 0.85), ("pose", 0.92)):
        found[f"{name}-{share:.0%}"] = lambda name=name, share=share: with_zeros(found[name](), share)  # type: ignore[misc]
    return found


def with_zeros(data: bytes, share: float) -> bytes:
    """The model with that share of each sparse kernel zero."""
    editor = ModelEditor(data)
    graph = editor.graphs[0]
    for tensor in graph.graph.tensors:
        if tensor.sparsity is not None:
            values = constant(editor.model, tensor.index).copy()
            smallest = np.argsort(np.abs(values), axis=None, kind="stable")[: int(share * values.size)]
            values.ravel()[smallest] = 0
            kept, sparsity = encode(values, compressed=[level.compressed for level in tensor.sparsity.levels])
            graph.replace_constant(tensor.index, kept, shape=tensor.shape, sparsity=sparsity)
    return editor.finish()


def networks() -> dict[str, Callable[[], bytes]]:
    return {**FITTED, **CHECKED, **published()}


def measure(names: Sequence[str]) -> None:
    """Time the networks of these names, or all; of what is known of each and the new time, keep the fastest."""
    builders = networks()
    for name in names or builders:
        row = _timed(name, builders[name]())
        print(json.dumps(row), flush=True)
        known = {each["name"]: each for each in _document()["networks"]} if DATA.exists() else {}
        known[name] = min(row, known.get(name, row), key=_both_ms)
        rows = [known[each] for each in builders if each in known]
        document = {"machine": describe_machine().model_dump(), "blocks": BLOCKS, "networks": rows}
        DATA.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _timed(name: str, data: bytes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / f"{name}.tflite"
        path.write_bytes(data)
        result = compare_files(
            [path], targets=["wasm"], effort=Effort(blocks=BLOCKS, cold_starts=0), progress=SilentProgress()
        )
    if not result.targets or not result.targets[0].ratios:
        sys.exit(f"{name} was not timed: {result.failed or result.targets[0].timings}")
    target = result.targets[0]
    twin = next(timing for timing in target.timings if timing.name != name)
    ratio = target.ratios[0]
    return {
        "name": name,
        "fitted": name in FITTED,
        "runtime": f"{target.runtime} {target.version}",
        "twin_ms": round(twin.median_ms or 0, 4),
        "ratio": round(ratio.ratio, 4),
        "interval": [round(ratio.interval.low, 4), round(ratio.interval.high, 4)],
    }


def _both_ms(row: dict[str, Any]) -> float:
    return float(row["twin_ms"] * (1 + row["ratio"]))


def _document() -> Any:
    return json.loads(DATA.read_text(encoding="utf-8"))


def read() -> tuple[list[Measured], list[Measured]]:
    """Fitted on, checked on."""
    builders = networks()
    fitted, checked = [], []
    for row in _document()["networks"]:
        sums = _sums(builders[row["name"]]())
        (fitted if row["fitted"] else checked).append(Measured(row["name"], row["twin_ms"], row["ratio"], *sums))
    return fitted, checked


def read_rewritten() -> list[Measured]:
    """Also checked on: published models with rewrites and 80% zeros, as `adapt.py` measured them."""
    rows = []
    for model in json.loads(adapt.DATA.read_text(encoding="utf-8"))["models"]:
        for plan, found in model["plans"].items():
            rewrites = [REWRITES[each["name"]] for each in found["rewrites"]]
            data = adapt.pruned_file(apply_rewrites(adapt.data_of(model["name"]), rewrites).data)
            # Only the ratio to the twin was kept there.
            rows.append(Measured(f"{model['name']}, {plan}", np.nan, found["times"]["to_twin"][0], *_sums(data)))
    return rows


def _sums(data: bytes) -> tuple[Counter[str], Counter[str]]:
    """What the densified twin has to do, and the file."""
    analysis = analyse(lower(read_model(data)))
    region = {node.index for part in analysis.regions if part.enough_zeros for node in part.nodes}
    twin, sparse = Counter[str](), Counter[str]()
    for node in analysis.graph.nodes:
        twin.update(node_terms(analysis, node, sparse=False))
        sparse.update(node_terms(analysis, node, sparse=node.index in region))
    return twin, sparse


def fit(rows: Sequence[Measured]) -> dict[str, float]:
    """Milliseconds a unit of each term: first without kernels in blocks, whose times vary most, then those alone."""
    known = _solve([row for row in rows if not row.in_blocks], [term for term in TERMS if term != "sparse_blocks"], {})
    return {**known, **_solve([row for row in rows if row.in_blocks], ["sparse_blocks"], known)}


def _solve(rows: Sequence[Measured], terms: Sequence[str], known: dict[str, float]) -> dict[str, float]:
    """Relative least squares, no constant negative, outliers weighing less."""
    sides = [side for row in rows for side in ((row.twin, row.twin_ms), (row.sparse, row.sparse_ms))]
    amounts = np.array([[side[term] / time for term in terms] for side, time in sides])
    wanted = np.array([1 - _time(side, known) / time for side, time in sides])
    scale = np.maximum(amounts.max(axis=0), 1e-12)
    weights = np.ones(len(sides))
    solution: Any = None
    for _ in range(ROUNDS):
        solution, _ = nnls(amounts / scale * weights[:, None], wanted * weights)
        weights = 1 / np.sqrt(np.maximum(np.abs(amounts / scale @ solution - wanted), BUSY))
    return dict(zip(terms, (solution / scale).tolist(), strict=True))


def _time(amounts: Counter[str], constants: dict[str, float]) -> float:
    return sum(amounts[term] * constant for term, constant in constants.items())


def show(title: str, rows: Sequence[Measured], constants: dict[str, float]) -> None:
    errors = []
    for row in rows:
        predicted = _time(row.sparse, constants) / _time(row.twin, constants)
        errors.append(predicted - row.ratio)
        print(f"  {row.name:36s} measured {row.ratio:.3f}  predicted {predicted:.3f}  {errors[-1]:+.3f}")
    if errors:
        off = np.abs(errors)
        print(f"{title}: n = {len(rows)}, off by {off.mean():.3f} on average, {off.max():.3f} at most\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("measure", "fit"))
    parser.add_argument("names", nargs="*", help="networks to measure; all by default")
    asked = parser.parse_args()
    if asked.step == "measure":
        measure(asked.names)
        return
    fitted, checked = read()
    constants = fit(fitted)
    for term, value in constants.items():
        print(f'    "{term}": {value * 1e6:.4g},')
    show("fitted on", fitted, constants)
    show("checked", [*(row for row in checked if not row.in_blocks), *read_rewritten()], constants)
    show("checked, zeros in blocks", [row for row in checked if row.in_blocks], constants)


if __name__ == "__main__":
    main()
