"""What a card is made of: tables, figures and facts whose numbers are already written out, ready for any template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column's heading. Numbers stand to the right."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is that row's heading."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class NotMeasured:
    """Stands where a table, figure or fact would, when no record holds it."""

    what: str
    reason: str


@dataclass(frozen=True)
class Figure:
    """A figure, as a file for README.md and inline for card.html. `alt` tells in words what it shows."""

    name: str
    caption: str
    alt: str
    inline_svg: str
    file_svg: str

    @property
    def path(self) -> str:
        """Where the file lies, below the card's folder."""
        return f"figures/{self.name}.svg"


@dataclass(frozen=True)
class Fact:
    """One number at the top of the card: what it is, the number, and what to hold it against."""

    label: str
    value: str
    detail: str


def table(caption: str, columns: str, rows: Sequence[tuple[str, ...]]) -> Table:
    """A table from headings parted by `|`; a heading that starts with `#` is over numbers."""
    headings = [heading.strip() for heading in columns.split("|")]
    return Table(
        caption=caption,
        columns=tuple(Column(title=h.lstrip("#").strip(), number=h.startswith("#")) for h in headings),
        rows=tuple(rows),
    )
