"""A ladder's two figures: size against sparsity, and latency against sparsity, as the 2021 announcement drew them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.card._figure_style import INK, MUTED, OTHER_SERIES, RULE, SERIES, finish, new_canvas, style
from zoo.card._format import clipped, decimals, integer, listed, plain, span
from zoo.records import LadderFile, LadderRecord, LatencyRatio, TargetResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

COLOURS = (SERIES["sparse"], SERIES["dense"], SERIES["published_sparse"], OTHER_SERIES, SERIES["twin"])
ENOUGH_ZEROS = 100 * 2 / 3
"""More than two thirds of the 1x1 weights: `zoo.xnnpack`'s rule `zero_share`."""
DOTS_PER_INCH = 160
_DASHED = (0, (4, 3))


@dataclass(frozen=True)
class LadderFigure:
    """A drawing for files: `svg` as text, `png` as bytes; `alt` says the same in words."""

    name: str
    caption: str
    alt: str
    svg: str
    png: bytes


@dataclass(frozen=True)
class _Series:
    """One line of the latency figure."""

    precision: str
    target: TargetResult
    ratios: list[tuple[LadderFile, LatencyRatio]]


def ladder_figures(record: LadderRecord) -> list[LadderFigure]:
    """The figures that the record has numbers for: `size`, `latency`. The same record gives the same bytes."""
    with style():
        drawn = [_size(record)]
        series = list(_series(record))
        if series:
            drawn.append(_latency(record, series))
    return drawn


def _size(record: LadderRecord) -> LadderFigure:
    canvas = new_canvas(3.4)
    axes = canvas.subplots()
    told = []
    for precision, colour in zip(_precisions(record), COLOURS, strict=False):
        files = [file for file in record.files if file.precision == precision]
        places = [_place(file) for file in files]
        raw, packed = [file.file.bytes / 1e6 for file in files], [file.gzip_bytes / 1e6 for file in files]
        axes.plot(places, raw, color=colour, marker="o", markersize=4.5, linewidth=1.8, label=f"{precision}, as stored")
        axes.plot(
            places, packed, color=colour, marker="o", markersize=2.5, linewidth=1.0, alpha=0.5, label="after gzip"
        )
        told += [f"{file.name} {integer(file.file.bytes)}, after gzip {integer(file.gzip_bytes)}" for file in files]
    axes.set_ylim(bottom=0)
    axes.set_ylabel("megabytes (1,000,000 bytes)")
    _finish_axes(axes, record)
    _legend(axes, columns=4)
    return _drawn(canvas, "size", f"{record.model}: size against sparsity", f"Bytes by file: {listed(told)}.")


def _latency(record: LadderRecord, series: list[_Series]) -> LadderFigure:
    canvas = new_canvas(3.8)
    axes = canvas.subplots()
    told = []
    targets = list(dict.fromkeys(one.target.target for one in series))
    precisions = _precisions(record)
    for one in series:
        colour = COLOURS[targets.index(one.target.target) % len(COLOURS)]
        dashes = "solid" if one.precision == precisions[0] else (0, (2, 1.4 * precisions.index(one.precision)))
        places = [_place(file) for file, _ in one.ratios]
        values = [ratio.ratio for _, ratio in one.ratios]
        low = [ratio.interval.low for _, ratio in one.ratios]
        high = [ratio.interval.high for _, ratio in one.ratios]
        label = f"{clipped(one.target.target, 24)}, {one.precision}"
        axes.plot(
            places, values, color=colour, linestyle=dashes, marker="o", markersize=4.0, linewidth=1.6, label=label
        )
        axes.vlines(places, low, high, color=colour, linewidth=3.0, alpha=0.4)
        told += [
            f"{plain(one.target.target)} {file.name} {decimals(ratio.ratio)} ({span(ratio.interval)})"
            for file, ratio in one.ratios
        ]
    axes.axhline(1.0, color=MUTED, linewidth=1.0)
    if record.published is not None:
        _mark_published(axes, 1 / record.published.speedup, record.published.title)
    axes.set_ylim(0, max(1.15, *(ratio.interval.high for one in series for _, ratio in one.ratios)) + 0.02)
    axes.set_ylabel("time / dense, 95% interval")
    _finish_axes(axes, record)
    axes.axvline(ENOUGH_ZEROS, color=RULE, linewidth=1.2, linestyle=_DASHED)
    axes.annotate(
        "more than 2/3 zeros:\nsparse kernels may run",
        (ENOUGH_ZEROS, 0.02),
        xytext=(-4, 0),
        textcoords="offset points",
        ha="right",
        color=MUTED,
        fontsize=7.5,
    )
    _legend(axes, columns=4)
    caption = f"{record.model}: latency against sparsity, over that of the dense file of the same precision"
    return _drawn(canvas, "latency", caption, f"Ratios of time to the dense file's: {listed(told)}.")


def _series(record: LadderRecord) -> Iterator[_Series]:
    for together in record.timings:
        files = {file.name: file for file in record.files if file.precision == together.name}
        dense = next((name for name, file in files.items() if file.sparsity is None), None)
        for target in together.targets:
            found = [
                (files[ratio.numerator], ratio)
                for ratio in target.ratios
                if ratio.numerator in files and ratio.denominator == dense
            ]
            if found:
                yield _Series(together.name, target, sorted(found, key=lambda pair: _place(pair[0])))


def _precisions(record: LadderRecord) -> list[str]:
    return list(dict.fromkeys(file.precision for file in record.files))


def _place(file: LadderFile) -> float:
    """Where a file stands along x: the asked share, in percent; a dense file where its own zeros put it."""
    return 100 * (file.zeros if file.sparsity is None else file.sparsity)


def _mark_published(axes: Axes, ratio: float, title: str) -> None:
    axes.axhline(ratio, color=INK, linewidth=1.0, linestyle=_DASHED)
    axes.annotate(
        clipped(title, 60),
        (0, ratio),
        xycoords=("axes fraction", "data"),
        xytext=(4, 3),
        textcoords="offset points",
        color=INK,
        fontsize=7.5,
    )


def _finish_axes(axes: Axes, record: LadderRecord) -> None:
    axes.set_xlim(min(-2.0, *(_place(file) - 2 for file in record.files)), 100)
    axes.set_xlabel("zeros in each 1x1 kernel, %")
    kind = "each rung trained" if record.pruning == "trained" else "pruned in one shot, not trained"
    words = "seeded weights, never trained: size and latency only" if record.measured_only else kind
    axes.set_title(f"{clipped(record.model, 30)}: {words}", pad=22)


def _legend(axes: Axes, *, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2, fontsize=8, labelcolor=MUTED)


def _drawn(canvas: Canvas, name: str, caption: str, alt: str) -> LadderFigure:
    made = finish(canvas, name=name, caption=caption, alt=alt)
    stream = io.BytesIO()
    canvas.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return LadderFigure(name=name, caption=caption, alt=alt, svg=made.file_svg, png=stream.getvalue())
