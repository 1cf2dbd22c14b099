"""What unpruned heads cost in a sparse region: the published sparse face detector with zeros in its heads too.

python benchmarks/unpruned_heads.py          run by hand

XNNPACK holds a 1x1 kernel that keeps 90% of its weights or more in blocks of output channels, for which WebAssembly has
no vector code. The file's two heads were left unpruned; here the smallest of their weights are zeroed, by share. The
outputs are of no use before training, the times are those of a trained file.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from zoo.bench import Effort, compare_files
from zoo.progress import SilentProgress
from zoo.tflite import ModelEditor, constant, constant_chain

FILE = "modules/face_detection/face_detection_full_range_sparse.tflite"
SHARES = (0.05, 0.12, 0.2, 0.3)
BLOCKS = 40


def with_zeros_in_heads(data: bytes, share: float) -> bytes:
    """That share of each 1x1 kernel that is stored dense zero, the smallest weights first; storage stays."""
    editor = ModelEditor(data)
    graph = editor.main
    for operator in graph.graph.operators:
        if operator.name != "CONV_2D":
            continue
        kernel = graph.graph.tensors[constant_chain(graph.graph, operator.inputs[1])[-1]]
        if kernel.shape[1:3] != (1, 1) or kernel.sparsity is not None:
            continue
        values = constant(editor.model, kernel.index).copy()
        values.ravel()[np.argsort(np.abs(values), axis=None, kind="stable")[: int(share * values.size)]] = 0
        graph.replace_constant(kernel.index, values, shape=kernel.shape, sparsity=None)
    return editor.finish()


def main() -> None:
    found = find_spec("mediapipe")
    if found is None or not found.submodule_search_locations:
        sys.exit("the package mediapipe is not installed")
    published = (Path(found.submodule_search_locations[0]) / FILE).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        files = {"published": published}
        files |= {f"heads_{share:.0%}": with_zeros_in_heads(published, share) for share in SHARES}
        paths = [Path(folder) / f"{name}.tflite" for name in files]
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        result = compare_files(
            paths, targets=["wasm"], effort=Effort(blocks=BLOCKS, cold_starts=0), progress=SilentProgress()
        )
    target = result.targets[0]
    print(f"{target.runtime} {target.version}, {BLOCKS} blocks")
    for ratio in target.ratios:
        interval = [round(ratio.interval.low, 3), round(ratio.interval.high, 3)]
        print(
            json.dumps(
                {"of": ratio.numerator, "over": ratio.denominator, "ratio": round(ratio.ratio, 3), "95%": interval}
            )
        )


if __name__ == "__main__":
    main()
