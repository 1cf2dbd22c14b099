"""`zoo list`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from zoo.cli._options import DEFAULT_OUT, JsonOption, OutOption

if TYPE_CHECKING:
    from zoo.pipeline import ModelEntry, ReleasedModel


def list_models(out: OutOption = DEFAULT_OUT, as_json: JsonOption = False) -> None:
    """Show the models, which are released, and which are built here.

    A model whose spec is broken is listed too, says what is wrong, and makes the exit code 2."""
    from zoo.cli._output import write_json
    from zoo.errors import InputError
    from zoo.pipeline import catalogue

    entries = catalogue(out)
    if as_json:
        write_json([_document(entry) for entry in entries])
    else:
        _show(entries)
    problems = [entry.problem for entry in entries if entry.problem]
    if problems:
        raise InputError(" ".join(problems))


def _show(entries: list[ModelEntry]) -> None:
    from zoo.cli._output import person, table

    rows = table("model", "released", "presets", "built", "gates")
    for entry in entries:
        if entry.problem:
            rows.add_row(entry.name, "-", "-", "its spec is broken: see below", "-")
            continue
        if entry.task == "measured_only":
            rows.add_row(entry.name, "-", "-", f"only measured: zoo ladder {entry.name}", "-")
            continue
        released = entry.released.version if entry.released else "no"
        built = str(entry.release) if entry.release else "no"
        rows.add_row(entry.name, released, ", ".join(entry.presets), built, _gates(entry))
    console = person()
    console.print(rows)
    releases = {entry.name: entry.released for entry in entries if entry.released}
    if releases:
        console.print("Released: 'zoo pull MODEL' has it in a folder, checked, without any network.")
    for name, release in releases.items():
        console.print(f"  {name} {release.version}: {_in_words(release)}")


def _in_words(release: ReleasedModel) -> str:
    words = [f"{release.bytes:,} bytes"]
    row = release.row
    if row and row.wasm_ratio is not None:
        words.append(f"wasm time {row.wasm_ratio:.2f} of {row.baseline.replace('_', ' ')}")
    if row and row.quality is not None:
        words.append(f"{row.metric.replace('_', ' ')} {row.quality.value:.3f}")
    return ", ".join(words)


def _gates(entry: ModelEntry) -> str:
    if entry.gates is None:
        return "-"
    from zoo.records import count_gates

    counts = count_gates(entry.gates.results, sample_data=entry.gates.sample_data)
    return f"{counts.in_words()}; {'fit' if entry.gates.releasable else 'not fit'} to publish"


def _document(entry: ModelEntry) -> dict[str, object]:
    if entry.problem:
        return {"model": entry.name, "problem": entry.problem}
    return {
        "model": entry.name,
        "title": entry.title,
        "version": entry.version,
        "task": entry.task,
        "variants": entry.variants,
        "presets": entry.presets,
        "built": entry.release is not None,
        "release": entry.release,
        "gates": None if entry.gates is None else entry.gates.results,
        "releasable": None if entry.gates is None else entry.gates.releasable,
        "released": None if entry.released is None else asdict(entry.released),
    }
