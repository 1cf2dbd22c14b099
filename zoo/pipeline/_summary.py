"""What a build amounts to, read from its records: the comparison and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from zoo.pipeline._engine import StageOutcome
from zoo.pipeline._folders import BuildFolder
from zoo.records import (
    BenchRecord,
    Estimate,
    GateResult,
    GatesRecord,
    QualityRecord,
    StageRecord,
    TargetResult,
    is_judged,
)

BASELINES = ("published_dense", "published_sparse")
"""What users run today, and so what every latency ratio is against: the dense file where one is published."""
QUALITIES = ("f_score", "landmark_error")
"""The one metric of a family that a comparison shows."""

AnyRecord = TypeVar("AnyRecord", bound=StageRecord)


@dataclass(frozen=True)
class ComparisonRow:
    """One model of the comparison; None where it was not measured.

    `wasm_ratio`: its time over that of `baseline`. `quality`: its value of `metric`.
    """

    name: str
    bytes: int
    gzip_bytes: int
    wasm_ms: float | None
    wasm_ratio: float | None
    baseline: str
    quality: Estimate | None
    metric: str


@dataclass(frozen=True)
class BuildResult:
    """A finished build."""

    model: str
    preset: str
    folder: BuildFolder
    outcomes: tuple[StageOutcome, ...]
    records: Mapping[str, StageRecord]

    @property
    def gates(self) -> GatesRecord:
        """The verdict of the gates."""
        return _record(self.records, "gates", GatesRecord)

    def is_judged(self, gate: GateResult) -> bool:
        """Whether a gate counts in this build: on sample pictures, those about pictures do not."""
        return is_judged(gate, sample_data=self.gates.sample_data)

    @property
    def accepted(self) -> bool:
        """Whether every gate that counts in this build passed."""
        return all(gate.passed for gate in self.gates.results if self.is_judged(gate))

    def comparison(self) -> list[ComparisonRow]:
        """Size, latency and quality of every model that the benchmark sized, in its order."""
        return compare(self.records)

    def document(self) -> dict[str, Any]:
        """The build as plain values and records, for `--json`."""
        return {
            "model": self.model,
            "preset": self.preset,
            "release": self.folder.release,
            "records": self.folder.records,
            "accepted": self.accepted,
            "releasable": self.gates.releasable,
            "sample_data": self.gates.sample_data,
            "stages": [
                {"name": outcome.name, "ran": outcome.ran, "seconds": outcome.stored.seconds}
                for outcome in self.outcomes
            ],
            "gates": [{**gate.model_dump(mode="json"), "judged": self.is_judged(gate)} for gate in self.gates.results],
            "comparison": [
                {
                    "name": row.name,
                    "bytes": row.bytes,
                    "gzip_bytes": row.gzip_bytes,
                    "wasm_ms": row.wasm_ms,
                    "wasm_ratio": row.wasm_ratio,
                    "baseline": row.baseline,
                    row.metric: row.quality,
                }
                for row in self.comparison()
            ],
        }


def compare(records: Mapping[str, StageRecord]) -> list[ComparisonRow]:
    """Size, latency and quality side by side; empty without a bench record."""
    if "bench" not in records:
        return []
    bench = _record(records, "bench", BenchRecord)
    wasm = next((target for target in bench.targets if target.target == "wasm"), None)
    metric, scores = _qualities(records)
    sized = {size.name for size in bench.sizes}
    baseline = next((name for name in BASELINES if name in sized), BASELINES[0])
    return [
        ComparisonRow(
            name=size.name,
            bytes=size.file.bytes,
            gzip_bytes=size.gzip_bytes,
            wasm_ms=_median(wasm, size.name),
            wasm_ratio=_ratio(wasm, size.name, baseline),
            baseline=baseline,
            quality=scores.get(size.name),
            metric=metric,
        )
        for size in bench.sizes
    ]


def _record(records: Mapping[str, StageRecord], name: str, kind: type[AnyRecord]) -> AnyRecord:
    record = records[name]
    if not isinstance(record, kind):
        raise TypeError(f"record {name} is a {type(record).__name__}, not a {kind.__name__}")
    return record


def _qualities(records: Mapping[str, StageRecord]) -> tuple[str, dict[str, Estimate]]:
    if "quality" not in records:
        return QUALITIES[0], {}
    quality = _record(records, "quality", QualityRecord)
    known = {metric for variant in quality.variants for metric in variant.metrics}
    metric = next((one for one in QUALITIES if one in known), QUALITIES[0])
    return metric, {one.name: one.metrics[metric] for one in quality.variants if metric in one.metrics}


def _median(target: TargetResult | None, name: str) -> float | None:
    timings = target.timings if target else []
    return next((timing.median_ms for timing in timings if timing.name == name), None)


def _ratio(target: TargetResult | None, name: str, baseline: str) -> float | None:
    ratios = target.ratios if target else []
    return next((each.ratio for each in ratios if each.numerator == name and each.denominator == baseline), None)
