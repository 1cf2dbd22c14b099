"""The workers of a training, as `TF_CONFIG` names them (tf.distribute.cluster_resolver.TFConfigClusterResolver)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zoo.errors import InputError, OutsideError

VARIABLE = "TF_CONFIG"
EXAMPLE = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'
MOST_WORKERS = 256
LARGEST_CONFIG = 64 * 1024
LONGEST_WAIT_FOR_CHIEF = 3600.0
"""Seconds for which a worker waits for the chief, which may be busy with stages that this one had stored."""

Address = Annotated[str, Field(pattern=r"^[^\s:/]+:[0-9]{1,5}$", max_length=300)]


@dataclass(frozen=True)
class Cluster:
    """`workers`: their addresses, `host:port`; this process is number `index`. Number 0 is the chief."""

    workers: tuple[str, ...]
    index: int

    @property
    def chief(self) -> str:
        """The address of the worker that keeps checkpoints, logs and weights."""
        return self.workers[0]

    @property
    def is_chief(self) -> bool:
        return self.index == 0


class _Workers(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    worker: list[Address] = Field(min_length=1, max_length=MOST_WORKERS)


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    type: Literal["worker"]
    index: int = Field(ge=0)


class _Config(BaseModel):
    """Keys beside `cluster` and `task` are other tools' own."""

    model_config = ConfigDict(strict=True)
    cluster: _Workers
    task: _Task


def read_cluster(environment: Mapping[str, str] = os.environ) -> Cluster:
    """Read `TF_CONFIG`. Raises InputError where it is not set or does not name this worker among the workers."""
    text = environment.get(VARIABLE, "")
    if not text:
        raise InputError(f"distribution multi_worker needs {VARIABLE}; set it on each worker, such as {EXAMPLE}.")
    if len(text) > LARGEST_CONFIG:
        raise InputError(f"{VARIABLE} is {len(text)} characters long; name the workers, such as {EXAMPLE}.")
    try:
        config = _Config.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise InputError(f"{VARIABLE} is wrong at {place} ({first['msg']}); write it like {EXAMPLE}.") from error
    workers, index = config.cluster.worker, config.task.index
    if len(set(workers)) != len(workers):
        raise InputError(f"{VARIABLE} names a worker twice; give each an address of its own.")
    if index >= len(workers):
        raise InputError(f"{VARIABLE} says that this is worker {index} of {len(workers)}; indices start at 0.")
    return Cluster(workers=tuple(workers), index=index)


def answers(address: str) -> bool:
    """Whether something listens at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def wait_for_chief(chief: str, *, seconds: float = LONGEST_WAIT_FOR_CHIEF) -> None:
    """Return once the chief listens. Raises OutsideError where it does not within `seconds`.

    TensorFlow would wait for ever for a chief that has the training stored and never comes to it.
    """
    end = time.monotonic() + seconds
    while not answers(chief):
        if time.monotonic() > end:
            raise OutsideError(
                f"No chief came to {chief} within {seconds / 60:.3g} minutes; if its build has the training stored "
                "already, this worker is not needed, else start all of them again."
            )
        time.sleep(0.5)
