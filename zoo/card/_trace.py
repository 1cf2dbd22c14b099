"""Where the card's numbers come from: commands, versions, machines, files, references and gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.card._blocks import NotMeasured, Table, table
from zoo.card._format import decimals, duration, integer, plain
from zoo.card._records import CardRecords
from zoo.records import GateOverride, GatesRecord, Machine, Verdict, count_gates, is_judged
from zoo.spec import ModelSpec, spec_sha256

RESULTS: dict[Verdict, str] = {
    "passed": "holds",
    "failed": "fails",
    "not enough data": "not enough data",
    "not applicable": "does not apply",
}
"""A gate's answer as the card says it."""


@dataclass(frozen=True)
class TraceView:
    """What it takes to make and measure the model again."""

    commands: str
    spec_sha256: str
    versions: Table | NotMeasured
    machines: list[str]
    records: Table | NotMeasured
    artifacts: Table | NotMeasured
    references: Table


def trace_view(spec: ModelSpec, records: CardRecords) -> TraceView:
    """Provenance of all records together."""
    present = records.present()
    commands = list(dict.fromkeys(plain(record.provenance.command) for _, record in present))
    return TraceView(
        commands="\n".join(commands),
        spec_sha256=spec_sha256(spec),
        versions=_versions(records),
        machines=list(dict.fromkeys(_machine(record.provenance.machine) for _, record in present)),
        records=_record_table(records),
        artifacts=_artifacts(records),
        references=_references(spec, records),
    )


def _machine(machine: Machine) -> str:
    avx = "with AVX" if machine.has_avx else "without AVX"
    memory = f", {decimals(machine.memory_gib, 1)} GiB memory" if machine.memory_gib is not None else ""
    cores = f"{integer(machine.cores)} core{'s' if machine.cores != 1 else ''}"
    return f"{plain(machine.cpu_model)} ({plain(machine.arch)} {avx}), {cores}{memory}, {plain(machine.system)}"


def _versions(records: CardRecords) -> Table | NotMeasured:
    found: dict[str, set[str]] = {}
    for _, record in records.present():
        found.setdefault("mediapipe-zoo", set()).add(plain(record.provenance.zoo_version))
        for package, version in record.provenance.versions.items():
            found.setdefault(plain(package), set()).add(plain(version))
    if not found:
        return NotMeasured("Versions", "this build has no records")
    rows = [(package, ", ".join(sorted(versions))) for package, versions in sorted(found.items())]
    return table("Versions of the software that made and measured it", "Package | Version", rows)


def _record_table(records: CardRecords) -> Table | NotMeasured:
    rows = [
        (
            f"{name}.json",
            f"{record.provenance.started_at:%Y-%m-%d %H:%M} {record.provenance.started_at:%Z}".rstrip(),
            duration(record.provenance.seconds),
            plain(record.provenance.machine.cpu_model),
        )
        for name, record in records.present()
    ]
    if not rows:
        return NotMeasured("Records", "this build has no records")
    return table("The records behind this card", "Record | Started | #Took | Processor", rows)


def _artifacts(records: CardRecords) -> Table | NotMeasured:
    if records.convert is None:
        return NotMeasured("Converted files", "this build has no convert record")
    rows = [
        (
            plain(one.file.name.rsplit("/", 1)[-1]),
            plain(one.precision),
            f"{one.max_abs_difference:.3g} (tolerance {one.tolerance:g})",
            one.file.sha256,
        )
        for one in records.convert.artifacts
    ]
    columns = "File | Precision | #Largest difference from the trained network | SHA-256"
    return table("Files of this release", columns, rows)


def _references(spec: ModelSpec, records: CardRecords) -> Table:
    sources = {one.reference: plain(one.source) for one in records.fetch.references} if records.fetch else {}
    rows = [
        (
            plain(reference.title),
            integer(reference.bytes),
            plain(reference.licence),
            sources.get(name, "not fetched"),
            reference.sha256,
        )
        for name, reference in spec.references.items()
    ]
    columns = "Published file | #Bytes | Licence | Taken from | SHA-256"
    return table("Published files that it was made from and compared with", columns, rows)


def gates_answer(record: GatesRecord | None) -> str:
    """What all gates together say, of those that the pictures can answer: one of four words that templates go by."""
    if record is None:
        return "not judged"
    counts = count_gates(record.results, sample_data=record.sample_data)
    if counts.fail:
        return "do not hold"
    return "cannot be told" if counts.unknown else "hold"


def gates_counts(record: GatesRecord | None) -> str:
    """How many gates gave each answer, in the words that the screens use too."""
    if record is None:
        return "not judged"
    return count_gates(record.results, sample_data=record.sample_data).in_words()


def gates_table(record: GatesRecord | None) -> Table | NotMeasured:
    """Each gate with its limit and what the records said."""
    if record is None:
        return NotMeasured("Gates", "this build has not been judged")
    rows = [
        (
            plain(one.name).replace("_", " "),
            plain(one.purpose),
            plain(one.limit),
            plain(one.reason),
            RESULTS[one.verdict] if is_judged(one, sample_data=record.sample_data) else "not judged: sample pictures",
        )
        for one in record.results
    ]
    return table("Limits that decide whether this may be released", "Gate | Purpose | Limit | Measured | Result", rows)


def overrides_table(overrides: Sequence[GateOverride]) -> Table | None:
    """Gates in spite of which this was published, each with the reason that a person gave."""
    if not overrides:
        return None
    rows = [(plain(one.gate).replace("_", " "), plain(one.stood), plain(one.reason)) for one in overrides]
    return table("Published in spite of these gates", "Gate | It | Why it was published all the same", rows)
