"""How a bench of files is shown to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.cli._output import person, table

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.records import BenchRecord, ColdStart, ModelTiming, TargetResult


def show_measured(measured: BenchRecord) -> None:
    """Sizes, then each target: times, ratios, cold starts, and how far the numbers can be believed."""
    console = person()
    for size in measured.sizes:
        console.print(f"{size.name}: {size.file.bytes:,} bytes ({size.gzip_bytes:,} after gzip)")
    for target in measured.targets:
        _show(console, target)
    for failed in measured.failed:
        console.print(f"\n{failed.target}: not measured, {failed.reason}")
    if measured.interrupted:
        console.print("\nStopped: this is a part of what was asked.")


def _show(console: Console, target: TargetResult) -> None:
    threads = f"{target.threads} thread{'s' if target.threads > 1 else ''}"
    console.print(f"\n{target.target}: {target.runtime}, {target.version}, {threads}", style="bold")
    console.print(_machine(target))
    rows = table("model", "median ms", "p10", "p90", "n", "note", right=("median ms", "p10", "p90", "n"))
    for timing in target.timings:
        times = ["-" if value is None else f"{value:.2f}" for value in (timing.median_ms, timing.p10_ms, timing.p90_ms)]
        rows.add_row(timing.name, *times, str(timing.n), timing.note or "")
    console.print(rows)
    if target.ratios:
        ratios = table("time of / time of", "ratio", "95% interval", "blocks", "sessions", right=("ratio", "blocks"))
        for ratio in target.ratios:
            interval = f"{ratio.interval.low:.3f} to {ratio.interval.high:.3f}"
            names = f"{ratio.numerator} / {ratio.denominator}"
            ratios.add_row(names, f"{ratio.ratio:.3f}", interval, str(ratio.blocks), str(ratio.sessions))
        console.print(ratios)
    _show_cold(console, target)
    engaged = {True: "yes", False: "no", None: "not known"}[target.engaged]
    console.print(f"sparse kernels ran: {engaged}. {target.how_known}")
    if target.noise:
        noisy = target.noise.noisy
        console.print(f"{'noisy' if noisy else 'noise'}: {target.noise.verdict}", style="red" if noisy else None)
    console.print(f"timing ended: {target.stopped}, after {target.seconds:.0f} s in all")
    if target.note:
        console.print(target.note)


def _machine(target: TargetResult) -> str:
    machine = target.machine
    governor = f", governor {machine.governor}" if machine.governor else ""
    flags = f" ({' '.join(machine.flags)})" if machine.flags else ""
    return f"{machine.cpu_model}, {machine.cores} cores{flags}{governor}"


def _show_cold(console: Console, target: TargetResult) -> None:
    started = [(timing, timing.cold) for timing in target.timings if timing.cold]
    if not started:
        return
    energy = any(timing.joules for timing in target.timings)
    columns = ["cold start", "load ms", "ready ms", "first ms", "in all ms", "n", "memory added", "peak"]
    columns += ["mJ each"] if energy else []
    rows = table(*columns, right=tuple(columns[1:]))
    for timing, cold in started:
        rows.add_row(timing.name, *_cold_cells(cold), *([_millijoules(timing)] if energy else []))
    console.print(rows)


def _cold_cells(cold: ColdStart) -> list[str]:
    from statistics import median

    parts = [f"{median(part):.1f}" for part in (cold.load_ms, cold.compile_ms, cold.first_ms)]
    memory = ["-" if size is None else f"{size / 2**20:.1f} MiB" for size in (cold.added_bytes, cold.peak_bytes)]
    return [*parts, f"{cold.total.value:.1f}", str(cold.total.n), *memory]


def _millijoules(timing: ModelTiming) -> str:
    return f"{1e3 * timing.joules.value:.2f}" if timing.joules else "-"
