"""Latency of several models on several targets: parity first, then cold starts, the paired design, and the verdict."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from zoo.bench._check import AT_ONCE, check_models
from zoo.bench._cold import time_cold_starts
from zoo.bench._once import SEED, ModelFailed, ReferenceRun, run_reference
from zoo.bench._result import AGAIN, target_result
from zoo.bench._sessions import Contender, Effort, Taken, time_models
from zoo.bench._statistics import FEWEST_BLOCKS, narrow_enough, paired_ratio
from zoo.bench._target import Target
from zoo.bench._targets import check_target_name, host_target, prepare_target
from zoo.errors import InputError, OutsideError
from zoo.progress import Progress
from zoo.records import FailedTarget, TargetResult

SPARSE_AND_TWIN = (("sparse", "twin"),)
"""The names of a build: its sparse file, and the same graph and weights stored dense."""

Pair = tuple[str, str]


@dataclass
class BenchResult:
    """What each target measured, and the targets that could not run; `interrupted` by Ctrl-C, it is a part."""

    targets: list[TargetResult] = field(default_factory=list)
    failed: list[FailedTarget] = field(default_factory=list)
    interrupted: bool = False


def measure(
    models: Mapping[str, Path],
    *,
    targets: Sequence[str],
    ratios: Sequence[Pair],
    progress: Progress,
    effort: Effort | None = None,
    controls: Sequence[Pair] = SPARSE_AND_TWIN,
    picture: Path | None = None,
) -> BenchResult:
    """Time `models` on `targets`: in sessions of interleaved blocks, until the ratios' intervals are narrow.

    Before any timing, each model's output on seeded random input is held against LiteRT's reference kernels on this
    machine, which use no delegate; a model that does not agree is not timed, and its record says why. `ratios` are
    (numerator, denominator) pairs of model names. `controls` are pairs of a sparse model and its densified twin, which
    tell whether sparse kernels gain; pairs with a name that `models` lacks are left out. `picture`: what targets run
    on that time a whole pipeline. A target that cannot run is reported and does not stop the others. After Ctrl-C the
    result holds what was measured until then.

    Raises:
        InputError: an unknown target or name, a missing file, or too few blocks for an interval.
    """
    effort = effort or Effort()
    _check_request(models, targets, ratios, effort, picture)
    known = [pair for pair in controls if set(pair) <= set(models)]
    result = BenchResult()
    with tempfile.TemporaryDirectory(prefix="zoo-bench-", ignore_cleanup_errors=True) as made:
        job = _Job(Path(made), list(dict.fromkeys([*ratios, *known])), known, effort, picture, progress)
        try:
            references = _run_references(models, job)
            for at, name in enumerate(targets):
                _measure_one(name, references, job, result)
                if result.interrupted:
                    result.failed.extend(
                        FailedTarget(target=left, reason="stopped before it") for left in targets[at + 1 :]
                    )
                    break
        except OutsideError as error:
            result.failed.extend(FailedTarget(target=name, reason=str(error)) for name in targets)
    return result


@dataclass(frozen=True)
class _Job:
    """What all targets share. `wanted`: the pairs of models to compare, `controls` those among them of a twin."""

    folder: Path
    wanted: list[Pair]
    controls: list[Pair]
    effort: Effort
    picture: Path | None
    progress: Progress


def _check_request(
    models: Mapping[str, Path], targets: Sequence[str], ratios: Sequence[Pair], effort: Effort, picture: Path | None
) -> None:
    for target in targets:
        check_target_name(target)
    for name, path in models.items():
        if not path.is_file():
            raise InputError(f"{path}, the model '{name}', is not a file; name a .tflite file")
    for name in dict.fromkeys(name for pair in ratios for name in pair):
        if name not in models:
            raise InputError(f"a ratio names '{name}', which is not among the models {', '.join(models)}")
    if effort.blocks is not None and effort.blocks < FEWEST_BLOCKS:
        raise InputError(f"blocks is {effort.blocks}; an interval needs {FEWEST_BLOCKS} or more")
    if picture is not None and not picture.is_file():
        raise InputError(f"{picture} is not a file; name a picture")


def _run_references(models: Mapping[str, Path], job: _Job) -> dict[str, ReferenceRun | ModelFailed]:
    host = host_target()
    references: dict[str, ReferenceRun | ModelFailed] = {}
    with job.progress.task("bench: reference outputs", len(models)) as ticker, ThreadPoolExecutor(AT_ONCE) as pool:
        runs = pool.map(lambda name: run_reference(name, models[name], host=host, folder=job.folder), models)
        for name, run in zip(models, runs, strict=True):
            references[name] = run
            ticker.advance()
    failures = [run for run in references.values() if isinstance(run, ModelFailed)]
    if len(failures) == len(references) and not any(run.runtime_started for run in failures):
        raise OutsideError(f"LiteRT did not start on this machine ({failures[0].reason}); reinstall ai-edge-litert")
    return references


def _measure_one(
    name: str, references: Mapping[str, ReferenceRun | ModelFailed], job: _Job, result: BenchResult
) -> None:
    try:
        measured = measure_on(prepare_target(name), references, job)
        result.targets.append(measured)
        result.interrupted = measured.stopped == "interrupted"
    except OutsideError as error:
        result.failed.append(FailedTarget(target=name, reason=str(error)))
    except KeyboardInterrupt:
        result.failed.append(FailedTarget(target=name, reason="stopped before anything was timed"))
        result.interrupted = True


def measure_on(target: Target, references: Mapping[str, ReferenceRun | ModelFailed], job: _Job) -> TargetResult:
    """All that one target measures.

    Raises:
        OutsideError: the target does not run.
    """
    begun = time.monotonic()
    with job.progress.task(f"{target.name}: outputs", len(references)) as ticker:
        checked = check_models(
            references,
            target=target,
            controls=job.controls,
            folder=job.folder,
            picture=job.picture,
            ticker=ticker,
        )
    runs = {name: run for name in checked.agreeing if isinstance(run := references[name], ReferenceRun)}
    starts = job.effort.cold_starts
    with job.progress.task(f"{target.name}: cold starts", starts * len(runs)) as ticker:
        cold = time_cold_starts(
            runs, target=target, starts=starts, folder=job.folder, picture=job.picture, ticker=ticker
        )
    taken = Taken()
    same = _same_pair(checked.agreeing, job.wanted)
    if same:
        taken = _time(target, checked.agreeing, same, job, energy=not checked.ready.energy)
    return target_result(
        target,
        checked,
        taken,
        cold,
        names=list(references),
        wanted=job.wanted,
        controls=job.controls,
        same=same,
        seconds=time.monotonic() - begun,
    )


def _same_pair(agreeing: Mapping[str, Contender], wanted: Sequence[Pair]) -> Pair | None:
    """The second copy and the model that is loaded twice: what most others are compared with."""
    first = [name for _, name in wanted if name in agreeing] or list(agreeing)
    return (f"{first[0]}{AGAIN}", first[0]) if first else None


def _time(target: Target, agreeing: Mapping[str, Contender], same: Pair, job: _Job, *, energy: bool) -> Taken:
    again, first = same
    copy = agreeing[first]
    models = {**agreeing, again: Contender(copy.asked.model_copy(update={"name": again}), copy.expected)}
    pairs = [*[pair for pair in job.wanted if set(pair) <= set(models)], same]

    def narrow(taken: Taken) -> bool:
        return all(
            narrow_enough(
                paired_ratio(taken.sessions, numerator=numerator, denominator=denominator, seed=SEED), job.effort.width
            )
            for numerator, denominator in pairs
            if not {numerator, denominator} & set(taken.dropped)
        )

    total = job.effort.seconds if job.effort.blocks is None else job.effort.blocks
    exchange = Path(tempfile.mkdtemp(dir=job.folder))
    with job.progress.task(f"{target.name}: timing, at most", total) as ticker:
        return time_models(
            models,
            target=target,
            folder=exchange,
            effort=job.effort,
            narrow=narrow,
            energy=energy,
            picture=job.picture,
            ticker=ticker,
        )
