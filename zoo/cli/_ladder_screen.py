"""The last screen of `zoo ladder`: a row for each file, and how each target was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cli._output import person, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from zoo.records import CombinationsRecord, LadderFile, LadderRecord, LatencyRatio, TargetResult, TimedTogether


def show_ladder(record: LadderRecord, folder: Path) -> None:
    """Print the ladder: sizes, ratios on each target, quality where there is any."""
    console = person()
    console.print(f"{record.model}: {record.title}")
    console.print(f"starts from {record.start}; rungs: {_kind(record)}")
    for precision in dict.fromkeys(file.precision for file in record.files):
        _show_precision(console, record, precision)
    _show_targets(console, record.timings)
    for sentence in (*record.left_out, *record.limits):
        console.print(sentence)
    console.print(f"Record, table, figures and files: {folder}")


def _kind(record: LadderRecord) -> str:
    return "each trained" if record.pruning == "trained" else "pruned in one shot, not trained"


def _show_precision(console: Console, record: LadderRecord, precision: str) -> None:
    files = [file for file in record.files if file.precision == precision]
    targets = [target for together in record.timings if together.name == precision for target in together.targets]
    names = [target.target for target in targets]
    scored = ["F-score"] if record.quality else []
    columns = ["file", "zeros", "bytes", "gzip", *(f"{name}, time / dense" for name in names), *scored, "rules say"]
    rows = table(*columns, right=("zeros", "bytes", "gzip"))
    for file in files:
        ratios = (describe_ratio(_ratio(target, file.name, files[0].name)) for target in targets)
        score = [_f_score(record, file)] if record.quality else []
        sizes = (f"{file.zeros:.1%}", f"{file.file.bytes:,}", f"{file.gzip_bytes:,}")
        rows.add_row(file.name, *sizes, *ratios, *score, "sparse" if file.verdict.sparse else "dense")
    console.print(rows)


def _ratio(target: TargetResult, numerator: str, denominator: str) -> LatencyRatio | None:
    pairs = ((ratio.numerator, ratio.denominator) for ratio in target.ratios)
    return next((r for r, pair in zip(target.ratios, pairs, strict=True) if pair == (numerator, denominator)), None)


def describe_ratio(ratio: LatencyRatio | None) -> str:
    """A ratio with its interval, such as '0.382 (0.380 to 0.385)'; '-' where it was not measured."""
    if ratio is None:
        return "-"
    return f"{ratio.ratio:.3f} ({ratio.interval.low:.3f} to {ratio.interval.high:.3f})"


def _f_score(record: LadderRecord, file: LadderFile) -> str:
    variants = record.quality.variants if record.quality else []
    score = next((one.metrics.get("f_score") for one in variants if one.name == file.name), None)
    return "-" if score is None else f"{score.value:.3f}"


def show_combinations(record: CombinationsRecord, folder: Path) -> None:
    """Print the combinations: sizes against dense, ratios on each target, what the rules say."""
    console = person()
    console.print(f"{record.model}: {record.title}")
    columns = ("combination", "zeros", "dense", "sparse", "dense gzip", "sparse gzip", "stored sparse", "rules say")
    sizes = table(*columns, right=columns[2:6])
    for one in record.combinations:
        sizes.add_row(
            one.title,
            f"{one.zeros:.0%}, {one.pattern}",
            f"{one.dense.bytes:,}",
            f"{one.file.bytes:,}",
            f"{one.dense_gzip_bytes:,}",
            f"{one.gzip_bytes:,}",
            f"{one.stored_sparse} of {one.kernels}",
            "sparse" if one.verdict.sparse else "dense",
        )
    console.print(sizes)
    for one in record.combinations:
        kept = f" Stored dense: {one.kept}." if one.kept else ""
        console.print(f"{one.title}: {one.verdict.summary}{kept}")
    times = table("combination", "target", "time / its dense twin", "time / float16 dense")
    for together in record.timings:
        for target in together.targets:
            for one in record.combinations:
                _add_times(times, target, one.name, one.title)
    console.print(times)
    _show_targets(console, record.timings)
    for sentence in record.limits:
        console.print(sentence)
    console.print(f"Record and files: {folder}")


def _add_times(times: Table, target: TargetResult, name: str, title: str) -> None:
    if all(timing.name != name for timing in target.timings):
        return
    ratios = {ratio.denominator.endswith("-twin"): ratio for ratio in target.ratios if ratio.numerator == name}
    cells = (describe_ratio(ratios.get(twin)) for twin in (True, False))
    times.add_row(title, target.target, *cells)


def _show_targets(console: Console, timings: Sequence[TimedTogether]) -> None:
    for together in timings:
        for target in together.targets:
            noisy = f" {target.noise.verdict}" if target.noise is not None and target.noise.noisy else ""
            console.print(
                f"{together.name} on {target.target}: {target.runtime} {target.version}, {target.threads} thread; "
                f"{target.how_known}{noisy}"
            )
            for timing in target.timings:
                if timing.note:
                    console.print(f"{timing.name} on {target.target}: {timing.note}")
        for failed in together.failed:
            console.print(f"{together.name} on {failed.target}: not measured, {failed.reason}")
