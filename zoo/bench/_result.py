"""What one target measured, as its record: times, ratios, the check of the noise, and whether sparse kernels ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zoo.bench._check import Checked
from zoo.bench._once import SEED
from zoo.bench._sessions import Taken
from zoo.bench._statistics import median_estimate, paired_ratio, percentiles
from zoo.bench._target import Target
from zoo.bench._verdict import judge_engagement
from zoo.machine import describe_machine
from zoo.records import ColdStart, Machine, ModelTiming, NoiseCheck, TargetResult

AGAIN = " (again)"
"""Marks the second copy of the model that is loaded twice."""

_DECIMALS = 4
"""Of a sample in milliseconds: a ten-thousandth, below what any clock here resolves."""


def target_result(
    target: Target,
    checked: Checked,
    taken: Taken,
    cold: Mapping[str, ColdStart],
    *,
    names: Sequence[str],
    wanted: Sequence[tuple[str, str]],
    controls: Sequence[tuple[str, str]],
    same: tuple[str, str] | None,
    seconds: float,
) -> TargetResult:
    """Everything that is known of the models `names` on one target."""
    machine = _machine(checked)
    ratios = [
        ratio
        for numerator, denominator in wanted
        if (ratio := paired_ratio(taken.sessions, numerator=numerator, denominator=denominator, seed=SEED))
    ]
    engagement = judge_engagement(target, machine, checked.kernels, ratios, controls=controls)
    return TargetResult(
        target=target.name,
        runtime=target.runtime,
        version=checked.ready.version,
        threads=target.threads,
        machine=machine,
        engaged=engagement.engaged,
        how_known=engagement.how_known,
        note=" ".join(filter(None, (target.note, checked.ready.about))),
        timings=[_timing(name, checked, taken, cold.get(name)) for name in names],
        ratios=ratios,
        kernels=checked.kernels,
        noise=_noise(same, checked, taken) if same else None,
        stopped=taken.stopped,
        energy=checked.ready.energy,
        seconds=round(seconds, 1),
    )


def _machine(checked: Checked) -> Machine:
    told = checked.ready.machine
    if told is None:
        return describe_machine()
    return Machine(
        system=told.system,
        arch=told.arch,
        cpu_model=told.cpu_model,
        cores=told.cores,
        has_avx="avx" in told.flags,
        memory_gib=told.memory_gib,
        flags=told.flags,
        governor=told.governor,
    )


def _timing(name: str, checked: Checked, taken: Taken, cold: ColdStart | None) -> ModelTiming:
    differs = checked.differing.get(name)
    failed = checked.failed.get(name) or taken.dropped.get(name)
    reason = differs or failed
    samples = [[_rounded(block.get(name, ())) for block in session] for session in taken.sessions] if not reason else []
    flat = [sample for session in samples for block in session for sample in block]
    low, middle, high = percentiles(flat) if flat else (None, None, None)
    joules = taken.joules.get(name, [])
    return ModelTiming(
        name=name,
        outcome="differs" if differs else "failed" if failed else "timed",
        parity=checked.parity.get(name),
        samples_ms=samples,
        median_ms=middle,
        p10_ms=low,
        p90_ms=high,
        n=len(flat),
        settled=taken.settled.get(name, 0),
        cold=cold,
        joules=median_estimate(joules, seed=SEED) if joules else None,
        note=f"Not timed: {reason}." if reason else None,
    )


def _rounded(samples: Sequence[float]) -> list[float]:
    return [round(sample, _DECIMALS) for sample in samples]


def _noise(same: tuple[str, str], checked: Checked, taken: Taken) -> NoiseCheck | None:
    again, first = same
    ratio = paired_ratio(taken.sessions, numerator=again, denominator=first, seed=SEED)
    if ratio is None:
        return None
    low, high = ratio.interval.low, ratio.interval.high
    noisy = not low <= 1.0 <= high
    figure = f"{first} against itself: {ratio.ratio:.3f} ({low:.3f} to {high:.3f})"
    verdict = f"{figure}, so differences of that size mean nothing"
    if noisy:
        verdict = f"{figure} does not contain 1: something disturbed this run, or it is the one quiet run in twenty"
    return NoiseCheck(ratio=ratio, again=_timing(again, checked, taken, None), noisy=noisy, verdict=f"{verdict}.")
