"""One run of one model in a process of its own: the reference's outputs, and the check against them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.bench._child import RunnerDiedError, RunnerProcess
from zoo.bench._parity import NamedArray
from zoo.bench._protocol import Block, Outputs, Ready, RunnerModel, RunnerRequest, RunnerTask, TensorFile
from zoo.bench._targets import Target

SEED = 20210721
"""Of the random inputs, the order within blocks and the bootstrap."""

WARM_UP_RUNS = 15
LEAST_WARM_UP_SECONDS = 0.5
MOST_WARM_UP_SECONDS = 5.0
MOST_ROUNDS = 9
"""Runs of each model in a block. Their median shrugs off four that another process interrupted."""

BLOCK_SECONDS = 30.0
"""What all blocks of a target may take together before rounds are given up."""

_MOST_TENSOR_BYTES = 1 << 30


@dataclass(frozen=True)
class ReferenceRun:
    """A model's random inputs, as files in `folder`, and what LiteRT's reference kernels answer to them."""

    model: Path
    folder: Path
    inputs: tuple[TensorFile, ...]
    outputs: tuple[NamedArray, ...]

    def to_run(self, name: str) -> RunnerModel:
        """The model under `name`, as a runner is asked to run it."""
        return RunnerModel(name=name, path=str(self.model), inputs=list(self.inputs), inputs_folder=str(self.folder))


@dataclass(frozen=True)
class CheckRun:
    """What a target answered to the reference's input, and what it calls itself."""

    outputs: tuple[NamedArray, ...]
    version: str


@dataclass(frozen=True)
class ModelFailed:
    """The runtime did not run this model; `reason` is a clause."""

    reason: str
    runtime_started: bool


def run_reference(name: str, model: Path, *, host: Target, folder: Path) -> ReferenceRun | ModelFailed:
    """Run `model` once with LiteRT's reference kernels on this machine, on seeded random input made for its shapes.

    Equal input shapes get equal bytes, so that models which replace one another see the same input.
    """
    exchange = Path(tempfile.mkdtemp(dir=folder))
    asked = RunnerModel(name=name, path=str(model.resolve()), inputs=[], inputs_folder=str(exchange))
    answer = _run_once(host, make_request("reference", host, exchange, [asked], []))
    if isinstance(answer, ModelFailed):
        return answer
    return ReferenceRun(model=model.resolve(), folder=exchange, inputs=answer.inputs, outputs=answer.outputs)


def run_check(name: str, reference: ReferenceRun, *, target: Target, folder: Path) -> CheckRun | ModelFailed:
    """Run the reference's model once on `target`, on the reference's input.

    A line that the runtime logs at ERROR level fails the model: some failures leave zeros and a log line, no error.
    """
    exchange = Path(tempfile.mkdtemp(dir=folder))
    answer = _run_once(target, make_request("check", target, exchange, [reference.to_run(name)], []))
    return answer if isinstance(answer, ModelFailed) else CheckRun(answer.outputs, answer.version)


def make_request(
    task: RunnerTask, target: Target, folder: Path, models: list[RunnerModel], blocks: list[Block]
) -> RunnerRequest:
    """A request with this module's constants."""
    return RunnerRequest(
        task=task,
        folder=str(folder),
        package=str(target.package) if target.package else None,
        seed=SEED,
        models=models,
        blocks=blocks,
        warm_up_runs=WARM_UP_RUNS,
        least_warm_up_seconds=LEAST_WARM_UP_SECONDS,
        most_warm_up_seconds=MOST_WARM_UP_SECONDS,
        most_rounds=MOST_ROUNDS,
        block_seconds=BLOCK_SECONDS,
    )


def read_arrays(tensors: Sequence[TensorFile], folder: Path) -> tuple[NamedArray, ...]:
    """The tensors that a runner wrote to `folder`.

    Raises:
        RunnerDiedError: a file is missing or not of its tensor's size.
    """
    arrays = []
    for tensor in tensors:
        path = folder / tensor.file
        wanted = int(np.prod(tensor.shape, dtype=np.int64)) * np.dtype(tensor.dtype).itemsize
        if not path.is_file() or path.stat().st_size != wanted or wanted > _MOST_TENSOR_BYTES:
            raise RunnerDiedError(f"the runner did not write output '{tensor.name}' as {tensor.shape}", model=None)
        arrays.append(NamedArray(tensor.name, np.fromfile(path, dtype=tensor.dtype).reshape(tensor.shape)))
    return tuple(arrays)


@dataclass(frozen=True)
class _Answer:
    inputs: tuple[TensorFile, ...]
    outputs: tuple[NamedArray, ...]
    version: str


def _run_once(target: Target, request: RunnerRequest) -> _Answer | ModelFailed:
    version = ""
    answer: Outputs | None = None
    try:
        with RunnerProcess(target.command, request) as runner:
            for event in runner.events():
                version = event.version if isinstance(event, Ready) else version
                answer = event if isinstance(event, Outputs) else answer
            complaints = runner.complaints()
        if complaints:
            return ModelFailed(f'the runtime logged "{complaints[0][:300]}"', runtime_started=True)
        if answer is None:
            return ModelFailed("the runner gave no outputs", runtime_started=bool(version))
        return _Answer(tuple(answer.inputs), read_arrays(answer.outputs, Path(request.folder)), version)
    except RunnerDiedError as died:
        return ModelFailed(died.reason, runtime_started=bool(version))
