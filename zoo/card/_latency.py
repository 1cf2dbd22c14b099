"""Latency by target, with the honest note: whether sparse kernels ran there, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from zoo.card._blocks import NotMeasured, Table, table
from zoo.card._format import decimals, integer, intervals_in_words, milliseconds, plain, short, span
from zoo.card._names import file_label, in_order
from zoo.card._records import CardRecords
from zoo.records import LatencyRatio, ModelTiming, TargetResult
from zoo.spec import ModelSpec


@dataclass(frozen=True)
class TargetView:
    """One target. `verdict`: `sparse`, `dense` or `unknown`. `noise`: how far its numbers can be believed."""

    name: str
    runtime: str
    verdict: str
    how_known: str
    note: str
    noise: str
    timings: Table | NotMeasured
    ratios: Table | NotMeasured
    cold: Table | NotMeasured


@dataclass(frozen=True)
class LatencyView:
    """Targets that were measured, and those that were not, with the reason."""

    targets: list[TargetView]
    missing: list[NotMeasured]


def latency_view(spec: ModelSpec, records: CardRecords) -> LatencyView:
    """Every target of the spec, measured or not, and every further one that the bench record holds."""
    if records.bench is None:
        return LatencyView(
            [], [NotMeasured(f"Target {name}", "this build has no bench record") for name in spec.targets]
        )
    measured = [_target(result) for result in records.bench.targets]
    missing = [NotMeasured(f"Target {plain(failed.target)}", plain(failed.reason)) for failed in records.bench.failed]
    told = {result.target for result in records.bench.targets} | {failed.target for failed in records.bench.failed}
    missing += [NotMeasured(f"Target {name}", "the bench did not try it") for name in spec.targets if name not in told]
    return LatencyView(measured, missing)


def find_ratio(result: TargetResult, numerator: str, denominator: str) -> LatencyRatio | None:
    """The paired ratio of two files on one target."""
    pair = (numerator, denominator)
    return next((one for one in result.ratios if (one.numerator, one.denominator) == pair), None)


def _target(result: TargetResult) -> TargetView:
    threads = f"{integer(result.threads)} thread{'s' if result.threads != 1 else ''}"
    return TargetView(
        name=plain(result.target),
        runtime=f"{plain(result.runtime)}, version {plain(result.version)}, {threads}, on {_machine(result)}",
        verdict={True: "sparse", False: "dense", None: "unknown"}[result.engaged],
        how_known=plain(result.how_known),
        note=plain(result.note),
        noise=plain(result.noise.verdict) if result.noise else "Too little was measured to tell how noisy it was.",
        timings=_timings(result),
        ratios=_ratios(result),
        cold=_cold(result),
    )


def _machine(result: TargetResult) -> str:
    machine = result.machine
    governor = f", clock governor {plain(machine.governor)}" if machine.governor else ""
    return f"{plain(machine.cpu_model)}, {integer(machine.cores)} cores{governor}"


def _timings(result: TargetResult) -> Table | NotMeasured:
    if not result.timings:
        return NotMeasured(f"Latency on {plain(result.target)}", "no file was timed")
    rows = [
        (file_label(timing.name), *_timing_cells(timing), _parity(timing))
        for timing in in_order(result.timings, lambda timing: timing.name)
    ]
    columns = "File | #Median, ms | #10th to 90th percentile, ms | #n | Output against the host's"
    return table(f"Latency of a single inference on {plain(result.target)}", columns, rows)


def _timing_cells(timing: ModelTiming) -> tuple[str, str, str]:
    if timing.median_ms is None or timing.parity is None or not timing.parity.agrees:
        return "not timed", "not timed", integer(timing.n)
    if timing.p10_ms is None or timing.p90_ms is None:
        return milliseconds(timing.median_ms), "not measured", integer(timing.n)
    between = f"{milliseconds(timing.p10_ms)} to {milliseconds(timing.p90_ms)}"
    return milliseconds(timing.median_ms), between, integer(timing.n)


def _parity(timing: ModelTiming) -> str:
    note = f"; {plain(timing.note)}" if timing.note else ""
    if timing.parity is None:
        return f"no output to compare{note}"
    parity = timing.parity
    verdict = "agrees" if parity.agrees else "differs"
    return (
        f"{verdict}: at most {short(parity.max_abs_difference)} apart (tolerance {short(parity.tolerance)}, "
        f"values to {short(parity.output_magnitude)}){note}"
    )


def _ratios(result: TargetResult) -> Table | NotMeasured:
    if not result.ratios:
        return NotMeasured(f"Paired ratios on {plain(result.target)}", "no two files were timed together")
    rows = [
        (
            f"{file_label(one.numerator)} / {file_label(one.denominator)}",
            decimals(one.ratio),
            span(one.interval),
            integer(one.blocks),
            integer(one.sessions),
        )
        for one in result.ratios
    ]
    how = intervals_in_words(one.interval for one in result.ratios)
    columns = "Time of / time of | #Median ratio | #Interval | #Blocks | #Processes"
    return table(f"Paired ratios on {plain(result.target)}: below 1 is faster; intervals: {how}", columns, rows)


def _cold(result: TargetResult) -> Table | NotMeasured:
    started = [(timing.name, timing.cold) for timing in result.timings if timing.cold]
    if not started:
        return NotMeasured(f"Cold start on {plain(result.target)}", "no file was started afresh")
    rows = [
        (
            file_label(name),
            *(milliseconds(median(part)) for part in (cold.load_ms, cold.compile_ms, cold.first_ms)),
            milliseconds(cold.total.value),
            integer(cold.total.n),
            _mebibytes(cold.added_bytes),
            _mebibytes(cold.peak_bytes),
        )
        for name, cold in in_order(started, lambda one: one[0])
    ]
    columns = "File | #Load, ms | #Make ready, ms | #First inference, ms | #In all, ms | #Starts"
    columns += " | #Memory added, MiB | #Peak of the process, MiB"
    return table(f"Cold start in a fresh process on {plain(result.target)}, medians", columns, rows)


def _mebibytes(size: int | None) -> str:
    return "not read" if size is None else decimals(size / 2**20, 1)
