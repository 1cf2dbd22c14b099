"""The training curve: loss and sparsity over the epochs of the three steps, each step shaded."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from zoo.card._blocks import Figure
from zoo.card._figure_style import BAND, INK, MUTED, finish, new_canvas, series_colour
from zoo.card._format import integer, listed, percent, short
from zoo.card._names import step_label
from zoo.records import CurvePoint, TrainRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def training_figure(record: TrainRecord | None) -> Figure | None:
    """The curve of a training record; None where there is none. Call it within the card's figure style."""
    if record is None or not record.curve:
        return None
    canvas = new_canvas(3.3)
    above, below = canvas.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    epochs = range(1, len(record.curve) + 1)
    above.plot(epochs, [point.loss for point in record.curve], color=INK, linewidth=1.6, marker="o", markersize=3)
    above.set_ylim(bottom=0)
    above.set_ylabel("loss")
    zeros = [100 * point.sparsity for point in record.curve]
    below.plot(epochs, zeros, color=series_colour("sparse"), linewidth=1.8, drawstyle="steps-mid")
    below.set_ylim(0, 100)
    below.set_ylabel("zeros, %")
    below.set_xlabel("epoch, counted through all steps")
    below.xaxis.get_major_locator().set_params(integer=True)
    steps = _steps(record.curve)
    for axes in (above, below):
        axes.grid(visible=False, axis="x")
        axes.set_xlim(0.5, len(record.curve) + 0.5)
        _shade(axes, steps)
    for name, first, last in steps:
        place = ((first + last) / 2, 1.0)
        above.annotate(
            step_label(name),
            place,
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=MUTED,
        )
    return finish(
        canvas, name="training", caption="Loss and zeros over the epochs of the three steps", alt=_alt(record)
    )


def _steps(curve: list[CurvePoint]) -> list[tuple[str, int, int]]:
    """Each step with its first and last epoch, counted through all steps."""
    found, first = [], 1
    for name, points in groupby(curve, key=lambda point: point.step):
        last = first + len(list(points)) - 1
        found.append((name, first, last))
        first = last + 1
    return found


def _shade(axes: Axes, steps: list[tuple[str, int, int]]) -> None:
    for number, (_, first, last) in enumerate(steps):
        if number % 2 == 1:
            axes.axvspan(first - 0.5, last + 0.5, color=BAND, linewidth=0, zorder=0)
        if number > 0:
            axes.axvline(first - 0.5, color=MUTED, linewidth=0.8)


def _alt(record: TrainRecord) -> str:
    parts = []
    for name, points in groupby(record.curve, key=lambda point: point.step):
        held = list(points)
        parts.append(
            f"{step_label(name)}, {integer(len(held))} epochs: loss {short(held[0].loss)} to {short(held[-1].loss)}, "
            f"zeros {percent(held[0].sparsity)} to {percent(held[-1].sparsity)}"
        )
    return f"Lines of loss and share of zeros over epochs. {listed(parts)}."
