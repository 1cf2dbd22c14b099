"""Before any timing: does each model give the right outputs on this target, and which kernels does it run there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from zoo.bench._messages import Ready
from zoo.bench._once import CheckRun, ModelFailed, ReferenceRun, run_check
from zoo.bench._parity import REFERENCE_KERNELS, NamedArray, compare_outputs
from zoo.bench._sessions import Contender
from zoo.bench._target import Target
from zoo.errors import OutsideError
from zoo.progress import Ticker
from zoo.records import KernelCount, OutputParity

AT_ONCE = 2
"""Models that run side by side while nothing is timed."""


@dataclass
class Checked:
    """What is known of the models on one target before they are timed.

    `differing` and `failed` say, in a clause, why a model may not be timed; all others are in `agreeing`.
    """

    ready: Ready
    agreeing: dict[str, Contender] = field(default_factory=dict)
    differing: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    parity: dict[str, OutputParity | None] = field(default_factory=dict)
    kernels: list[KernelCount] = field(default_factory=list)


def check_models(
    references: Mapping[str, ReferenceRun | ModelFailed],
    *,
    target: Target,
    controls: Sequence[tuple[str, str]],
    folder: Path,
    picture: Path | None,
    ticker: Ticker,
) -> Checked:
    """Run every model once on `target`, and hold its outputs against the reference's.

    Where the target runs a whole pipeline, the outputs are not the model's own: then those of a sparse model are held
    against those of its twin among `controls`, and any other model must only give the same again after it was timed.

    Raises:
        OutsideError: the runtime did not start for any model.
    """
    runnable = {name: run for name, run in references.items() if isinstance(run, ReferenceRun)}
    runs: dict[str, CheckRun] = {}
    failures: dict[str, ModelFailed] = {}
    with ThreadPoolExecutor(1 if target.end_to_end else AT_ONCE) as pool:
        answers = pool.map(
            lambda name: run_check(name, runnable[name], target=target, folder=folder, picture=picture), runnable
        )
        for name, answer in zip(runnable, answers, strict=True):
            ticker.advance(note=f"parity of {name}")
            if isinstance(answer, ModelFailed):
                failures[name] = answer
            else:
                runs[name] = answer
    if not runs and any(not failure.runtime_started for failure in failures.values()):
        reason = next(failure.reason for failure in failures.values() if not failure.runtime_started)
        raise OutsideError(f"target {target.name}: {reason}; zoo doctor tells what it needs")
    ready = next((run.ready for run in runs.values()), Ready(event="ready", version="unknown"))
    checked = Checked(ready=ready, failed={name: failure.reason for name, failure in failures.items()})
    for name, reference in references.items():
        if isinstance(reference, ModelFailed):
            checked.failed[name] = f"LiteRT's reference kernels did not run it: {reference.reason}"
    for name, run in runs.items():
        expected: Sequence[NamedArray] = runnable[name].outputs
        source = REFERENCE_KERNELS
        if target.end_to_end:
            expected, source = _of_the_pipeline(name, runs, controls)
        _judge(name, run, runnable[name], expected, source, checked)
    return checked


def _of_the_pipeline(
    name: str, runs: Mapping[str, CheckRun], controls: Sequence[tuple[str, str]]
) -> tuple[Sequence[NamedArray], str]:
    """What a whole pipeline must answer with a model: what it answers with its twin, or the same again."""
    twin = next((twin for sparse, twin in controls if sparse == name and twin in runs), name)
    return runs[twin].outputs, "the same weights stored dense" if twin != name else "its first answer"


def _judge(
    name: str,
    run: CheckRun,
    reference: ReferenceRun,
    expected: Sequence[NamedArray],
    source: str,
    checked: Checked,
) -> None:
    comparison = compare_outputs(run.outputs, expected, source=source)
    checked.parity[name] = comparison.parity
    if run.kernels:
        checked.kernels.append(KernelCount(name=name, sparse=run.kernels.sparse, how=run.kernels.how))
    if comparison.reason:
        checked.differing[name] = comparison.reason
    else:
        checked.agreeing[name] = Contender(asked=reference.to_run(name), expected=expected)
