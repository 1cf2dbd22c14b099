"""The screen of `zoo evaluate`: agreement, labels, the best score threshold, and groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.cli._output import person, table

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.records import (
        Estimate,
        FairnessRecord,
        LabelledQuality,
        OperatingPoints,
        PairedDifference,
        QualityRecord,
        VariantQuality,
    )


def show_evaluation(quality: QualityRecord, fairness: FairnessRecord) -> None:
    """Print what was measured."""
    console = person()
    threshold = "" if quality.score_threshold is None else f", score threshold {quality.score_threshold:g}"
    console.print(
        f"{quality.pictures} pictures, {quality.reference_detections} found by {quality.reference}; "
        f"{quality.runtime}{threshold}"
    )
    _show_models(console, quality.variants)
    _show_differences(console, quality.differences)
    for note in quality.notes:
        console.print(note)
    show_labels(console, quality.labels)
    if quality.operating is not None:
        show_operating(console, quality.operating)
    _show_fairness(console, fairness)


def show_labels(console: Console, labels: Sequence[LabelledQuality]) -> None:
    """Every annotated set, or that there is none."""
    if not labels:
        console.print("\nAgainst labels: no labels available.")
    for one in labels:
        console.print(
            f"\nAgainst labels: {one.place}/{one.file} ({one.format}), {one.objects} objects in {one.pictures} "
            f"pictures that training did not see; {one.left_out} labelled pictures left out"
        )
        _show_models(console, one.variants)
        _show_differences(console, one.differences)
        for curve in one.curves:
            steps = ", ".join(
                f"{share:.3f} at {threshold:g}" for threshold, share in zip(curve.thresholds, curve.shares, strict=True)
            )
            console.print(f"PCK of {curve.name} (n={curve.n}): {steps}")
        for note in one.notes:
            console.print(note)


def show_operating(console: Console, operating: OperatingPoints) -> None:
    """Each model at its best threshold, beside the graph's own, or why none was chosen."""
    console.print(f"\nAt the best score threshold, beside the graph's own of {operating.graph_threshold:g}")
    if operating.reason:
        console.print(f"Not measured: {operating.reason}.")
        return
    rows = table("model", "threshold", "chosen by", "F-score", "change", "F-score against labels", right=("threshold",))
    for point in operating.points:
        change = next((one for one in point.changes if one.metric == "f_score"), None)
        labelled = [one.metrics["f_score"] for one in point.labels if "f_score" in one.metrics]
        rows.add_row(
            point.name,
            f"{point.threshold:.3f}",
            f"{point.chosen_by} (n={point.calibration_objects})",
            describe_estimate(point.metrics.get("f_score")),
            "-" if change is None else _describe_difference(change),
            "; ".join(describe_estimate(one) for one in labelled) or "-",
        )
    console.print(rows)


def _show_models(console: Console, variants: Sequence[VariantQuality]) -> None:
    names = list(dict.fromkeys(name for variant in variants for name in variant.metrics))
    rows = table("model", *(name.replace("_", " ") for name in names))
    for variant in variants:
        rows.add_row(variant.name, *(describe_estimate(variant.metrics.get(name)) for name in names))
    console.print(rows)


def _show_differences(console: Console, differences: Sequence[PairedDifference]) -> None:
    if not differences:
        return
    names = list(dict.fromkeys(one.metric for one in differences))
    rows = table("difference", *(name.replace("_", " ") for name in names))
    for a, b in dict.fromkeys((one.a, one.b) for one in differences):
        by_metric = {one.metric: one for one in differences if (one.a, one.b) == (a, b)}
        cells = (_describe_difference(by_metric[name]) if name in by_metric else "-" for name in names)
        rows.add_row(f"{a} minus {b}", *cells)
    console.print(rows)


def _show_fairness(console: Console, fairness: FairnessRecord) -> None:
    for column in fairness.columns:
        variants = list(dict.fromkeys(name for group in column.groups for name in group.by_variant))
        rows = table(column.column, "pictures", *variants, right=("pictures",))
        for group in column.groups:
            estimates = (describe_estimate(group.by_variant.get(name)) for name in variants)
            rows.add_row(group.group, str(group.pictures), *estimates)
        console.print(f"\n{column.metric.replace('_', ' ')} by {column.column}")
        console.print(rows)
        if column.gap_change is not None:
            change = column.gap_change
            console.print(f"range over groups, {change.a} minus {change.b}: {_describe_difference(change)}")
    for note in fairness.notes:
        console.print(note)


def describe_estimate(estimate: Estimate | None) -> str:
    """A number with its interval and sample count, such as '0.861 (0.840-0.880, n=43)'; '-' where there is none."""
    if estimate is None:
        return "-"
    span = "" if estimate.interval is None else f"{estimate.interval.low:.3f}-{estimate.interval.high:.3f}, "
    return f"{estimate.value:.3f} ({span}n={estimate.n})"


def _describe_difference(change: PairedDifference) -> str:
    return f"{change.value:+.3f} ({change.interval.low:+.3f} to {change.interval.high:+.3f})"
