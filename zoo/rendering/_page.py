"""One text from one template, and what is said where that cannot be."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import TemplateNotFound
from markupsafe import Markup

from zoo.errors import shortened
from zoo.rendering._data import Kind, Plain
from zoo.rendering._environment import PlainEnvironment

_SUFFIXES = (".jinja", ".css")


class TooMuchError(Exception):
    """A limit that a template went beyond; the sentence goes on after "cannot be rendered: "."""


def render_page(
    kind: Kind,
    template: str,
    values: Mapping[str, Plain],
    ready: Mapping[str, str],
    *,
    folders: Sequence[Path] = (),
    most_letters: int | None = None,
) -> str:
    """The text of one template, that of `folders` before the project's own.

    Raises whatever a template can raise, and TooMuchError beyond so many letters.
    """
    environment = PlainEnvironment(kind, folders)
    written = {name: Markup(text) for name, text in ready.items()}  # noqa: S704  (text of that kind already)
    pieces, letters = [], 0
    for piece in environment.get_template(template).generate({**values, **written}):
        letters += len(piece)
        if most_letters is not None and letters > most_letters:
            raise TooMuchError(f"it writes more than {most_letters:,} letters")
        pieces.append(piece)
    return "".join(pieces)


def sentence_for(error: BaseException, place: str) -> str:
    """What is wrong with the template at `place` or one that it takes in, with file and line where they can be told."""
    reason = shortened(error, 300)
    if isinstance(error, TemplateNotFound):
        reason = f"there is no template '{shortened(error.name)}'"
    elif isinstance(error, MemoryError):
        reason = "it takes too much memory"
    elif isinstance(error, RecursionError):
        reason = "it calls or includes itself without end"
    elif not reason:
        reason = type(error).__name__
    return f"{_spot(error, place)} cannot be rendered: {reason}; correct the template."


def _spot(error: BaseException, place: str) -> str:
    """Jinja puts file and line of a template into tracebacks, and into its own errors of syntax."""
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    if file is None:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(_SUFFIXES)]
        if not frames:
            return place
        file, line = frames[-1].filename, frames[-1].lineno
    return f"{file}, line {line},"
