"""Quality against the reference, fairness over groups, and the drop-in runs."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.card._blocks import Column, NotMeasured, Table, table
from zoo.card._format import decimals, estimate, integer, intervals_in_words, listed, plain, signed, signed_span, span
from zoo.card._names import METRICS, file_label, in_order, metric_label
from zoo.card._records import CardRecords
from zoo.records import (
    DropinCell,
    FairnessColumn,
    FairnessGroup,
    LabelledQuality,
    PairedDifference,
    QualityRecord,
    VariantQuality,
)

_AT_THRESHOLDS = ("f_score", "precision", "recall", "labelled_recall")


@dataclass(frozen=True)
class QualityView:
    """Through which runtime, on what, and how each file did. Models without boxes have no thresholds."""

    runtime: str
    reference: str
    score_threshold: str | None
    iou_threshold: str | None
    pictures: str
    reference_detections: str
    metrics: Table
    differences: Table | NotMeasured
    notes: list[str]
    labels: list[LabelledView] | NotMeasured
    operating: OperatingView | NotMeasured


@dataclass(frozen=True)
class LabelledView:
    """One annotated set: what it is in a sentence, and how each file did against its labels."""

    title: str
    what: str
    metrics: Table
    differences: Table | NotMeasured
    curves: Table | NotMeasured
    notes: list[str]


@dataclass(frozen=True)
class OperatingView:
    """Each file at its best score threshold, beside the graph's own."""

    graph_threshold: str
    table: Table


@dataclass(frozen=True)
class FairnessView:
    """One group column."""

    column: str
    metric: str
    groups: Table
    ranges: Table
    gap: str
    left_out: str


@dataclass(frozen=True)
class DropinView:
    """What each runtime made of the file."""

    outcomes: Table
    agreement: Table | NotMeasured


def quality_view(records: CardRecords) -> QualityView | NotMeasured:
    """Metrics and paired differences of the quality record."""
    record = records.quality
    if record is None:
        return NotMeasured("Quality", "this build has no quality record")
    if not record.variants:
        return NotMeasured("Quality", "the quality record holds no file")
    return QualityView(
        runtime=plain(record.runtime),
        reference=file_label(record.reference),
        score_threshold=None if record.score_threshold is None else f"{record.score_threshold:g}",
        iou_threshold=None if record.iou_threshold is None else f"{record.iou_threshold:g}",
        pictures=integer(record.pictures),
        reference_detections=integer(record.reference_detections),
        metrics=_metrics(record.variants, "Quality of each file on the evaluation pictures"),
        differences=_differences(record.differences),
        notes=[plain(note) for note in record.notes],
        labels=[_labelled(one) for one in record.labels]
        if record.labels
        else NotMeasured("Quality against labels", "no labels available"),
        operating=_operating(record),
    )


def _labelled(one: LabelledQuality) -> LabelledView:
    place = f"{plain(one.place)}/{plain(one.file)}"
    thresholds = one.curves[0].thresholds if one.curves else []
    rows = [
        (file_label(curve.name), *(decimals(share) for share in curve.shares), integer(curve.n)) for curve in one.curves
    ]
    categories = listed([plain(name) for name in one.categories])
    headings = ("File", *(f"#{threshold:g}" for threshold in thresholds), "#n")
    return LabelledView(
        title=f"Against the labels of {place}",
        what=(
            f"Read as {plain(one.format)}: {integer(one.objects)} labelled ({categories}) in "
            f"{integer(one.pictures)} pictures that training did not see; {integer(one.left_out)} labelled pictures "
            "were left out, which training or calibration saw."
        ),
        metrics=_metrics(one.variants, f"Quality of each file against the labels of {place}"),
        differences=_differences(one.differences),
        curves=table("Share of points found within a distance, in sizes of the object", " | ".join(headings), rows)
        if rows
        else NotMeasured("PCK curve", "it is drawn for hands with key points"),
        notes=[plain(note) for note in one.notes],
    )


