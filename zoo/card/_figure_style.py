"""How figures look: one style, deterministic bytes, and colours that card.html can turn for dark screens."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.card._blocks import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK = "#1f2a37"
MUTED = "#5b6676"
RULE = "#d5dae1"
PAPER = "#ffffff"
BAND = "#eef1f5"
SERIES = {
    "published_dense": "#8b95a3",
    "published_sparse": "#5277b5",
    "dense": "#c2873a",
    "sparse": "#0f7b6c",
    "twin": "#9b7fb8",
}
BROKEN = "#b3261e"
OTHER_SERIES = "#b0568a"
"""For rungs of a ladder: other files of the release."""

VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--paper",
    BAND: "--band",
    BROKEN: "--place-broken",
    OTHER_SERIES: "--series-other",
    **{colour: f"--series-{name.replace('_', '-')}" for name, colour in SERIES.items()},
}
"""The CSS variable by which card.html draws each colour."""

WIDTH = 6.4
"""Inches: at 72 points an inch a little less than a card's column, so that letters keep their size."""

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mediapipe-zoo",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "figure.facecolor": PAPER,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
}


def series_colour(name: str) -> str:
    """The colour of a file, the same in all figures."""
    return SERIES.get(name, OTHER_SERIES)


@contextmanager
def style() -> Iterator[None]:
    """Draw in the card's style; matplotlib's own settings come back afterwards."""
    import matplotlib as mpl

    with mpl.rc_context(_SETTINGS):
        yield


def new_canvas(height: float) -> Canvas:
    """An empty figure of the card's width and so many inches of height, outside pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewCanvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    canvas = NewCanvas(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(h_pad=0.07, hspace=0.03))
    FigureCanvasAgg(canvas)
    return canvas


def only_x_grid(axes: Axes) -> None:
    """Rules along x only, and no frame on the left: for rows of dots and bars."""
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def finish(canvas: Canvas, *, name: str, caption: str, alt: str) -> Figure:
    """The figure as SVG. The same numbers give the same bytes: no date, fixed identifiers."""
    stream = io.StringIO()
    canvas.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = stream.getvalue()
    # The document type names a file elsewhere, which some viewers fetch.
    body = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    return finish_svg(body, name=name, caption=caption, alt=alt)


def finish_svg(body: str, *, name: str, caption: str, alt: str) -> Figure:
    """The figure of a drawing that is SVG already, in the colours of this module, each in a `style`."""
    return Figure(name=name, caption=caption, alt=alt, inline_svg=_inline(body, name), file_svg=body)


def _inline(svg: str, name: str) -> str:
    """Make the drawing part of a page: identifiers of its own, colours by CSS variable, decorative to screen readers.

    The page's own text alternative stands at the figure element.
    """
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(xlink:)?href="#([^"]+)"', rf'\1href="#{name}-\2"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r"font: ((?:bold )?[\d.]+px) [^;\"]+", r"font: \1 var(--font)", svg)
    svg = re.sub(r"font-family: [^;\"]+", "font-family: var(--font)", svg)
    # The variable only where a colour stands; labels may hold the same characters.
    for colour, variable in VARIABLES.items():
        svg = re.sub(rf"(fill|stroke): {colour}", rf"\1: var({variable})", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()
