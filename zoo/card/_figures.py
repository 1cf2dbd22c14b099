"""The card's figures, drawn from records by matplotlib. Each tells the same in words, for those who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.card._blocks import Figure
from zoo.card._budget_figure import budget_figure
from zoo.card._figure_style import MUTED, PAPER, RULE, finish, new_canvas, only_x_grid, series_colour, style
from zoo.card._format import clipped, decimals, integer, listed, milliseconds, percent, plain, span
from zoo.card._graph_figure import graph_figure
from zoo.card._names import file_label, in_order, metric_label
from zoo.card._quality import fairness_variants, metric_names
from zoo.card._records import CardRecords
from zoo.card._sizes import inspected, measured_sizes
from zoo.card._training_figure import training_figure
from zoo.records import FairnessColumn, Interval, ModelTiming, QualityRecord, TargetResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

ROW = 0.3
"""Inches of height for one row of dots or bars."""


def draw_figures(records: CardRecords) -> dict[str, Figure]:
    """All figures that the records have numbers for, by name."""
    with style():
        drawn = [
            _sizes(records),
            _latency(records),
            _ratios(records),
            _quality(records.quality),
            *_fairness(records),
            graph_figure(inspected(records, "sparse")),
            _layers(records),
            training_figure(records.train),
            budget_figure(records.budget),
        ]
    return {figure.name: figure for figure in drawn if figure is not None}


def _sizes(records: CardRecords) -> Figure | None:
    sizes = measured_sizes(records)
    if not sizes:
        return None
    canvas = new_canvas(0.7 + 2 * ROW * len(sizes))
    axes = canvas.subplots()
    for row, size in enumerate(sizes):
        colour = series_colour(size.name)
        axes.barh(row - 0.19, size.file.bytes, height=0.36, color=colour)
        axes.barh(row + 0.19, size.gzip_bytes, height=0.36, color=colour, alpha=0.45)
        _write_at_end(axes, size.file.bytes, row - 0.19, f"{integer(size.file.bytes)} as stored")
        _write_at_end(axes, size.gzip_bytes, row + 0.19, f"{integer(size.gzip_bytes)} after gzip")
    axes.set_xlim(0, 1.32 * max(max(size.file.bytes, size.gzip_bytes) for size in sizes))
    axes.set_xlabel("bytes")
    axes.xaxis.set_major_formatter(lambda value, _: integer(int(value)))
    axes.locator_params(axis="x", nbins=5)
    _label_rows(axes, [file_label(size.name) for size in sizes])
    alt = "Bars of file sizes in bytes: " + listed(
        [f"{file_label(s.name)} {integer(s.file.bytes)}, after gzip {integer(s.gzip_bytes)}" for s in sizes]
    )
    return finish(canvas, name="size", caption="Size of each file, as stored and after gzip", alt=f"{alt}.")


def _write_at_end(axes: Axes, value: float, row: float, text: str) -> None:
    axes.annotate(
        text,
        (value, row),
        xytext=(7, 0),
        textcoords="offset points",
        va="center",
        color=MUTED,
        fontsize=8,
        # Keeps rules and dashed lines from running through the number.
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8},
    )


def _label_rows(axes: Axes, labels: list[str]) -> None:
    axes.set_yticks(range(len(labels)), [clipped(label, 40) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    only_x_grid(axes)


def _dot(axes: Axes, value: float, row: float, low: float, high: float, *, name: str) -> None:
    """A dot with its interval, in the colour of the file."""
    colour = series_colour(name)
    axes.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="round", alpha=0.55)
    axes.plot([value], [row], marker="o", markersize=6, color=colour)


def _latency(records: CardRecords) -> Figure | None:
    results = [(result, _timed(result)) for result in (records.bench.targets if records.bench else [])]
    results = [(result, timings) for result, timings in results if timings]
    if not results:
        return None
    rows = [len(timings) for _, timings in results]
    canvas = new_canvas(0.75 * len(rows) + ROW * sum(rows))
    told = []
    for axes, (result, timings) in zip(_panels(canvas, rows), results, strict=True):
        for row, timing in enumerate(timings):
            median = timing.median_ms or 0.0
            axes.barh(row, median, height=0.56, color=series_colour(timing.name), alpha=0.3)
            low, high = timing.p10_ms or median, timing.p90_ms or median
            _dot(axes, median, row, low, high, name=timing.name)
            _write_at_end(axes, high, row, milliseconds(median))
            told.append(f"{file_label(timing.name)} on {plain(result.target)} {milliseconds(median)}")
        axes.set_xlim(0, 1.12 * max(timing.p90_ms or timing.median_ms or 0.0 for timing in timings))
        axes.set_title(f"{clipped(result.target)}: {_kernels(result)}")
        _label_rows(axes, [file_label(timing.name) for timing in timings])
    axes.set_xlabel("milliseconds: median, and 10th to 90th percentile")
    alt = f"Bars of the median latency in milliseconds: {listed(told)}."
    return finish(canvas, name="latency", caption="Latency of a single inference, by target", alt=alt)


def _timed(result: TargetResult) -> list[ModelTiming]:
    timed = [one for one in result.timings if one.median_ms is not None and one.parity and one.parity.agrees]
    return in_order(timed, lambda timing: timing.name)


def _kernels(result: TargetResult) -> str:
    return {True: "sparse kernels ran", False: "runs the model dense", None: "kernels not known"}[result.engaged]


def _panels(canvas: Canvas, rows: list[int]) -> list[Axes]:
    """One panel above the other, each with room for its rows."""
    grid = canvas.subplots(len(rows), 1, height_ratios=[count + 0.6 for count in rows], squeeze=False)
    return list(grid[:, 0])


def _ratios(records: CardRecords) -> Figure | None:
    results = [result for result in (records.bench.targets if records.bench else []) if result.ratios]
    if not results:
        return None
    rows = [len(result.ratios) for result in results]
    canvas = new_canvas(0.75 * len(rows) + ROW * sum(rows))
    told = []
    for axes, result in zip(_panels(canvas, rows), results, strict=True):
        for row, one in enumerate(result.ratios):
            _dot(axes, one.ratio, row, one.interval.low, one.interval.high, name=one.numerator)
            _write_at_end(axes, one.interval.high, row, decimals(one.ratio, 2))
            pair = f"{file_label(one.numerator)} over {file_label(one.denominator)}"
            told.append(f"{pair} on {plain(result.target)} {decimals(one.ratio)} ({span(one.interval)})")
        axes.axvline(1.0, color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
        ends = [value for one in result.ratios for value in (one.interval.low, one.interval.high)]
        axes.set_xlim(min(0.5, *ends) - 0.05, max(1.1, *ends) + 0.07)
        axes.set_title(f"{clipped(result.target)}: {_kernels(result)}")
        pairs = [f"{_short(one.numerator)} / {_short(one.denominator)}" for one in result.ratios]
        _label_rows(axes, pairs)
    axes.set_xlabel("ratio of times, with its interval; left of 1 is faster")
    alt = f"Dots of paired ratios of latency: {listed(told)}."
    return finish(canvas, name="latency-ratio", caption="Paired ratios of latency, by target", alt=alt)


def _short(name: str) -> str:
    return file_label(name).removeprefix("This release, ").removesuffix(" of sparse").lower()


def _quality(record: QualityRecord | None) -> Figure | None:
    if record is None or not record.variants:
        return None
    metrics = metric_names(record.variants)
    variants = in_order(record.variants, lambda variant: variant.name)
    rows = [len([variant for variant in variants if metric in variant.metrics]) for metric in metrics]
    canvas = new_canvas(0.62 * len(rows) + ROW * sum(rows))
    told = []
    for axes, metric in zip(_panels(canvas, rows), metrics, strict=True):
        having = [variant for variant in variants if metric in variant.metrics]
        for row, variant in enumerate(having):
            one = variant.metrics[metric]
            low, high = _ends(one.interval, one.value)
            _dot(axes, one.value, row, low, high, name=variant.name)
            _write_at_end(axes, high, row, decimals(one.value))
            told.append(
                f"{metric_label(metric)} of {file_label(variant.name)} {decimals(one.value)} ({span(one.interval)})"
            )
        axes.set_title(clipped(metric_label(metric), 60))
        axes.margins(x=0.22)
        axes.locator_params(axis="x", nbins=6)
        _label_rows(axes, [file_label(variant.name) for variant in having])
    alt = f"Dots with intervals: {listed(told)}."
    caption = "Quality of each file with intervals; each metric has a scale of its own"
    return finish(canvas, name="quality", caption=caption, alt=alt)


def _ends(interval: Interval | None, value: float) -> tuple[float, float]:
    return (interval.low, interval.high) if interval is not None else (value, value)


def _fairness(records: CardRecords) -> list[Figure]:
    columns = records.fairness.columns if records.fairness else []
    return [_fairness_column(column, number) for number, column in enumerate(columns, start=1) if column.groups]


def _fairness_column(column: FairnessColumn, number: int) -> Figure:
    names = fairness_variants(column)
    step = 0.8 / max(len(names), 1)
    canvas = new_canvas(1.05 + (0.14 + 0.17 * len(names)) * len(column.groups))
    axes = canvas.subplots()
    told = []
    for row, group in enumerate(column.groups):
        for place, name in enumerate(names):
            one = group.by_variant.get(name)
            if one is not None:
                low, high = _ends(one.interval, one.value)
                _dot(axes, one.value, row + (place - (len(names) - 1) / 2) * step, low, high, name=name)
                told.append(f"{plain(group.group)}, {file_label(name)} {decimals(one.value)} ({span(one.interval)})")
    for row in range(1, len(column.groups)):
        axes.axhline(row - 0.5, color=RULE, linewidth=0.6)
    for name in names:
        axes.plot([], [], marker="o", linewidth=2.2, color=series_colour(name), label=clipped(file_label(name)))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, fontsize=8, labelcolor=MUTED)
    axes.set_xlabel(clipped(metric_label(column.metric)))
    _label_rows(axes, [f"{clipped(group.group, 26)} ({integer(group.pictures)})" for group in column.groups])
    label = plain(column.column)
    caption = f"{metric_label(column.metric)} by {label}, with intervals; in brackets the number of pictures"
    return finish(canvas, name=f"fairness-{number}", caption=caption, alt=f"Dots with intervals: {listed(told)}.")


def _layers(records: CardRecords) -> Figure | None:
    file = inspected(records, "sparse")
    layers = [layer for layer in file.layers if layer.stored_sparse] if file else []
    if not layers:
        return None
    canvas = new_canvas(2.3)
    axes = canvas.subplots()
    axes.bar(
        range(1, len(layers) + 1), [100 * layer.sparsity for layer in layers], color=series_colour("sparse"), width=0.7
    )
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 100)
    axes.set_xlim(0.2, len(layers) + 0.8)
    axes.set_ylabel("zeros, %")
    axes.set_xlabel("layers that are stored sparse, in the order of the file")
    target = records.train.target_sparsity if records.train else None
    if target is not None:
        axes.axhline(100 * target, color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.set_title(f"dashed: the target, {percent(target)}")
    shares = [layer.sparsity for layer in layers]
    alt = f"Bars of {integer(len(layers))} layers, each with {percent(min(shares))} to {percent(max(shares))} zeros."
    return finish(canvas, name="sparsity", caption="Zeros in each layer that the sparse file stores sparse", alt=alt)
