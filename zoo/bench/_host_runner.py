"""Runs models through LiteRT in Python, in a process of its own; see `_protocol.py` for what it reads and writes.

Started by its path, so it imports nothing of this package: the file is all that the process needs besides LiteRT.
"""

from __future__ import annotations

import importlib.metadata
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

_MADE_TYPES = ("float32", "int8", "uint8")


class Refused(Exception):  # noqa: N818
    """This model cannot be run; the text says why."""


class LoadedModel:
    """A model ready to run on its inputs."""

    def __init__(self, path: str, *, reference: bool) -> None:
        # The reference kernels take no delegate, so nothing of XNNPACK is in the numbers to compare with.
        resolver = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        self.interpreter = Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=resolver)
        self.interpreter.allocate_tensors()

    def set_inputs(self, tensors: list[dict[str, Any]], folder: Path) -> None:
        for details, tensor in zip(self.interpreter.get_input_details(), tensors, strict=True):
            values = np.fromfile(folder / tensor["file"], dtype=tensor["dtype"]).reshape(tensor["shape"])
            self.interpreter.set_tensor(details["index"], values)

    def make_inputs(self, folder: Path, seed: int) -> list[dict[str, Any]]:
        """Uniform in [-1, 1] for float32, over the whole range for 8-bit integers; equal shapes get equal bytes."""
        made = []
        for position, details in enumerate(self.interpreter.get_input_details()):
            dtype = np.dtype(details["dtype"]).name
            if dtype not in _MADE_TYPES:
                raise Refused(f"input '{details['name']}' is {dtype}; bench makes {', '.join(_MADE_TYPES)}")
            random = np.random.default_rng([seed, position])
            if dtype == "float32":
                values = random.uniform(-1.0, 1.0, size=details["shape"]).astype(np.float32)
            else:
                count = int(np.prod(details["shape"]))
                values = np.frombuffer(random.bytes(count), dtype=dtype).reshape(details["shape"])
            made.append(_write(folder, f"input-{position}", details["name"], values))
        return made

    def write_outputs(self, folder: Path, stem: str) -> list[dict[str, Any]]:
        written = []
        for position, details in enumerate(self.interpreter.get_output_details()):
            values = self.interpreter.get_tensor(details["index"])
            written.append(_write(folder, f"{stem}-{position}", details["name"], values))
        return written

    def run_ms(self) -> float:
        start = time.perf_counter_ns()
        self.interpreter.invoke()
        return (time.perf_counter_ns() - start) / 1e6


def _write(folder: Path, stem: str, name: str, values: npt.NDArray[Any]) -> dict[str, Any]:
    values.tofile(folder / f"{stem}.bin")
    return {"name": name, "shape": list(values.shape), "dtype": values.dtype.name, "file": f"{stem}.bin"}


def emit(event: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def answer(request: dict[str, Any], position: int, loaded: LoadedModel, inputs: list[dict[str, Any]]) -> None:
    outputs = loaded.write_outputs(Path(request["folder"]), f"output-{position}")
    emit("outputs", model=request["models"][position]["name"], inputs=inputs, outputs=outputs)


def run_once(request: dict[str, Any]) -> None:
    """The tasks `reference` and `check`: each model by itself, its outputs written."""
    reference = request["task"] == "reference"
    for position, model in enumerate(request["models"]):
        emit("begin", model=model["name"], doing="load")
        loaded = LoadedModel(model["path"], reference=reference)
        inputs = loaded.make_inputs(Path(request["folder"]), request["seed"]) if reference else model["inputs"]
        loaded.set_inputs(inputs, Path(model["inputs_folder"]))
        emit("begin", model=model["name"], doing="output check")
        loaded.run_ms()
        answer(request, position, loaded, inputs if reference else [])


def warm_up(request: dict[str, Any], loaded: LoadedModel) -> float:
    """Run until caches and clocks have settled; the median of the later half, in milliseconds."""
    taken: list[float] = []
    least_ms, most_ms = 1e3 * request["least_warm_up_seconds"], 1e3 * request["most_warm_up_seconds"]
    while sum(taken) < least_ms or (len(taken) < request["warm_up_runs"] and sum(taken) < most_ms):
        taken.append(loaded.run_ms())
    return statistics.median(taken[len(taken) // 2 :])


def run_block(models: dict[str, LoadedModel], index: int, order: list[str], rounds: int) -> None:
    """Every model once a round, each round beginning one model later, so that neighbours in time are paired."""
    taken: dict[str, list[float]] = {name: [] for name in order}
    for turn in range(rounds):
        at = turn % len(order)
        for name in order[at:] + order[:at]:
            emit("begin", model=name, doing="block")
            taken[name].append(models[name].run_ms())
    for name, ms in taken.items():
        emit("timed", model=name, block=index, ms=ms)


def run_blocks(request: dict[str, Any]) -> None:
    """The task `time`: all models loaded and warm, then block by block, then their outputs once more."""
    models: dict[str, LoadedModel] = {}
    for model in request["models"]:
        emit("begin", model=model["name"], doing="load")
        models[model["name"]] = LoadedModel(model["path"], reference=False)
        models[model["name"]].set_inputs(model["inputs"], Path(model["inputs_folder"]))
    block_ms = 0.0
    for name, loaded in models.items():
        emit("begin", model=name, doing="warm-up")
        block_ms += warm_up(request, loaded)
    total_ms = max(block_ms * len(request["blocks"]), 1e-6)
    rounds = max(1, min(request["most_rounds"], int(1e3 * request["block_seconds"] / total_ms)))
    for block in request["blocks"]:
        run_block(models, block["index"], block["order"], rounds)
    for position, (name, loaded) in enumerate(models.items()):
        emit("begin", model=name, doing="output check")
        loaded.run_ms()
        answer(request, position, loaded, [])


def main() -> int:
    request = json.load(sys.stdin)
    emit("ready", version=f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}")
    try:
        run_blocks(request) if request["task"] == "time" else run_once(request)
    except (Refused, ValueError, RuntimeError, OSError) as error:
        emit("failed", reason=" ".join(str(error).split())[:900])
        return 1
    emit("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
