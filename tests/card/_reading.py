"""Reading card.html the way a browser and a screen reader do, as far as the tests ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class TableSeen:
    columns: int = 0
    widths: list[int] = field(default_factory=list)
    caption: str = ""
    scopes: set[str] = field(default_factory=set)


@dataclass
class Page:
    """What stands on the page. `drawings`: the text alternatives of figures; `text`: all words, spaces squeezed."""

    source: str
    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    tables: list[TableSeen] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    content_security_policy: str = ""
    text: str = ""


def read_page(source: str) -> Page:
    page = Page(source)
    reader = _Reader(page)
    reader.feed(source)
    reader.close()
    page.text = " ".join("".join(reader.words).split())
    return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.words: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        page = self.page
        page.tags.append(tag)
        self.inside.append(tag)
        page.handlers += [name for name in values if name.startswith("on")]
        if "id" in values:
            page.ids.append(values["id"])
        if tag == "a":
            page.links.append(values["href"])
        elif tag == "meta" and values.get("http-equiv") == "Content-Security-Policy":
            page.content_security_policy = values["content"]
        elif tag in {"h1", "h2", "h3", "h4"}:
            page.headings.append(int(tag[1]))
        elif tag == "table":
            page.tables.append(TableSeen())
        elif tag == "tr":
            page.tables[-1].widths.append(0)
        elif tag in {"td", "th"}:
            self._cell(values)
        elif values.get("role") == "img":
            page.drawings.append(values["aria-label"])

    def _cell(self, values: dict[str, str]) -> None:
        table = self.page.tables[-1]
        table.widths[-1] += 1
        table.columns = max(table.columns, table.widths[0])
        if "scope" in values:
            table.scopes.add(values["scope"])

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            continue
        if tag in {"p", "li", "td", "th", "caption", "dt", "dd", "h1", "h2", "h3", "pre"}:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.inside):
            self.words.append(data)
        if "caption" in self.inside:
            self.page.tables[-1].caption += data