def _operating(record: QualityRecord) -> OperatingView | NotMeasured:
    operating = record.operating
    if operating is None:
        return NotMeasured("Best score threshold", "this model has no score threshold")
    if operating.reason:
        return NotMeasured("Best score threshold", plain(operating.reason))
    rows = []
    for point in in_order(operating.points, lambda one: one.name):
        change = {one.metric: f"{signed(one.value)} ({signed_span(one.interval)})" for one in point.changes}
        cells = [(metric, one, "the reference") for metric, one in point.metrics.items() if metric in _AT_THRESHOLDS]
        cells += [
            (metric, one, f"{plain(labels.place)}/{plain(labels.file)}")
            for labels in point.labels
            for metric, one in labels.metrics.items()
        ]
        rows += [
            (
                file_label(point.name),
                decimals(point.threshold),
                f"{point.chosen_by}, {integer(point.calibration_objects)} of {integer(point.calibration_pictures)}",
                metric_label(metric),
                against,
                estimate(one),
                change.get(metric, "not measured") if against == "the reference" else "see the tables above",
            )
            for metric, one, against in cells
        ]
    caption = "Each file at the score threshold that served it best on the calibration pictures"
    columns = (
        "File | #Threshold | Chosen by, objects of pictures | Metric | Against | #Value | #Change from the graph's"
    )
    return OperatingView(f"{operating.graph_threshold:g}", table(caption, columns, rows))


def metric_names(variants: list[VariantQuality]) -> list[str]:
    """All metrics of the variants, known ones first."""
    names = {name for variant in variants for name in variant.metrics}
    return [name for name in METRICS if name in names] + sorted(names - set(METRICS))


def _metrics(variants: list[VariantQuality], caption: str) -> Table:
    rows = []
    for metric in metric_names(variants):
        for variant in in_order(variants, lambda one: one.name):
            one = variant.metrics.get(metric)
            if one is None:
                rows.append((metric_label(metric), file_label(variant.name), "not measured", "", ""))
            else:
                cells = (decimals(one.value), span(one.interval), integer(one.n))
                rows.append((metric_label(metric), file_label(variant.name), *cells))
    how = intervals_in_words(one.interval for variant in variants for one in variant.metrics.values())
    return table(f"{caption}; intervals: {how}", "Metric | File | #Value | #Interval | #n", rows)


def _differences(differences: list[PairedDifference]) -> Table | NotMeasured:
    if not differences:
        return NotMeasured("Paired differences", "no two files were compared picture by picture")
    rows = [
        (
            f"{file_label(one.a)} minus {file_label(one.b)}",
            metric_label(one.metric),
            signed(one.value),
            signed_span(one.interval),
            integer(one.n),
        )
        for one in differences
    ]
    how = intervals_in_words(one.interval for one in differences)
    caption = f"Paired differences on the same pictures; intervals: {how}"
    return table(caption, "Files | Metric | #Difference | #Interval | #n", rows)


def fairness_views(records: CardRecords) -> list[FairnessView] | NotMeasured:
    """One view a group column, or why there is none."""
    record = records.fairness
    if record is None:
        return NotMeasured("Fairness", "this build has no fairness record")
    if not record.columns:
        reasons = " ".join(plain(note) for note in record.notes)
        return NotMeasured("Fairness", reasons.rstrip(".") or "the pictures carry no groups")
    return [_column(column) for column in record.columns]


def fairness_variants(column: FairnessColumn) -> list[str]:
    """Names of the files that the column compares."""
    return in_order({name for group in column.groups for name in group.by_variant}, str)


