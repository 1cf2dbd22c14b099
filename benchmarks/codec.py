"""How fast TACO storage is decoded and encoded: MB of dense float16 weights a second on one core. Run by hand.

python benchmarks/codec.py                    published sparse files, and random kernels of several sizes and zeros
python benchmarks/codec.py --repeats 50

Prints one JSON document. A round is all tensors of a file, or one random kernel, in seconds of the processor, so that a
busy machine does not count; `median` with a 95% interval from the bootstrap of the rounds, `n` of them. The first round
is left out. Every array is checked against the one that went in.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

from zoo.machine import describe_machine
from zoo.tflite import Sparsity, decode, encode, encode_like, read_model, stored_values

PUBLISHED = (
    ("mediapipe", "modules/face_detection/face_detection_full_range_sparse.tflite"),
    ("mediapipe", "modules/pose_detection/pose_detection.tflite"),
)
SHAPES = ((64, 1, 1, 32), (256, 1, 1, 256), (1152, 1, 1, 192), (1024, 1, 1, 1024), (64, 3, 3, 64), (2048, 1, 1, 2048))
ZEROS = (0.5, 0.7, 0.8, 0.9, 0.95)
BLOCKS: dict[str, Any] = {"block_map": [0, 1], "block_sizes": [4, 4]}
TARGET = 50
RESAMPLES = 2000


@dataclass(frozen=True)
class Stored:
    """One kernel: as it is stored, and dense."""

    values: npt.NDArray[Any]
    sparsity: Sparsity
    dense: npt.NDArray[Any]


def published(path: Path) -> list[Stored]:
    model = read_model(path)
    return [
        Stored(values, tensor.sparsity, decode(values, tensor.shape, tensor.sparsity))
        for number, graph in enumerate(model.subgraphs)
        for tensor in graph.tensors
        if tensor.sparsity is not None
        for values in [stored_values(model, tensor.index, subgraph=number)]
    ]


def random_kernel(shape: tuple[int, ...], zeros: float, chance: np.random.Generator) -> Stored:
    dense = chance.normal(size=shape).astype(np.float16)
    dense[chance.random(shape) < zeros] = 0
    return Stored(*encode(dense, compressed=[False] * (len(shape) - 1) + [True]), dense)


def random_blocks(zeros: float, chance: np.random.Generator) -> Stored:
    """256 by 256 in blocks of 4 by 4, of which `zeros` are zero, walked column by column."""
    blocks = chance.normal(size=(64, 4, 64, 4)) * (chance.random((64, 1, 64, 1)) >= zeros)
    dense = blocks.reshape(256, 256).astype(np.float16)
    compressed = [False, True, False, False]
    return Stored(*encode(dense, compressed=compressed, traversal_order=[1, 0, 2, 3], **BLOCKS), dense)


def cases() -> Iterator[tuple[str, list[Stored]]]:
    for package, place in PUBLISHED:
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            path = Path(spec.submodule_search_locations[0]) / place
            yield path.name, published(path)
    chance = np.random.default_rng(0)
    for shape in SHAPES:
        for zeros in ZEROS:
            yield f"random {list(shape)}, {zeros:.0%} zeros", [random_kernel(shape, zeros, chance)]
    for zeros in ZEROS:
        yield f"random blocks of 4 by 4 in [256, 256], {zeros:.0%} zeros", [random_blocks(zeros, chance)]


def decode_all(kernels: list[Stored]) -> None:
    for kernel in kernels:
        decode(kernel.values, kernel.dense.shape, kernel.sparsity)


def encode_all(kernels: list[Stored]) -> None:
    for kernel in kernels:
        encode_like(kernel.dense, kernel.sparsity)


def check(kernels: list[Stored]) -> None:
    for kernel in kernels:
        np.testing.assert_array_equal(decode(kernel.values, kernel.dense.shape, kernel.sparsity), kernel.dense)
        np.testing.assert_array_equal(encode_like(kernel.dense, kernel.sparsity)[0], kernel.values)


def speed(task: Callable[[list[Stored]], None], kernels: list[Stored], repeats: int) -> dict[str, float | int]:
    """MB of dense weights a second."""
    megabytes = sum(kernel.dense.nbytes for kernel in kernels) / 1e6
    taken = []
    for _ in range(repeats + 1):
        started = time.process_time()
        task(kernels)
        taken.append(time.process_time() - started)
    rates = megabytes / np.array(taken[1:])
    chance = np.random.default_rng(1)
    medians = np.median(rates[chance.integers(len(rates), size=(RESAMPLES, len(rates)))], axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return {"median": round(float(np.median(rates)), 1), "low": round(low, 1), "high": round(high, 1), "n": len(rates)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    asked = parser.parse_args()
    found = []
    for name, kernels in cases():
        check(kernels)
        rates = {task.__name__: speed(task, kernels, asked.repeats) for task in (decode_all, encode_all)}
        dense = sum(kernel.dense.nbytes for kernel in kernels)
        speeds = {"decode_mb_s": rates["decode_all"], "encode_mb_s": rates["encode_all"]}
        found.append({"case": name, "tensors": len(kernels), "dense_bytes": dense, **speeds})
        print(f"{name}: {speeds['decode_mb_s']['median']} / {speeds['encode_mb_s']['median']}", file=sys.stderr)
    slow = [
        case["case"] for case in found if min(case[key]["median"] for key in ("decode_mb_s", "encode_mb_s")) < TARGET
    ]
    machine = describe_machine().model_dump(mode="json")
    print(json.dumps({"machine": machine, "target_mb_s": TARGET, "below_target": slow, "cases": found}, indent=2))


if __name__ == "__main__":
    main()
