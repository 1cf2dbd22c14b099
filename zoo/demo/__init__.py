"""Dense beside sparse: a page that runs both models in a browser, and pictures and films that need none.

Both sides see the same pixels. The page runs MediaPipe's web runtime, rendering MediaPipe's own graph.
"""

from zoo.demo._film import FILM_SUFFIX, render_film
from zoo.demo._page import PAGE_FILE, DemoPage, check_place, write_page
from zoo.demo._serve import serving
from zoo.demo._sheet import SHEET_SUFFIX, render_sheet
from zoo.demo._shown import MOST_PICTURES, Rendered, Shown, shown_pictures
from zoo.demo._side import Side, make_side

__all__ = [
    "FILM_SUFFIX",
    "MOST_PICTURES",
    "PAGE_FILE",
    "SHEET_SUFFIX",
    "DemoPage",
    "Rendered",
    "Shown",
    "Side",
    "check_place",
    "make_side",
    "render_film",
    "render_sheet",
    "serving",
    "shown_pictures",
    "write_page",
]
