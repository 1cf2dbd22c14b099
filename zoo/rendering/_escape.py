"""Text made harmless: as one line, for Markdown and as code; HTML is Jinja's own matter."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from markupsafe import Markup, escape

_JOINERS = "\u200c\u200d"
"""Invisible, but several scripts cannot be written without them."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS = re.compile(r"[\\`*_\[\]|~$#{}!]")
_BLOCK_START = re.compile(r"^([-+=](?=[-+=\s]|$)|\d{1,9}[.)](?=\s|$))")


def escape_markdown(text: str) -> Markup:
    """Text as one line that Markdown shows as it reads, wherever it stands: in a paragraph, a list or a table cell.

    Angle brackets and ampersands become entities, so that no renderer sees HTML in it.
    """
    line = "".join(_ENTITIES.get(c, c) for c in plain(text))
    line = _MARKS.sub(lambda match: "\\" + match[0], line)
    # A list or heading could start here; the mark is the last character of what the pattern takes.
    line = _BLOCK_START.sub(lambda match: match[0][:-1] + "\\" + match[0][-1], line)
    return Markup(line)  # noqa: S704  (this is the escaping)


def finalize_markdown(value: object) -> object:
    """What every expression of a Markdown template passes through before it is written."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape_markdown(value)
    return value


def finalize_html(value: object) -> object:
    """What every expression of an HTML template passes through before Jinja escapes it."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value)
    return value


def html_code(text: str) -> Markup:
    """Text as it stands, its lines kept, for the inside of a `pre`."""
    return escape(text)


def markdown_code(text: str) -> Markup:
    """Text as a code span, not for table cells: a pipe ends a cell even in code."""
    line = plain(text)
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return Markup(f"{ticks}{pad}{line}{pad}{ticks}")  # noqa: S704


def markdown_fence(text: str, language: str) -> Markup:
    """Text as a fenced block whose fence the text cannot close."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return Markup(f"{fence}{language}\n{text.rstrip()}\n{fence}")  # noqa: S704


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def link_target(url: str) -> str:
    """An https address whose odd characters are percent-encoded, so that it ends where it should."""
    return quote(url, safe=":/?#@!$&'*+,;=%~-._") if url.startswith("https://") else ""


def squeeze(text: Markup) -> Markup:
    """A paragraph of a template on one line."""
    return Markup(" ".join(text.split()))  # noqa: S704  (escaped before)


def plain(text: str) -> str:
    """One line of text without control characters and without marks that turn the reading direction."""
    kept = "".join(" " if c in "\n\r\t\v\f\x85\u2028\u2029" else c for c in text)
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn"}
    return " ".join("".join(c for c in kept if c in _JOINERS or unicodedata.category(c) not in hidden).split())
