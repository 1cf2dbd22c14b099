"""One run of one model in a process of its own: reference outputs, the check against them, and the cold start."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zoo.bench._child import RunnerDiedError, RunnerProcess
from zoo.bench._messages import (
    AnyEvent,
    Cold,
    Kernels,
    Outputs,
    Ready,
    RunnerModel,
    RunnerRequest,
    RunnerTask,
    TensorFile,
)
from zoo.bench._parity import NamedArray
from zoo.bench._rounding import rounding_of
from zoo.bench._target import Target

SEED = 20210721
"""Of the random inputs, the order within blocks and the bootstrap."""

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
    """What a target answered to the reference's input, what it said of itself, and which kernels it saw."""

    outputs: tuple[NamedArray, ...]
    ready: Ready
    kernels: Kernels | None


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
    events = _answer(host, make_request("reference", host, exchange, [asked]))
    if isinstance(events, ModelFailed):
        return events
    answer = next(event for event in events if isinstance(event, Outputs))
    try:
        outputs = read_arrays(answer.outputs, exchange)
    except RunnerDiedError as died:
        return ModelFailed(died.reason, runtime_started=True)
    rounding = rounding_of(model)
    outputs = tuple(replace(output, rounding=rounding) for output in outputs)
    return ReferenceRun(model=model.resolve(), folder=exchange, inputs=tuple(answer.inputs), outputs=outputs)


def run_check(
    name: str, reference: ReferenceRun, *, target: Target, folder: Path, picture: Path | None = None
) -> CheckRun | ModelFailed:
    """Run the reference's model once on `target`, on the reference's input.

    A line that the runtime logs at ERROR level fails the model: some failures leave zeros and a log line, no error.
    """
    exchange = Path(tempfile.mkdtemp(dir=folder))
    events = _answer(target, make_request("check", target, exchange, [reference.to_run(name)], picture))
    if isinstance(events, ModelFailed):
        return events
    answer = next(event for event in events if isinstance(event, Outputs))
    try:
        outputs = read_arrays(answer.outputs, exchange)
    except RunnerDiedError as died:
        return ModelFailed(died.reason, runtime_started=True)
    ready = next(event for event in events if isinstance(event, Ready))
    kernels = next((event for event in events if isinstance(event, Kernels)), None)
    return CheckRun(outputs, ready, kernels)


def run_cold(
    name: str, reference: ReferenceRun, *, target: Target, folder: Path, picture: Path | None = None
) -> Cold | ModelFailed:
    """Start `target` afresh, load the reference's model and run it once."""
    exchange = Path(tempfile.mkdtemp(dir=folder))
    events = _answer(target, make_request("cold", target, exchange, [reference.to_run(name)], picture))
    if isinstance(events, ModelFailed):
        return events
    return next(event for event in events if isinstance(event, Cold))


def make_request(
    task: RunnerTask, target: Target, folder: Path, models: list[RunnerModel], picture: Path | None = None
) -> RunnerRequest:
    """A request with this module's seed and the target's threads."""
    return RunnerRequest(
        task=task,
        folder=str(folder),
        threads=target.threads,
        seed=SEED,
        models=models,
        picture=str(picture) if picture else None,
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


def _answer(target: Target, request: RunnerRequest) -> list[AnyEvent] | ModelFailed:
    """The runner's events, with `ready` and the answer to its task among them."""
    wanted = Cold if request.task == "cold" else Outputs
    events: list[AnyEvent] = []
    try:
        with RunnerProcess(target, request) as runner:
            for event in runner.events():
                events.append(event)
            complaints = runner.complaints()
    except RunnerDiedError as died:
        return ModelFailed(died.reason, runtime_started=any(isinstance(event, Ready) for event in events))
    if complaints:
        return ModelFailed(f'the runtime logged "{complaints[0][:300]}"', runtime_started=True)
    if not all(any(isinstance(event, kind) for event in events) for kind in (Ready, wanted)):
        return ModelFailed("the runner did not answer what it was asked", runtime_started=False)
    return events
