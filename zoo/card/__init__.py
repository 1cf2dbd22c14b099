"""Model cards: what records say, for the hub, for browsers and for print."""

from zoo.card._context import Snippet
from zoo.card._inspection import write_inspection
from zoo.card._ladder_figures import LadderFigure, ladder_figures
from zoo.card._render import check_templates, render_card, render_changelog, require_templates, use_snippets

__all__ = [
    "LadderFigure",
    "Snippet",
    "check_templates",
    "ladder_figures",
    "render_card",
    "render_changelog",
    "require_templates",
    "use_snippets",
    "write_inspection",
]
