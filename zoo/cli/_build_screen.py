"""The last screen of `zoo build`: what was made, how it compares, whether it may be published, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.cli._output import person, table
from zoo.cli._progress import describe_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from zoo.pipeline import BuildResult, BuiltModel
    from zoo.records import GateResult

TITLES = {
    "dense": "dense (this build, before pruning)",
    "sparse": "sparse (this build)",
    "twin": "sparse, stored dense (control)",
    "published_dense": "published dense (what users run)",
    "published_sparse": "published sparse",
}


def show_build(result: BuildResult) -> None:
    """Print the last screen."""
    console = person()
    console.print(_what_ran(result))
    _show_pictures(console, result)
    _show_comparison(console, result)
    _show_gates(console, result)
    _show_files(console, result)


def _what_ran(result: BuildResult) -> str:
    ran = [outcome for outcome in result.outcomes if outcome.ran]
    if not ran:
        return f"{result.model}: nothing changed, nothing to do."
    seconds = describe_seconds(sum(outcome.stored.seconds for outcome in ran))
    names = ", ".join(outcome.name for outcome in ran)
    kept = len(result.outcomes) - len(ran)
    unchanged = f"; {kept} unchanged" if kept else ""
    return f"{result.model}, preset {result.preset}: ran {names} in {seconds}{unchanged}."


def _show_pictures(console: Console, result: BuildResult) -> None:
    from zoo.records import DataRecord

    data = result.records.get("data")
    if not isinstance(data, DataRecord):
        return
    split = ", ".join(f"{count:,} for {name}" for name, count in data.split.items())
    duplicates = f"; {data.duplicates:,} duplicates left out" if data.duplicates else ""
    console.print(f"Pictures: {data.used:,} of {data.found:,} files used ({split}){duplicates}.")
    if data.skipped:
        first = data.skipped[0]
        console.print(
            f"Skipped: {data.skipped_count:,} that cannot be used, such as {first.file} ({first.reason}); "
            f"see {result.folder.records / 'data.json'}."
        )


METRICS = {"f_score": "F-score", "landmark_error": "landmark error"}


def _show_comparison(console: Console, result: BuildResult) -> None:
    comparison = result.comparison()
    metric = METRICS[comparison[0].metric] if comparison else ""
    rows = table("model", "bytes", "gzip", "wasm ms", "ratio", metric, right=("bytes", "gzip", "wasm ms", "ratio"))
    for row in comparison:
        rows.add_row(
            TITLES.get(row.name, row.name),
            f"{row.bytes:,}",
            f"{row.gzip_bytes:,}",
            _number(row.wasm_ms, ".2f"),
            _number(row.wasm_ratio, ".3f"),
            "-" if row.quality is None else f"{row.quality.value:.3f} (n={row.quality.n})",
        )
    console.print(rows)
    if comparison:
        baseline = TITLES.get(comparison[0].baseline, comparison[0].baseline)
        console.print(f"ratio: time in WebAssembly over that of {baseline}; less is faster.")
    if result.gates.sample_data:
        console.print(f"{metric}: on a few sample pictures, so it says nothing about quality; use --data.")
    _show_labels(console, result)


LABEL_METRICS = ("f_score", "oks_ap", "mean_error")
"""The one metric against labels that this screen shows, by the kind of labels."""


def _show_labels(console: Console, result: BuildResult) -> None:
    from zoo.records import QualityRecord

    quality = result.records.get("quality")
    if not isinstance(quality, QualityRecord):
        return
    if not quality.labels:
        console.print("Against labels: no labels available.")
    for one in quality.labels:
        known = {name for variant in one.variants for name in variant.metrics}
        metric = next((name for name in LABEL_METRICS if name in known), None)
        if metric is None:
            continue
        values = ", ".join(
            f"{variant.name} {variant.metrics[metric].value:.3f} (n={variant.metrics[metric].n})"
            for variant in one.variants
            if metric in variant.metrics
        )
        console.print(f"Against the labels of {one.place}/{one.file}, {metric.replace('_', ' ')}: {values}")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _show_gates(console: Console, result: BuildResult) -> None:
    from zoo.records import count_gates

    rows = table("gate", "limit", "value", "answer", right=("value",))
    for gate in result.gates.results:
        rows.add_row(gate.name, gate.limit, _gate_value(gate.value), _answer(result, gate))
    console.print(rows)
    counts = count_gates(result.gates.results, sample_data=result.gates.sample_data)
    console.print(f"Gates: {counts.in_words()}.")


def _gate_value(value: float | bool | str | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3f}"
    return "-" if value is None else value


def _answer(result: BuildResult, gate: GateResult) -> str:
    if not result.is_judged(gate):
        return "not judged: sample pictures"
    if gate.verdict == "passed":
        return "holds"
    answers = {"failed": "FAILS", "not enough data": "LACKS DATA", "not applicable": "does not apply"}
    return f"{answers[gate.verdict]}: {gate.reason}"


def _show_files(console: Console, result: BuildResult) -> None:
    release = result.folder.release
    console.print(f"Files: {release}")
    console.print(f"Card:  {release / 'card.html'}")
    judged = [gate for gate in result.gates.results if result.is_judged(gate)]
    failed = [gate.name for gate in judged if gate.verdict == "failed"]
    unknown = [gate.name for gate in judged if gate.verdict == "not enough data"]
    if failed or unknown:
        reasons = [f"{', '.join(failed)} failed"] if failed else []
        reasons += [f"for {', '.join(unknown)} there is not enough data to tell"] if unknown else []
        console.print(f"Not fit to publish: {'; '.join(reasons)}. The files are there to be looked at.")
    elif result.gates.sample_data:
        console.print("Built on sample pictures: everything works, but this model is not fit to publish.")
        console.print(f"Next: zoo build {result.model} --data YOUR_PICTURES --preset standard")
    elif result.gates.releasable:
        console.print(f"Fit to publish. Next: zoo publish {result.model} --to dir:DIR")


def show_builds(built: Sequence[BuiltModel]) -> None:
    """How each of several builds ended; the whole of one is shown by `zoo build MODEL`, at once where it was built."""
    rows = table("model", "exit", "answer")
    for one in built:
        answer = one.error or "built"
        if one.document is not None:
            failed = [gate["name"] for gate in one.document["gates"] if gate["judged"] and not gate["passed"]]
            answer = f"built; not fit to publish: {', '.join(failed)}" if failed else "built"
        rows.add_row(one.model, str(one.exit_code), answer)
    person().print(rows)
