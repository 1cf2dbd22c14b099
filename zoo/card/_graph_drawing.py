"""The graph of a model as a strip of layers: one column a layer, high as its share of time, arcs where values skip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.card._blocks import NotMeasured
from zoo.card._format import integer
from zoo.records import InspectedLayer

MOST_COLUMNS = 600
"""A strip of more layers could not be told apart."""
_STEP, _TOP, _BARS, _BAND = 8, 70, 90, 12
_LEAST = 2.0
"""Pixels: width of a column with its gap, room for arcs, for bars, for the band below; the least height of a bar."""


@dataclass(frozen=True)
class Column:
    """One layer: where its bar stands. `place` names its colour."""

    x: float
    y: float
    width: float
    height: float
    place: str
    broken: bool


@dataclass(frozen=True)
class Arc:
    """A value that skips layers, as an SVG path that rises to `height` above the bars."""

    path: str
    height: float


@dataclass(frozen=True)
class Span:
    """Layers next to each other in the same place."""

    x: float
    width: float
    place: str


@dataclass(frozen=True)
class GraphDrawing:
    """Numbers only, so that nothing of the model's own text is in the drawing. Nothing is drawn above `top`."""

    width: int
    top: int
    height: int
    band_y: int
    band_height: int
    columns: list[Column]
    arcs: list[Arc]
    spans: list[Span]
    alt: str


def draw_graph(layers: Sequence[InspectedLayer]) -> GraphDrawing | NotMeasured:
    """The strip, or why there is none."""
    if not layers:
        return NotMeasured("Graph", "the main graph has no operators")
    if len(layers) > MOST_COLUMNS:
        return NotMeasured("Graph", f"{integer(len(layers))} layers are too many to draw")
    most = max(layer.time_share for layer in layers) or 1.0
    columns = []
    for place, layer in enumerate(layers):
        height = max(_BARS * layer.time_share / most, _LEAST)
        columns.append(
            Column(place * _STEP + 1, _TOP + _BARS - height, _STEP - 2, height, layer.place, bool(layer.broken))
        )
    spans = _spans(layers)
    arcs = [_arc(source, place) for place, layer in enumerate(layers) for source in _skipped(layer, place)]
    top = _TOP - int(max((arc.height for arc in arcs), default=0)) - 2
    return GraphDrawing(
        width=len(layers) * _STEP,
        top=top,
        height=_TOP + _BARS + 4 + _BAND - top,
        band_y=_TOP + _BARS + 4,
        band_height=_BAND,
        columns=columns,
        arcs=arcs,
        spans=spans,
        alt=_alt(layers, spans),
    )


def _skipped(layer: InspectedLayer, place: int) -> list[int]:
    """The layers before the one just before it that it reads."""
    return [source for source in dict.fromkeys(layer.reads) if 0 <= source < place - 1]


def _arc(source: int, target: int) -> Arc:
    start, end = ((place + 0.5) * _STEP for place in (source, target))
    pull = min(_TOP - 4.0, 6 + (end - start) / 4)
    path = f"M{start:.0f} {_TOP} C{start:.0f} {_TOP - pull:.0f} {end:.0f} {_TOP - pull:.0f} {end:.0f} {_TOP}"
    # A cubic curve comes three quarters of the way to control points of the same height.
    return Arc(path, 0.75 * pull)


def _spans(layers: Sequence[InspectedLayer]) -> list[Span]:
    spans: list[Span] = []
    for place, layer in enumerate(layers):
        if spans and spans[-1].place == layer.place:
            spans[-1] = Span(spans[-1].x, spans[-1].width + _STEP, layer.place)
        else:
            spans.append(Span(place * _STEP, _STEP, layer.place))
    return spans


def _alt(layers: Sequence[InspectedLayer], spans: Sequence[Span]) -> str:
    words = {"inside": "in the sparse region", "candidate": "that could be in a region", "outside": "outside"}
    told = []
    for span in spans[:8]:
        first, last = int(span.x // _STEP) + 1, int((span.x + span.width) // _STEP)
        told.append(f"{first} to {last} {words[span.place]}")
    more = f", and {len(spans) - 8} more stretches" if len(spans) > 8 else ""
    broken = sum(bool(layer.broken) for layer in layers)
    stops = f"; {integer(broken)} break a rule" if broken else ""
    return f"{integer(len(layers))} layers from left to right: {', '.join(told)}{more}{stops}."
