"""The paired design: sessions, each a fresh process that runs all models in turns, block after block in random order.

Turns divide out what slows the whole machine; sessions divide out what a process decides for its whole life, such as
where weights lie in memory. Kalibera and Jones, Rigorous Benchmarking in Reasonable Time (ISMM 2013), show why a run
must be repeated at the level that varies.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from zoo.bench._child import RunnerDiedError, RunnerProcess
from zoo.bench._messages import MOST_RUNS, AnyEvent, Block, Done, Finish, Loaded, Outputs, Ran, Run, RunnerModel, Timed
from zoo.bench._once import SEED, make_request, read_arrays
from zoo.bench._parity import NamedArray, compare_outputs
from zoo.bench._statistics import FEWEST_SESSIONS, BlockSamples
from zoo.bench._target import Target
from zoo.errors import OutsideError
from zoo.progress import Ticker

BLOCKS_PER_SESSION = 5
"""Few, as it is sessions that tell how much ratios vary: many short ones tell more than few long ones."""

BLOCK_SECONDS = 0.4
MOST_ROUNDS = 9
"""Runs of each model in a block. Their median shrugs off four that another process interrupted."""

BATCH_SECONDS = 0.1
MOST_WARM_UP_SECONDS = 1.5
SETTLED_WITHIN = 0.05
"""A model is warm when two batches in a row have medians this close, or when `MOST_WARM_UP_SECONDS` are over."""

ENERGY_SECONDS = 0.5

Stopped = Literal["narrow enough", "blocks done", "time limit", "interrupted"]
Wanted = TypeVar("Wanted", bound=AnyEvent)


@dataclass(frozen=True)
class Effort:
    """How long to measure: until every ratio's 95% interval is narrower than `width` times the ratio, or `seconds` end.

    `blocks`: this many blocks instead, whatever the width; `seconds` then count for nothing.
    """

    width: float = 0.02
    seconds: float = 50.0
    blocks: int | None = None
    cold_starts: int = 5


@dataclass(frozen=True)
class Contender:
    """A model to time, and the outputs that it must still give after it was timed."""

    asked: RunnerModel
    expected: Sequence[NamedArray]


@dataclass
class Taken:
    """What was measured. `sessions`: blocks by session, in each the milliseconds by model.

    `dropped` says of each model that fell out why, in a clause. `settled` counts the sessions in which a model was
    warm. `joules` are of single inferences.
    """

    sessions: list[list[BlockSamples]] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)
    settled: dict[str, int] = field(default_factory=dict)
    joules: dict[str, list[float]] = field(default_factory=dict)
    stopped: Stopped = "time limit"

    @property
    def blocks(self) -> int:
        """The number of blocks over all sessions."""
        return sum(len(session) for session in self.sessions)


def time_models(
    models: Mapping[str, Contender],
    *,
    target: Target,
    folder: Path,
    effort: Effort,
    narrow: Callable[[Taken], bool],
    energy: bool,
    picture: Path | None,
    ticker: Ticker,
) -> Taken:
    """Time models in sessions until `narrow` says that it is enough, or the effort is spent.

    If a process ends, the model at work is dropped and the others go on in the next session. Ctrl-C ends the timing and
    keeps what was measured; the caller sees it by `stopped`. `energy`: the target counts joules, so ask for them.
    `ticker` counts seconds, or blocks where these are given.

    Raises:
        OutsideError: the runner ended with no model at work.
    """
    taken = Taken()
    random = np.random.default_rng(SEED)
    begun = time.monotonic()
    try:
        while alive := {name: model for name, model in models.items() if name not in taken.dropped}:
            enough = _enough(taken, effort, time.monotonic() - begun, narrow)
            if enough:
                taken.stopped = enough
                break
            before = time.monotonic()
            _session(_Session(alive, target, folder, effort, energy, picture, taken, random, ticker))
            if effort.blocks is None:
                ticker.advance(time.monotonic() - before)
    except KeyboardInterrupt:
        taken.stopped = "interrupted"
    taken.sessions = [kept for session in taken.sessions if (kept := _without(session, taken.dropped))]
    return taken


def _without(session: Sequence[BlockSamples], dropped: Mapping[str, str]) -> list[BlockSamples]:
    return [{name: ms for name, ms in block.items() if name not in dropped} for block in session]


def _enough(taken: Taken, effort: Effort, seconds: float, narrow: Callable[[Taken], bool]) -> Stopped | None:
    if effort.blocks is not None:
        return "blocks done" if taken.blocks >= effort.blocks else None
    if len(taken.sessions) >= FEWEST_SESSIONS and narrow(taken):
        return "narrow enough"
    return "time limit" if seconds >= effort.seconds else None


@dataclass
class _Session:
    models: Mapping[str, Contender]
    target: Target
    folder: Path
    effort: Effort
    energy: bool
    picture: Path | None
    taken: Taken
    random: np.random.Generator
    ticker: Ticker

    def shuffled(self) -> list[str]:
        names = list(self.models)
        return [names[at] for at in self.random.permutation(len(names))]


def _session(session: _Session) -> None:
    loading = [session.models[name].asked for name in session.shuffled()]
    request = make_request("time", session.target, session.folder, loading, session.picture)
    try:
        with RunnerProcess(session.target, request) as runner:
            _until(runner, Loaded)
            _blocks(session, runner, _rounds(session, runner))
            if session.energy:
                _energy(session, runner)
            _last_check(session, runner)
    except RunnerDiedError as died:
        if died.model is None or died.model not in session.models:
            reason = f"target {session.target.name}: {died.reason}; the other targets are not affected"
            raise OutsideError(reason) from died
        session.taken.dropped[died.model] = f"it fell out while it was timed: {died.reason}"


def _until(runner: RunnerProcess, kind: type[Wanted]) -> Wanted:
    while not isinstance(event := runner.next_event(), kind):
        if isinstance(event, Done):
            raise RunnerDiedError("the runner ended before it was told to", model=None)
    return event


def _run(runner: RunnerProcess, name: str, runs: int) -> Ran:
    runner.command(Run(model=name, runs=runs))
    return _until(runner, Ran)


def _rounds(session: _Session, runner: RunnerProcess) -> int:
    """Warm every model up, and choose how many rounds fill a block."""
    round_ms = 0.0
    for name in session.shuffled():
        settled, median = _warm_up(runner, name)
        session.taken.settled[name] = session.taken.settled.get(name, 0) + settled
        round_ms += median
    return max(1, min(MOST_ROUNDS, int(1e3 * BLOCK_SECONDS / max(round_ms, 1e-3))))


def _warm_up(runner: RunnerProcess, name: str) -> tuple[bool, float]:
    """Whether the model settled, and the median of its last batch, milliseconds."""
    spent, runs, before = 0.0, 2, 0.0
    while True:
        taken = _run(runner, name, runs).ms
        spent += sum(taken)
        median = statistics.median(taken)
        settled = abs(median - before) <= SETTLED_WITHIN * median
        if settled or spent >= 1e3 * MOST_WARM_UP_SECONDS:
            return settled, median
        before = median
        runs = _runs_in(BATCH_SECONDS, median)


def _runs_in(seconds: float, ms: float) -> int:
    return max(2, min(MOST_RUNS, int(1e3 * seconds / max(ms, 1e-3))))


def _blocks(session: _Session, runner: RunnerProcess, rounds: int) -> None:
    blocks: list[BlockSamples] = []
    session.taken.sessions.append(blocks)
    for index in range(BLOCKS_PER_SESSION):
        if session.effort.blocks is not None and session.taken.blocks >= session.effort.blocks:
            return
        runner.command(Block(index=index, order=session.shuffled(), rounds=rounds))
        block: dict[str, list[float]] = {}
        while set(block) != set(session.models):
            timed = _until(runner, Timed)
            block[timed.model] = timed.ms
        blocks.append(block)
        if session.effort.blocks is not None:
            session.ticker.advance()


def _energy(session: _Session, runner: RunnerProcess) -> None:
    """Each model for half a second by itself, where the target counts joules: they cannot be told apart in a block."""
    block = session.taken.sessions[-1][-1]
    for name in session.shuffled():
        runs = _runs_in(ENERGY_SECONDS, statistics.median(block[name]))
        ran = _run(runner, name, runs)
        if ran.joules is not None:
            session.taken.joules.setdefault(name, []).append(ran.joules / runs)


def _last_check(session: _Session, runner: RunnerProcess) -> None:
    """The outputs once more, from the very process that was timed."""
    runner.command(Finish())
    while not isinstance(event := runner.next_event(), Done):
        if isinstance(event, Outputs):
            found = read_arrays(event.outputs, session.folder)
            after = compare_outputs(found, session.models[event.model].expected)
            if after.reason:
                session.taken.dropped[event.model] = f"after it was timed, {after.reason}"
