"""The paired design: all models in one process, block after block in a random order; a model that crashes drops out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zoo.bench._child import RunnerDiedError, RunnerProcess
from zoo.bench._once import SEED, ReferenceRun, make_request, read_arrays
from zoo.bench._parity import compare_outputs
from zoo.bench._protocol import Block, Outputs, Timed
from zoo.bench._statistics import BlockSamples
from zoo.bench._targets import Target
from zoo.errors import OutsideError
from zoo.progress import Ticker


@dataclass(frozen=True)
class TimedBlocks:
    """Samples in milliseconds by block and model; `dropped` says of each model that fell out why, in a clause."""

    blocks: tuple[BlockSamples, ...]
    dropped: Mapping[str, str]


@dataclass
class _Taken:
    """What has been measured so far, over restarts of the runner."""

    blocks: dict[int, dict[str, list[float]]] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)


def random_order(names: list[str], blocks: int) -> list[Block]:
    """`blocks` random orders of the models, the same ones every time."""
    random = np.random.default_rng(SEED)
    return [Block(index=index, order=[names[at] for at in random.permutation(len(names))]) for index in range(blocks)]


def time_models(
    models: Mapping[str, ReferenceRun], *, target: Target, folder: Path, blocks: int, ticker: Ticker
) -> TimedBlocks:
    """Time models whose outputs agree; check their outputs once more in the very process that timed them.

    If the process ends, the model at work is dropped and the others go on in a new one with the blocks that are left.

    Raises:
        OutsideError: the runner ended with no model at work.
    """
    taken = _Taken()
    order = random_order(list(models), blocks)
    while alive := [name for name in models if name not in taken.dropped]:
        left = [
            Block(index=block.index, order=[name for name in block.order if name in alive])
            for block in order
            if not set(alive) <= set(taken.blocks.get(block.index, ()))
        ]
        try:
            _run({name: models[name] for name in alive}, target, folder, left, taken, ticker)
            break
        except RunnerDiedError as died:
            if died.model not in alive:
                raise OutsideError(f"target {target.name}: {died.reason}; the other targets are not affected") from died
            taken.dropped[died.model] = f"it fell out while it was timed: {died.reason}"
    kept = [
        {name: samples for name, samples in taken.blocks[index].items() if name not in taken.dropped}
        for index in sorted(taken.blocks)
    ]
    return TimedBlocks(blocks=tuple(kept), dropped=taken.dropped)


def _run(
    models: Mapping[str, ReferenceRun],
    target: Target,
    folder: Path,
    left: list[Block],
    taken: _Taken,
    ticker: Ticker,
) -> None:
    asked = [reference.to_run(name) for name, reference in models.items()]
    with RunnerProcess(target.command, make_request("time", target, folder, asked, left)) as runner:
        for event in runner.events():
            if isinstance(event, Timed):
                block = taken.blocks.setdefault(event.block, {})
                block[event.model] = list(event.ms)
                if set(models) <= set(block):
                    ticker.advance()
            elif isinstance(event, Outputs):
                after = compare_outputs(read_arrays(event.outputs, folder), models[event.model].outputs)
                if after.reason:
                    taken.dropped[event.model] = f"after it was timed, {after.reason}"
