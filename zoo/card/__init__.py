"""Model cards: what records say, for the hub, for browsers and for print."""

from zoo.card._inspection import write_inspection
from zoo.card._ladder_figures import LadderFigure, ladder_figures
from zoo.card._render import render_card
from zoo.card._templates import html_environment, template_folders

__all__ = ["LadderFigure", "html_environment", "ladder_figures", "render_card", "template_folders", "write_inspection"]
