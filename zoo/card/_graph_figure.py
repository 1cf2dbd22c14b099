"""The sparse region of a model's graph as a figure: the strip of `zoo inspect --html` with its legend, for the card."""

from __future__ import annotations

from zoo.card._blocks import Figure, NotMeasured
from zoo.card._figure_style import BROKEN, INK, MUTED, PAPER, SERIES, finish_svg
from zoo.card._graph_drawing import GraphDrawing, draw_graph
from zoo.records import InspectedFile

PLACES = {"inside": SERIES["sparse"], "candidate": SERIES["dense"], "outside": SERIES["published_dense"]}
_LEGEND = (
    (PLACES["inside"], "in the sparse region"),
    (PLACES["candidate"], "would be, were no rule broken"),
    (PLACES["outside"], "outside"),
    (BROKEN, "breaks a rule"),
)
_LEAST, _EDGE = 560, 6
"""Pixels: the least width, which the legend needs, and the room around."""


def graph_figure(file: InspectedFile | None) -> Figure | None:
    """Where the sparse region of a file runs, layer by layer; None where there is nothing that could be drawn."""
    if file is None:
        return None
    drawing = draw_graph(file.layers)
    if isinstance(drawing, NotMeasured):
        return None
    caption = (
        "The sparse file's layers in the order they run: bars are predicted shares of time in WebAssembly, arcs values "
        "that skip layers, and the band below shows where the sparse region runs"
    )
    return finish_svg(_draw(drawing), name="graph", caption=caption, alt=f"Strip of layers. {drawing.alt}")


def _draw(drawing: GraphDrawing) -> str:
    """SVG of numbers and fixed words only: nothing of the model's own text is in it."""
    width = max(drawing.width, _LEAST)
    letters = 11 * width / _LEAST
    legend = drawing.top + drawing.height + 1.9 * letters
    height = legend + letters - drawing.top
    box = f"{-_EDGE} {drawing.top - _EDGE} {width + 2 * _EDGE} {height + 2 * _EDGE:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width + 2 * _EDGE}" '
        f'height="{height + 2 * _EDGE:.0f}">',
        f'<rect x="{-_EDGE}" y="{drawing.top - _EDGE}" width="100%" height="100%" style="fill: {PAPER}"/>',
    ]
    parts += [
        f'<path d="{arc.path}" style="fill: none; stroke: {MUTED}; stroke-width: 1; opacity: .7"/>'
        for arc in drawing.arcs
    ]
    for bar in drawing.columns:
        colour = BROKEN if bar.broken else PLACES[bar.place]
        parts.append(_rect(bar.x, bar.y, bar.width, bar.height, colour))
    parts += [
        _rect(span.x, drawing.band_y, span.width, drawing.band_height, PLACES[span.place]) for span in drawing.spans
    ]
    x = 0.0
    for colour, words in _LEGEND:
        parts.append(_rect(x, legend - 0.8 * letters, 0.9 * letters, 0.9 * letters, colour))
        style = f"font: {letters:.1f}px sans-serif; fill: {INK}"
        parts.append(f'<text x="{x + 1.3 * letters:.1f}" y="{legend:.1f}" style="{style}">{words}</text>')
        x += (3.4 + 0.53 * len(words)) * letters
    return "\n".join([*parts, "</svg>\n"])


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:g}" y="{y:.1f}" width="{width:.4g}" height="{height:.1f}" style="fill: {colour}"/>'
