"""What `zoo inspect` shows a person: the answer first, then what stops it, then what costs most.

Drawn without Rich, which takes longer to import than the file takes to inspect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from zoo.records import (
    EngagementVerdict,
    GainPrediction,
    InspectedFile,
    InspectedLayer,
    Remedy,
    SparseLayout,
)

MOST_LAYERS = 12
MOST_PLACES = 6
"""Places of one rule that are shown, and layers; the rest are counted."""
_GAP = "  "
_PLACES = {"inside": "in region", "candidate": "could be", "outside": "outside"}


class Screen:
    """Text for a person, in colour or not, no line wider than `width` where that is known."""

    def __init__(self, *, colour: bool, width: int | None) -> None:
        self._colour, self._width = colour, width
        self.lines: list[str] = []

    def add(self, text: str = "", **style: Any) -> None:
        """One line; `style` as for `typer.style`."""
        self.lines.append(self.styled(self._clipped(text), **style))

    def labelled(self, label: str, text: str, **style: Any) -> None:
        """A short word in a column of its own, then text, folded below itself where it is long."""
        indent = f"{_GAP}{label:<12}"
        for line in _folded(text, None if self._width is None else max(self._width - len(indent), 20)):
            self.lines.append(self.styled(indent, dim=True) + self.styled(line, **style))
            indent = " " * len(indent)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[dict[str, Any]] = ()) -> None:
        """Columns under `head`, all but the last to the right; the last takes what is left of the line."""
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 1)]
        for place, row in enumerate((head, *rows)):
            cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=False)]
            style = {"dim": True} if place == 0 else styles[place - 1] if styles else {}
            self.add(_GAP + _GAP.join([*cells, row[-1]]), **style)

    def styled(self, text: str, **style: Any) -> str:
        return typer.style(text, **style) if self._colour and style else text

    def _clipped(self, text: str) -> str:
        if self._width is None or len(text) <= self._width:
            return text
        return f"{text[: self._width - 1]}\N{HORIZONTAL ELLIPSIS}"


def show(part: InspectedFile, screen: Screen) -> None:
    """One file of what was inspected."""
    screen.add(part.name, bold=True)
    types = ", ".join(f"{count:,} {dtype}" for dtype, count in part.weights.items()) or "none"
    screen.labelled("file", f"{part.file.bytes:,} bytes, {part.gzip_bytes:,} after gzip")
    screen.labelled("weights", f"{types}; {part.pointwise_sparsity:.1%} zeros in 1x1 kernels")
    screen.labelled("tensors", f"{part.tensors:,}, {part.sparse_tensors:,} of them stored sparse")
    operators = sorted(part.operators.items(), key=lambda item: (-item[1], item[0]))
    screen.labelled("operators", ", ".join(f"{count} {name}" for name, count in operators))
    for verdict, gain in zip(part.verdicts, part.predictions, strict=True):
        screen.add()
        _verdict(verdict, screen)
        _prediction(gain, screen)
        _breaks(verdict, screen)
    screen.add()
    _bytes(part, screen)
    if part.layers:
        screen.add()
        _layers(part, screen)


def _verdict(verdict: EngagementVerdict, screen: Screen) -> None:
    screen.add(f"{verdict.outcome.upper()} on {verdict.target}", bold=True, fg=_colour(verdict.sparse))
    screen.labelled("why", verdict.summary)
    if verdict.first_operator is not None:
        screen.labelled("region", f"{verdict.first_operator} to {verdict.last_operator}")
    if verdict.zero_share is not None:
        screen.labelled("zeros", f"{verdict.zero_share:.1%} of its 1x1 weights; more than 66.7% are needed")


def _prediction(gain: GainPrediction, screen: Screen) -> None:
    if gain.error is not None and gain.ratio is not None:
        text = f"{gain.ratio:.2f} of the time of the same weights stored dense, give or take {gain.error:.2f}"
        screen.labelled("prediction", text, fg=_colour(gain.ratio < 1))
    elif gain.ratio is not None:
        screen.labelled("prediction", "nothing is gained: dense kernels run")
    if gain.possible_ratio is not None and gain.possible_zeros is not None:
        text = f"if it ran sparse with {gain.possible_zeros:.0%} zeros: about {gain.possible_ratio:.2f} of its time"
        screen.labelled("", text)
    left = (
        f", {gain.multiply_adds_left / 1e6:,.1f} million left" if gain.multiply_adds_left < gain.multiply_adds else ""
    )
    screen.labelled("work", f"{gain.multiply_adds / 1e6:,.1f} million multiply-adds{left}")
    for note in gain.notes:
        screen.labelled("note", note, fg="yellow")


def _breaks(verdict: EngagementVerdict, screen: Screen) -> None:
    for number, (first, *others) in enumerate(verdict.grouped_breaks(), start=1):
        screen.add()
        screen.add(f"{number}. {first.rule}", bold=True, fg="red")
        for one in (first, *others)[:MOST_PLACES]:
            screen.labelled("where", one.where)
        if len(others) >= MOST_PLACES:
            screen.labelled("", f"and {len(others) + 1 - MOST_PLACES} more")
        screen.labelled("change", first.advice, fg="green")
        if first.remedies:
            screen.labelled("rewrite", ", ".join(remedy_in_words(remedy) for remedy in first.remedies), fg="green")
        screen.labelled("upstream", first.upstream, dim=True)


def remedy_in_words(remedy: Remedy) -> str:
    """A rewrite and what it does to outputs."""
    return f"{remedy.rewrite} ({'exact' if remedy.exact else 'to be recovered by training'})"


def _bytes(part: InspectedFile, screen: Screen) -> None:
    rows = [
        (f"{size:,}", f"{part.weight_gzip_bytes.get(kind, 0):,}", kind.replace("_", " "))
        for kind, size in sorted(part.weight_bytes.items(), key=lambda item: -item[1])
    ]
    screen.table(("bytes", "deflated", "of"), rows)
    for layout in part.sparse_layouts:
        screen.labelled("stored", layout_in_words(layout))


def layout_in_words(layout: SparseLayout) -> str:
    """A layout of sparse tensors on one line."""
    levels = [
        f"{dimension} {level.format}" + (f" ({level.segment_dtype}, {level.index_dtype})" if level.index_dtype else "")
        for dimension, level in zip(layout.traversal_order, layout.levels, strict=True)
    ]
    blocks = [f"{size} along {cut}" for size, cut in zip(layout.block_sizes, layout.block_map, strict=True)]
    cut = f", blocks of {' and '.join(blocks)}" if blocks else ""
    count = len(layout.tensors)
    return f"{count} sparse tensor{'s' if count > 1 else ''} of {layout.dtype}: dimensions {', '.join(levels)}{cut}"


def _layers(part: InspectedFile, screen: Screen) -> None:
    worst = sorted(part.layers, key=lambda layer: (not layer.broken, -layer.time_share))[:MOST_LAYERS]
    rows = [
        (
            f"{layer.time_share:.1%}",
            f"{layer.multiply_adds / 1e6:,.2f}",
            f"{layer.weights:,}",
            f"{layer.sparsity:.0%}",
            f"{layer.value_bytes + layer.index_bytes:,}",
            f"{layer.gzip_bytes:,}",
            _PLACES[layer.place],
            f"{layer.layer}{': ' if layer.broken else ''}{', '.join(layer.broken)}",
        )
        for layer in worst
    ]
    head = ("pred. time", "M mul-adds", "weights", "zeros", "bytes", "deflated", "region", "layer, worst first")
    screen.table(head, rows, [_layer_style(layer) for layer in worst])
    if len(part.layers) > len(worst):
        screen.add(f"{_GAP}and {len(part.layers) - len(worst)} more; --html and --json have them all", dim=True)


def _layer_style(layer: InspectedLayer) -> dict[str, Any]:
    return {"fg": "red"} if layer.broken else {"fg": "green"} if layer.place == "inside" else {}


def _colour(good: bool) -> str:
    return "green" if good else "red"


def _folded(text: str, width: int | None) -> list[str]:
    """Lines of whole words, none longer than `width` but for a word that is."""
    lines = [""]
    for word in text.split(" "):
        if width is not None and lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines
