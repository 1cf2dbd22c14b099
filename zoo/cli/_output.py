"""Standard output: one JSON document, or text and tables for a person."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import Console
    from rich.table import Table

LOG_WIDTH = 140
"""Width of tables where standard output is not a terminal, so that logs and pipes get whole rows."""


_written: list[bool] = []


def write_json(document: Any) -> None:
    """One JSON document: a record or a part of one, or mappings and lists of plain values and such parts."""
    text = json.dumps(document, indent=2, default=_plain, ensure_ascii=False)
    _written.append(True)
    sys.stdout.write(text + "\n")


def has_document() -> bool:
    """Whether this command wrote its document: under --json there is one, and no error adds another."""
    return bool(_written)


def forget_document() -> None:
    """Begin another command in the same process."""
    _written.clear()


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return fields_of(value)
    return str(value)


def fields_of(part: DataclassInstance) -> dict[str, Any]:
    """The fields of a dataclass by name, for a document that has more."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


def person() -> Console:
    """A console for standard output; no colour when it is not a terminal or NO_COLOR is set."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else LOG_WIDTH
    return Console(highlight=False, soft_wrap=True, width=width, markup=False, emoji=False)


def terminal() -> tuple[bool, int | None]:
    """Whether standard output takes colour, and how wide it is; None where it is no terminal, so whole lines go out."""
    if not sys.stdout.isatty():
        return False, None
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb", shutil.get_terminal_size().columns


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A plain table; `right` names the columns of numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made
