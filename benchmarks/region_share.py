"""What share of a model's time lies in the region that XNNPACK can run sparse: the file is cut where the region ends.

    .venv/bin/python benchmarks/region_share.py pose_landmark
    .venv/bin/python benchmarks/region_share.py hand_landmark palm_detector

The spec's start after the spec's rewrites, with the smallest 80% of each 1x1 kernel zero, stored sparse and stored
dense: each whole, and cut so that its outputs are the values that leave the region. The cut file over the whole one is
the region's share of the time. Outputs are of no use before training; the times are those of a trained file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from zoo.adapt import REWRITES, apply_rewrites, chosen_rewrites
from zoo.bench import Effort, compare_files
from zoo.progress import SilentProgress
from zoo.sources import fetch_reference
from zoo.spec import load_spec
from zoo.tflite import ModelEditor, densified_twin, operator_label, prune_by_magnitude, sparsify
from zoo.xnnpack import inspect_file

BLOCKS = 40
ZEROS = 0.8


def inside_of(path: Path) -> tuple[set[str], float]:
    """The labels of the layers in the sparse region, and their share of the multiply-adds."""
    layers = inspect_file(path, name="sparse").layers
    inside = [layer for layer in layers if layer.place == "inside"]
    every = sum(layer.multiply_adds for layer in layers)
    return {layer.layer for layer in inside}, sum(layer.multiply_adds for layer in inside) / every


def cut(data: bytes, inside: set[str]) -> bytes:
    editor = ModelEditor(data)
    graph = editor.model.main
    numbers = {operator.index for operator in graph.operators if operator_label(graph, operator) in inside}
    # XNNPACK takes a PAD into the convolution that it feeds.
    numbers |= {
        operator.index
        for operator in graph.operators
        if operator.name == "PAD" and {reader.index for reader in graph.consumers[operator.outputs[0]]} <= numbers
    }
    leaving = [
        value
        for operator in graph.operators
        if operator.index in numbers
        for value in operator.outputs
        if not {reader.index for reader in graph.consumers.get(value, ())} <= numbers or value in graph.outputs
    ]
    editor.main.end_at(leaving)
    return editor.finish()


def main() -> int:
    for name in sys.argv[1:] or ["pose_landmark"]:
        spec = load_spec(name).spec
        start = spec.student.start
        path = fetch_reference(start, spec.references[start], progress=SilentProgress()).path
        rewrites = chosen_rewrites(list(spec.student.rewrites), REWRITES)
        adapted = apply_rewrites(path.read_bytes(), rewrites, name=start).data
        sparse = sparsify(prune_by_magnitude(adapted, ZEROS)).data
        with tempfile.TemporaryDirectory() as folder:
            paths = {kind: Path(folder) / f"{kind}.tflite" for kind in ("dense", "sparse", "dense_cut", "sparse_cut")}
            paths["dense"].write_bytes(densified_twin(sparse))
            paths["sparse"].write_bytes(sparse)
            inside, share = inside_of(paths["sparse"])
            paths["dense_cut"].write_bytes(cut(densified_twin(sparse), inside))
            paths["sparse_cut"].write_bytes(cut(sparse, inside))
            result = compare_files(
                list(paths.values()),
                targets=["wasm"],
                effort=Effort(blocks=BLOCKS, cold_starts=0),
                progress=SilentProgress(),
            )
        if not result.targets:
            sys.exit(f"{name} was not timed: {result.failed}")
        target = result.targets[0]
        print(f"{name}: {share:.1%} of multiply-adds in the region; {target.runtime} {target.version}, {BLOCKS} blocks")
        for timing in target.timings:
            print(f"  {timing.name}: median {timing.median_ms} ms")
        for ratio in target.ratios:
            print(
                f"  {ratio.numerator} / {ratio.denominator}: {ratio.ratio:.3f} "
                f"({ratio.interval.low:.3f} to {ratio.interval.high:.3f})"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
