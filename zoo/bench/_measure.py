"""Latency of several models on several targets: parity first, then the paired design, then ratios and the verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from zoo.bench._blocks import TimedBlocks, time_models
from zoo.bench._once import SEED, ModelFailed, ReferenceRun, run_check, run_reference
from zoo.bench._parity import compare_outputs
from zoo.bench._statistics import FEWEST_BLOCKS, paired_ratio, percentiles
from zoo.bench._targets import Target, check_target_name, host_target, prepare_target
from zoo.bench._verdict import judge_engagement
from zoo.errors import InputError, OutsideError
from zoo.progress import Progress, Ticker
from zoo.records import FailedTarget, LatencyRatio, ModelTiming, OutputParity, TargetResult

SPARSE_AND_TWIN = (("sparse", "twin"),)
"""The names of a build: its sparse file, and the same graph and weights stored dense."""

_AT_ONCE = 2
"""Models that run side by side while nothing is timed."""


@dataclass(frozen=True)
class BenchResult:
    """What each target measured, and the targets that could not run."""

    targets: list[TargetResult]
    failed: list[FailedTarget]


@dataclass
class _OnTarget:
    """What is known of the models on one target, while it is found out."""

    parity: dict[str, OutputParity | None] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    version: str = ""


def measure(
    models: Mapping[str, Path],
    *,
    targets: Sequence[str],
    ratios: Sequence[tuple[str, str]],
    blocks: int,
    progress: Progress,
    controls: Sequence[tuple[str, str]] = SPARSE_AND_TWIN,
) -> BenchResult:
    """Time `models` on `targets`, one thread each, interleaved in `blocks` blocks of a random order.

    Before any timing, each model's output on seeded random input is held against LiteRT's reference kernels on this
    machine, which use no delegate; a model that does not agree is not timed, and its record says why. `ratios` are
    (numerator, denominator) pairs of model names. `controls` are pairs of a sparse model and its densified twin, which
    tell whether sparse kernels ran; pairs with a name that `models` lacks are left out. A target that cannot run is
    reported and does not stop the others.

    Raises:
        InputError: an unknown target or name, a missing file, or too few blocks for an interval.
    """
    _check_request(models, targets, ratios, blocks)
    known = [pair for pair in controls if set(pair) <= set(models)]
    wanted = list(dict.fromkeys([*ratios, *known]))
    result = BenchResult(targets=[], failed=[])
    with tempfile.TemporaryDirectory(prefix="zoo-bench-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        try:
            references = _run_references(models, folder, progress)
        except OutsideError as error:
            result.failed.extend(FailedTarget(target=name, reason=str(error)) for name in targets)
            return result
        for name in targets:
            try:
                with progress.task(f"bench on {name}", len(models) + blocks) as ticker:
                    target = prepare_target(name)
                    result.targets.append(_measure_on(target, references, wanted, known, blocks, folder, ticker))
            except OutsideError as error:
                result.failed.append(FailedTarget(target=name, reason=str(error)))
    return result


def _check_request(
    models: Mapping[str, Path], targets: Sequence[str], ratios: Sequence[tuple[str, str]], blocks: int
) -> None:
    for target in targets:
        check_target_name(target)
    for name, path in models.items():
        if not path.is_file():
            raise InputError(f"{path}, the model '{name}', is not a file; name a .tflite file")
    for name in dict.fromkeys(name for pair in ratios for name in pair):
        if name not in models:
            raise InputError(f"a ratio names '{name}', which is not among the models {', '.join(models)}")
    if blocks < FEWEST_BLOCKS:
        raise InputError(f"blocks is {blocks}; an interval needs {FEWEST_BLOCKS} or more")


def _run_references(
    models: Mapping[str, Path], folder: Path, progress: Progress
) -> dict[str, ReferenceRun | ModelFailed]:
    host = host_target()
    references: dict[str, ReferenceRun | ModelFailed] = {}
    with progress.task("bench: reference outputs", len(models)) as ticker, ThreadPoolExecutor(_AT_ONCE) as pool:
        runs = pool.map(lambda name: run_reference(name, models[name], host=host, folder=folder), models)
        for name, run in zip(models, runs, strict=True):
            references[name] = run
            ticker.advance()
    failures = [run for run in references.values() if isinstance(run, ModelFailed)]
    if len(failures) == len(references) and not any(run.runtime_started for run in failures):
        raise OutsideError(f"LiteRT did not start on this machine ({failures[0].reason}); reinstall ai-edge-litert")
    return references


def _measure_on(
    target: Target,
    references: Mapping[str, ReferenceRun | ModelFailed],
    wanted: Sequence[tuple[str, str]],
    controls: Sequence[tuple[str, str]],
    blocks: int,
    folder: Path,
    ticker: Ticker,
) -> TargetResult:
    state = _OnTarget()
    agreeing = _agreeing(target, references, folder, state, ticker)
    timed = TimedBlocks(blocks=(), dropped={})
    if agreeing:
        exchange = Path(tempfile.mkdtemp(dir=folder))
        timed = time_models(agreeing, target=target, folder=exchange, blocks=blocks, ticker=ticker)
    state.notes.update({name: f"Not timed: {reason}." for name, reason in timed.dropped.items()})
    ratios = [
        ratio
        for numerator, denominator in wanted
        if (ratio := paired_ratio(timed.blocks, numerator=numerator, denominator=denominator, seed=SEED))
    ]
    return _result(target, references, state, timed, ratios, controls)


def _agreeing(
    target: Target,
    references: Mapping[str, ReferenceRun | ModelFailed],
    folder: Path,
    state: _OnTarget,
    ticker: Ticker,
) -> dict[str, ReferenceRun]:
    """The models that may be timed; parity, notes and the runtime's version go to `state`.

    Raises:
        OutsideError: the runtime did not start for any model.
    """
    runnable = {name: run for name, run in references.items() if isinstance(run, ReferenceRun)}
    for name, reference in references.items():
        if isinstance(reference, ModelFailed):
            state.notes[name] = f"Not timed: LiteRT's reference kernels did not run it: {reference.reason}."
    agreeing: dict[str, ReferenceRun] = {}
    silent: list[str] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        runs = pool.map(lambda name: run_check(name, runnable[name], target=target, folder=folder), runnable)
        for name, run in zip(runnable, runs, strict=True):
            ticker.advance(note=f"parity of {name}")
            if isinstance(run, ModelFailed):
                state.notes[name] = f"Not timed: {run.reason}."
                silent += [] if run.runtime_started else [run.reason]
                continue
            state.version = run.version
            comparison = compare_outputs(run.outputs, runnable[name].outputs)
            state.parity[name] = comparison.parity
            if comparison.reason:
                state.notes[name] = f"Not timed: {comparison.reason}."
            else:
                agreeing[name] = runnable[name]
    if silent and not state.version:
        raise OutsideError(f"target {target.name}: the runtime did not start ({silent[0]}); run zoo doctor")
    return agreeing


def _result(
    target: Target,
    references: Mapping[str, ReferenceRun | ModelFailed],
    state: _OnTarget,
    timed: TimedBlocks,
    ratios: list[LatencyRatio],
    controls: Sequence[tuple[str, str]],
) -> TargetResult:
    engagement = judge_engagement(target, ratios, controls=controls)
    return TargetResult(
        target=target.name,
        runtime=target.runtime,
        version=state.version or "unknown",
        threads=1,
        engaged=engagement.engaged,
        how_known=engagement.how_known,
        note=target.note,
        timings=[_timing(name, state, timed) for name in references],
        ratios=ratios,
    )


def _timing(name: str, state: _OnTarget, timed: TimedBlocks) -> ModelTiming:
    samples = [sample for block in timed.blocks for sample in block.get(name, ())]
    low, middle, high = percentiles(samples) if samples else (None, None, None)
    return ModelTiming(
        name=name,
        parity=state.parity.get(name),
        samples_ms=samples,
        median_ms=middle,
        p10_ms=low,
        p90_ms=high,
        n=len(samples),
        note=state.notes.get(name),
    )
