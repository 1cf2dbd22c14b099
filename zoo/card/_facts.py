"""The few numbers at the top of the card."""

from __future__ import annotations

from zoo.card._blocks import Fact, NotMeasured
from zoo.card._format import decimals, integer, percent, plain, signed_span, span
from zoo.card._latency import find_ratio
from zoo.card._names import file_label, metric_label
from zoo.card._records import CardRecords
from zoo.card._sizes import inspected
from zoo.records import BenchRecord

SUBJECT = "sparse"
"""The file that the facts are about."""
BASES = ("published_dense", "published_sparse")
"""What the subject is held against: the published dense file where there is one."""
METRICS = ("f_score", "landmark_error")
"""The one metric of a family that stands at the top."""


def key_facts(records: CardRecords) -> list[Fact | NotMeasured]:
    """Size, zeros, latency where sparse kernels ran, and quality; what no record holds says so."""
    return [_size(records.bench), _zeros(records), *_latency(records.bench), _quality(records)]


def _size(bench: BenchRecord | None) -> Fact | NotMeasured:
    sizes = {size.name: size.file.bytes for size in bench.sizes} if bench else {}
    if SUBJECT not in sizes:
        return NotMeasured("File size", "no record holds it")
    detail = "bytes"
    if base := next((name for name in BASES if name in sizes), None):
        share = decimals(sizes[SUBJECT] / sizes[base], 2)
        detail = f"bytes, {share} of the {file_label(base).lower()} file's {integer(sizes[base])}"
    return Fact("File size", integer(sizes[SUBJECT]), detail)


def _zeros(records: CardRecords) -> Fact | NotMeasured:
    file = inspected(records, SUBJECT)
    if file is None:
        return NotMeasured("Zeros", "no record holds it")
    return Fact(
        "Zeros", percent(file.pointwise_sparsity), f"of the 1x1 weights, in {integer(file.sparse_tensors)} layers"
    )


def _latency(bench: BenchRecord | None) -> list[Fact | NotMeasured]:
    """One fact for each target where sparse kernels ran, because elsewhere a ratio says nothing about sparsity."""
    facts: list[Fact | NotMeasured] = []
    for result in bench.targets if bench else []:
        one = next((ratio for base in BASES if (ratio := find_ratio(result, SUBJECT, base))), None)
        if result.engaged and one is not None:
            detail = f"of the {file_label(one.denominator).lower()} file's time ({span(one.interval)})"
            facts.append(Fact(f"Latency, {plain(result.target)}", decimals(one.ratio, 2), detail))
    return facts or [NotMeasured("Latency with sparse kernels", "on no measured target are they known to have run")]


def _quality(records: CardRecords) -> Fact | NotMeasured:
    quality = records.quality
    values = next((one.metrics for one in quality.variants if one.name == SUBJECT), {}) if quality else {}
    metric = next((name for name in METRICS if name in values), METRICS[0])
    if quality is None or metric not in values:
        return NotMeasured(metric_label(metric), "no record holds it")
    found = values[metric]
    detail = f"against {file_label(quality.reference).lower()}, n = {integer(found.n)}"
    against = next(
        (d for d in quality.differences if (d.a, d.b, d.metric) == (SUBJECT, "published_sparse", metric)), None
    )
    if against is not None:
        detail += f"; {signed_span(against.interval)} apart from {file_label(against.b).lower()}"
    return Fact(metric_label(metric), decimals(found.value), detail)
