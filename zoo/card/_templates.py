"""Where templates are found, how they are rendered (HTML, Markdown, Python), and what is said where one is wrong."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError
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
from zoo.errors import InputError

OWN = "zoo"
"""`zoo/NAME` is this project's template of that name, for templates that extend it under the same name."""
CARD_TEMPLATES = ("body.jinja", "README.md.jinja", "card.html.jinja", "card.css", "markdown.jinja", "html.jinja")
SUFFIXES = (".jinja", ".css")
_WRONG = (TemplateError, ArithmeticError, TypeError, ValueError, RecursionError)
"""What a template can raise while it is rendered."""


def template_folders(first: Path | None = None) -> list[Path]:
    """Folders that hold templates, first match wins: `first`, `./cards`, the project's own."""
    candidates = [*([first] if first else []), Path.cwd() / "cards", *_own_folders()]
    return [folder for folder in candidates if folder.is_dir()]


def _own_folders() -> list[Path]:
    """The wheel's templates and the source checkout's, whichever is there."""
    package = Path(__file__).resolve().parent.parent
    return [folder for folder in (package / "_cards", package.parent / "cards") if folder.is_dir()]


def require_templates(folder: Path) -> None:
    """Raises InputError where there is no such folder, or it holds nothing that a card is made from."""
    if not folder.is_dir():
        raise InputError(f"--template: there is no folder {folder}; name one that holds templates, such as body.jinja.")
    if not any((folder / name).is_file() for name in CARD_TEMPLATES) and not any(folder.glob("snippets/*.jinja")):
        names = ", ".join(CARD_TEMPLATES)
        raise InputError(f"--template: {folder} holds no template of a card; their names are {names}.")


def render(environment: ImmutableSandboxedEnvironment, name: str, variables: Mapping[str, Any]) -> str:
    """The text of template `name`. Raises InputError, with file and line, where it cannot be rendered."""
    try:
        return environment.get_template(name).render(variables)
    except _WRONG as error:
        raise InputError(f"{_place(error, name)} cannot be rendered: {error}") from error


def _place(error: BaseException, name: str) -> str:
    """File and line of the template that is wrong; Jinja puts them into tracebacks, and syntax errors hold them."""
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    if file is None:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.endswith(SUFFIXES)]
        if not frames:
            return name
        file, line = frames[-1].filename, frames[-1].lineno
    return f"{file}, line {line},"


def html_environment(first: Path | None = None) -> ImmutableSandboxedEnvironment:
    """Templates of card.html: every value is one line of plain text, and escaped."""
    environment = _environment(first, autoescape=True, finalize=finalize_html)
    environment.filters["as_it_stands"] = html_code
    environment.filters["squeeze"] = squeeze
    environment.filters["link_target"] = link_target
    # Drawn by matplotlib, which escapes every label; see _figure_style.
    environment.filters["drawn"] = Markup
    environment.globals["blocks"] = "html.jinja"
    return environment


def markdown_environment(first: Path | None = None) -> ImmutableSandboxedEnvironment:
    """Templates of README.md: every value is escaped for Markdown, unless a filter has made it code."""
    environment = _environment(first, autoescape=True, finalize=finalize_markdown)
    environment.filters["squeeze"] = squeeze
    environment.filters["link_target"] = link_target
    environment.filters["code_span"] = markdown_code
    environment.filters["fence"] = markdown_fence
    environment.globals["blocks"] = "markdown.jinja"
    return environment


def python_environment(first: Path | None = None) -> ImmutableSandboxedEnvironment:
    """Templates of code: every text is written as a Python literal."""
    return _environment(first, autoescape=False, finalize=_python_literal)


def _python_literal(value: object) -> object:
    # A JSON string is a Python literal too, and has the double quotes that Python code mostly has.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value


def _environment(first: Path | None, **options: Any) -> ImmutableSandboxedEnvironment:
    own = PrefixLoader({OWN: FileSystemLoader(_own_folders())})
    # Sandboxed, because `./cards` belongs to whatever folder a person happens to stand in.
    return ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(template_folders(first)), own]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
