"""Talks to a runner as bench does, line by line, so that a test can stop in the middle."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoo.bench import _messages as messages
from zoo.bench._messages import EVENT, AnyEvent, Command, Outputs, RunnerModel, RunnerRequest, RunnerTask

HOST_RUNNER = Path(messages.__file__).with_name("_host_runner.py")


@dataclass
class Conversation:
    """A runner at work. `events` ends with the runner's output."""

    process: subprocess.Popen[bytes]

    def events(self) -> Iterator[AnyEvent]:
        assert self.process.stdout
        for line in self.process.stdout:
            yield EVENT.validate_json(line)

    def next(self) -> AnyEvent:
        return next(self.events())

    def command(self, command: Command) -> None:
        assert self.process.stdin
        self.process.stdin.write(command.model_dump_json().encode() + b"\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def complaints(self) -> str:
        """Its standard error, to the end."""
        assert self.process.stderr
        return self.process.stderr.read().decode()


@contextmanager
def talking(command: Sequence[str], request: RunnerRequest) -> Iterator[Conversation]:
    """Start a runner and give it its request; killed at the end, with its process group."""
    with subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        talk = Conversation(process)
        assert process.stdin
        process.stdin.write(request.model_dump_json().encode() + b"\n")
        process.stdin.flush()
        try:
            yield talk
        finally:
            process.kill()


def asking(task: RunnerTask, models: list[RunnerModel], folder: Path, *, threads: int = 1) -> RunnerRequest:
    return RunnerRequest(task=task, folder=str(folder), threads=threads, seed=1, models=models)


@dataclass(frozen=True)
class Referenced:
    """A model with inputs made, and what LiteRT's reference kernels answer to them."""

    asked: RunnerModel
    answers: list[npt.NDArray[np.generic]]


def reference(name: str, model: Path, folder: Path) -> Referenced:
    """Run the reference kernels in a runner of this machine; inputs lie in `folder`."""
    folder.mkdir(exist_ok=True)
    bare = RunnerModel(name=name, path=str(model), inputs=[], inputs_folder=str(folder))
    with talking([sys.executable, str(HOST_RUNNER)], asking("reference", [bare], folder)) as talk:
        (told,) = [event for event in talk.events() if isinstance(event, Outputs)]
    asked = RunnerModel(name=name, path=str(model), inputs=told.inputs, inputs_folder=str(folder))
    return Referenced(asked, read_outputs(told, folder))


def read_outputs(told: Outputs, folder: Path) -> list[npt.NDArray[np.generic]]:
    return [np.fromfile(folder / tensor.file, dtype=tensor.dtype).reshape(tensor.shape) for tensor in told.outputs]
