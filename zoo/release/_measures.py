"""The numbers of a release that can be held against those of another, and which direction of each is better."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from pydantic import ValidationError

from zoo.records import (
    BenchRecord,
    DropinRecord,
    Estimate,
    FairnessRecord,
    InspectRecord,
    Interval,
    QualityRecord,
    StageRecord,
    better_of,
)
from zoo.release._address import AddressError, Found, NotThereError, find_values
from zoo.release._judge import worst_of
from zoo.release._manifest import Manifest
from zoo.release._words import brief, show
from zoo.spec import FAIRNESS_GATE, Gate

DROPIN_RANKS = {"failed": 0.0, "not tried": 1.0, "not supported": 1.0, "passed": 2.0}
"""A file that is not tried any more is no failure, but no success either."""

AnyRecord = TypeVar("AnyRecord", bound=StageRecord)


@dataclass(frozen=True)
class Measure:
    """One number at `field`, an address as gates have it.

    `exact`: counted or decided, so that any difference is real; else a difference without `interval` tells little.
    `basis`: what it was measured against; numbers of different bases cannot be compared.
    """

    field: str
    what: str
    better: Literal["lower", "higher"]
    value: float
    shown: str
    interval: Interval | None = None
    n: int | None = None
    exact: bool = False
    basis: str = ""


def measures_of(records: Mapping[str, StageRecord], variants: Collection[str]) -> dict[str, Measure]:
    """Size, latency, quality, gaps between groups, drop-in and engagement of these variants, by address."""
    found = [
        *_sizes(record_of(records, "bench", BenchRecord), variants),
        *_latencies(record_of(records, "bench", BenchRecord), variants),
        *_qualities(record_of(records, "quality", QualityRecord), variants),
        *_gaps(record_of(records, "fairness", FairnessRecord)),
        *_dropins(record_of(records, "dropin", DropinRecord), variants),
        *_engagements(record_of(records, "inspect", InspectRecord), variants),
    ]
    return {one.field: one for one in found}


def record_of(records: Mapping[str, StageRecord], name: str, kind: type[AnyRecord]) -> AnyRecord | None:
    """The record of that name and class, None where there is none."""
    record = records.get(name)
    return record if isinstance(record, kind) else None


def gate_measure(gate: Gate, records: Mapping[str, StageRecord]) -> Measure | None:
    """The number that a gate limits, where it limits one and the records hold it; the worst of several."""
    if gate.equals is not None:
        return None
    try:
        found = find_values(gate.field, records)
    except (AddressError, NotThereError):
        return None
    if not all(isinstance(one.value, int | float) and not isinstance(one.value, bool) for one in found):
        return None
    return _of_gate(gate.name, gate.field, worst_of(gate, found), lower=gate.at_most is not None)


@dataclass(frozen=True)
class Measured:
    """A release as far as it can be compared: its variants, gates and records.

    Of a release that another version of this package made, whatever this version reads.
    """

    version: str
    variants: frozenset[str]
    gates: tuple[Gate, ...]
    records: Mapping[str, StageRecord]

    @classmethod
    def of(cls, manifest: Manifest, records: Mapping[str, StageRecord]) -> Measured:
        """From the spec as the manifest holds it."""
        variants = [one.get("name") for one in _objects(manifest.spec.get("variants"))]
        return cls(
            version=manifest.version,
            variants=frozenset(name for name in variants if isinstance(name, str)),
            gates=tuple(_gates(manifest.spec.get("gates"))),
            records=records,
        )

    def gate_measures(self) -> Iterator[tuple[str, Measure]]:
        """Every number that a gate limits, with the gate's name; those of fairness too."""
        for gate in self.gates:
            measure = gate_measure(gate, self.records)
            if measure is not None:
                yield gate.name, measure
        for measure in _gaps(record_of(self.records, "fairness", FairnessRecord)):
            yield FAIRNESS_GATE, measure


