"""Where templates are found, and the three ways in which they are rendered: HTML, Markdown and Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from zoo.card._escape import (
    finalize_html,
    finalize_markdown,
    html_code,
    link_target,
    markdown_code,
    markdown_fence,
    squeeze,
)


def template_folders() -> list[Path]:
    """Folders that hold templates, first match wins: `./cards`, the wheel's own, the source checkout's."""
    package = Path(__file__).resolve().parent.parent
    candidates = [Path.cwd() / "cards", package / "_cards", package.parent / "cards"]
    return [folder for folder in candidates if folder.is_dir()]


def html_environment() -> ImmutableSandboxedEnvironment:
    """Templates of card.html: every value is one line of plain text, and escaped."""
    environment = _environment(autoescape=True, finalize=finalize_html)
    environment.filters["as_it_stands"] = html_code
    environment.filters["squeeze"] = squeeze
    environment.filters["link_target"] = link_target
    # Drawn by matplotlib, which escapes every label; see _figure_style.
    environment.filters["drawn"] = Markup
    environment.globals["blocks"] = "html.jinja"
    return environment


def markdown_environment() -> ImmutableSandboxedEnvironment:
    """Templates of README.md: every value is escaped for Markdown, unless a filter has made it code."""
    environment = _environment(autoescape=True, finalize=finalize_markdown)
    environment.filters["squeeze"] = squeeze
    environment.filters["link_target"] = link_target
    environment.filters["code_span"] = markdown_code
    environment.filters["fence"] = markdown_fence
    environment.globals["blocks"] = "markdown.jinja"
    return environment


def python_environment() -> ImmutableSandboxedEnvironment:
    """Templates of code: every text is written as a Python literal."""
    return _environment(autoescape=False, finalize=_python_literal)


def _python_literal(value: object) -> object:
    # A JSON string is a Python literal too, and has the double quotes that Python code mostly has.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value


def _environment(**options: Any) -> ImmutableSandboxedEnvironment:
    # Sandboxed, because `./cards` belongs to whatever folder a person happens to stand in.
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(template_folders()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