def _column(column: FairnessColumn) -> FairnessView:
    names = fairness_variants(column)
    rows = [
        (
            plain(group.group),
            integer(group.pictures),
            *(estimate(group.by_variant[n]) if n in group.by_variant else "not measured" for n in names),
            _change(group),
        )
        for group in column.groups
    ]
    metric = metric_label(column.metric)
    label = plain(column.column)
    headings = [Column(label), *(Column(name, number=True) for name in ("Pictures", *map(file_label, names), "Change"))]
    pairs = {(group.change.a, group.change.b) for group in column.groups if group.change}
    against = f"; change: {listed(sorted(f'{file_label(a)} minus {file_label(b)}' for a, b in pairs))}"
    how = intervals_in_words(one.interval for group in column.groups for one in group.by_variant.values())
    caption = f"{metric} by {label}; intervals: {how}{against if pairs else ''}"
    return FairnessView(
        column=label,
        metric=metric,
        groups=Table(caption=caption, columns=tuple(headings), rows=tuple(rows)),
        ranges=table(
            f"Range over {label}: best group less worst group",
            "File | #Range | Worst group",
            [
                (
                    file_label(name),
                    decimals(column.range_by_variant[name]) if name in column.range_by_variant else "not measured",
                    plain(column.worst_by_variant.get(name, "not measured")),
                )
                for name in names
            ],
        ),
        gap=_gap(column),
        left_out=listed([f"{plain(group)} ({integer(count)})" for group, count in column.left_out.items()], empty=""),
    )


def _gap(column: FairnessColumn) -> str:
    """How pruning changed the range, and on how many samples that stands."""
    change = column.gap_change
    if change is None:
        return "How pruning changed the range cannot be told: a group is too small, or there is only one."
    names = f"{file_label(change.a)} minus {file_label(change.b)}"
    smallest = f" The smallest group has n = {integer(column.smallest_n)}." if column.smallest_n is not None else ""
    return (
        f"Change of the range by pruning, {names}: {signed(change.value)} ({signed_span(change.interval)}); above zero "
        f"the gap is wider. Interval: {plain(change.interval.method)}.{smallest}"
    )


def _change(group: FairnessGroup) -> str:
    if group.change is None:
        return "not measured"
    return f"{signed(group.change.value)} ({signed_span(group.change.interval)})"


def dropin_view(records: CardRecords) -> DropinView | NotMeasured:
    """Every runtime that took a file in the place of the original, or was to."""
    record = records.works_in or records.dropin
    cells = record.cells if record else []
    if not cells:
        return NotMeasured("Works in", "no runtime was tried")
    outcomes = [
        (
            _place(cell),
            file_label(cell.variant),
            cell.status,
            *_counts(cell),
            plain(cell.reason),
        )
        for cell in cells
    ]
    agreement = [
        (
            _place(cell),
            file_label(cell.variant),
            metric_label(name),
            decimals(value),
            f"{cell.tolerances[name]:g}" if name in cell.tolerances else "nothing",
        )
        for cell in cells
        for name, value in cell.measured.items()
    ]
    columns = "Runtime and call | File | Answer | #Pictures | #Found / original | #ms / original | Reason"
    return DropinView(
        outcomes=table("The file in the place of the original", columns, outcomes),
        agreement=table(
            "Agreement with the original, and what is asked",
            "Runtime and call | File | Metric | #Measured | #Asked",
            agreement,
        )
        if agreement
        else NotMeasured("Agreement with the original", "no runtime gave anything to compare"),
    )


def _counts(cell: DropinCell) -> tuple[str, str, str]:
    if cell.status in ("not tried", "not supported"):
        return "not measured", "not measured", "not measured"
    times = "not measured"
    if cell.milliseconds is not None and cell.reference_milliseconds is not None:
        times = f"{decimals(cell.milliseconds, 1)} / {decimals(cell.reference_milliseconds, 1)}"
    found = f"{integer(cell.detections)} / {integer(cell.reference_detections)}"
    return integer(cell.pictures), found, times


def _place(cell: DropinCell) -> str:
    return f"{plain(cell.runtime)}, {plain(cell.graph)}"
