"""Model cards: what records say, for the hub, for browsers and for print."""

from zoo.card._context import Snippet
from zoo.card._inspection import write_inspection
from zoo.card._ladder_figures import LadderFigure, ladder_figures
from zoo.card._render import check_templates, render_card, render_changelog, use_snippets
from zoo.card._templates import html_environment, template_folders

__all__ = [
    "LadderFigure",
    "Snippet",
    "check_templates",
    "html_environment",
    "ladder_figures",
    "render_card",
    "render_changelog",
    "template_folders",
    "use_snippets",
    "write_inspection",
]