def _objects(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _gates(value: object) -> Iterator[Gate]:
    for one in _objects(value):
        with contextlib.suppress(ValidationError):
            yield Gate.model_validate(one)


def _of_gate(name: str, field: str, found: Found, *, lower: bool) -> Measure:
    value = float(cast("float", found.value))
    return Measure(
        field=field,
        what=f"gate {name}",
        better="lower" if lower else "higher",
        value=value,
        shown=show(found.value) if isinstance(found.value, int) else brief(value),
        interval=found.interval,
        n=found.n,
        exact=isinstance(found.value, int),
    )


def _sizes(record: BenchRecord | None, variants: Collection[str]) -> Iterator[Measure]:
    for size in record.sizes if record else []:
        if size.name in variants:
            where = f"bench.sizes[name={size.name}]"
            yield _exact(f"{where}.file.bytes", f"{size.name}: bytes", "lower", size.file.bytes)
            yield _exact(f"{where}.gzip_bytes", f"{size.name}: bytes after gzip", "lower", size.gzip_bytes)


def _exact(field: str, what: str, better: Literal["lower", "higher"], value: float, shown: str = "") -> Measure:
    return Measure(field, what, better, float(value), shown or show(value), exact=True)


def _latencies(record: BenchRecord | None, variants: Collection[str]) -> Iterator[Measure]:
    files = {size.name: size.file.sha256 for size in record.sizes} if record else {}
    for target in record.targets if record else []:
        for ratio in target.ratios:
            # Against another of ours says nothing of the release before, whose files are other files.
            if ratio.numerator in variants and ratio.denominator not in variants and ratio.denominator != "twin":
                yield Measure(
                    field=f"bench.targets[target={target.target}].ratios"
                    f"[numerator={ratio.numerator},denominator={ratio.denominator}].ratio",
                    what=f"{ratio.numerator}: time on {target.target} over that of {ratio.denominator}",
                    better="lower",
                    value=ratio.ratio,
                    shown=brief(ratio.ratio),
                    interval=ratio.interval,
                    basis=f"{target.runtime}, {target.threads} thread(s), {files.get(ratio.denominator, 'no file')}",
                )


def _qualities(record: QualityRecord | None, variants: Collection[str]) -> Iterator[Measure]:
    if record is None:
        return
    basis = f"{record.reference} through {record.runtime}"
    for one in record.variants:
        if one.name in variants:
            for metric, estimate in one.metrics.items():
                field = f"quality.variants[name={one.name}].metrics.{metric}.value"
                yield _estimate(field, f"{one.name}: {_words(metric)}", metric, estimate, basis)
    for labels in record.labels:
        place = f"{labels.place}/{labels.file}"
        for one in labels.variants:
            if one.name in variants:
                for metric, estimate in one.metrics.items():
                    field = f"quality.labels[file={labels.file}].variants[name={one.name}].metrics.{metric}.value"
                    yield _estimate(
                        field, f"{one.name}: {_words(metric)} on labels of {place}", metric, estimate, place
                    )


def _estimate(field: str, what: str, metric: str, one: Estimate, basis: str) -> Measure:
    return Measure(field, what, better_of(metric), one.value, brief(one.value), one.interval, one.n, basis=basis)


def _gaps(record: FairnessRecord | None) -> Iterator[Measure]:
    for column in record.columns if record else []:
        change = column.gap_change
        if change is not None:
            yield Measure(
                field=f"fairness.columns[column={column.column},metric={column.metric}].gap_change.value",
                what=f"change of the gap in {_words(column.metric)} by {column.column}",
                better="lower",
                value=change.value,
                shown=brief(change.value),
                interval=change.interval,
                n=change.n,
            )


def _dropins(record: DropinRecord | None, variants: Collection[str]) -> Iterator[Measure]:
    for cell in record.cells if record else []:
        if cell.variant in variants:
            yield _exact(
                f"dropin.cells[variant={cell.variant},runtime={cell.runtime},graph={cell.graph}].status",
                f"{cell.variant}: drop-in at {cell.graph} of {cell.runtime}",
                "higher",
                DROPIN_RANKS[cell.status],
                cell.status,
            )


def _engagements(record: InspectRecord | None, variants: Collection[str]) -> Iterator[Measure]:
    for file in record.files if record else []:
        if file.name in variants and file.name != "dense":
            for verdict in file.verdicts:
                yield _exact(
                    f"inspect.files[name={file.name}].verdicts[target={verdict.target}].sparse",
                    f"{file.name}: sparse kernels on {verdict.target}",
                    "higher",
                    float(verdict.sparse),
                    "engage" if verdict.sparse else "do not engage",
                )


def _words(name: str) -> str:
    return name.replace("_", " ")
