"""Texts of specs and records are shown as they read, whatever they hold."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from xml.etree import ElementTree

import pytest
from huggingface_hub import ModelCard
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.card import _records
from tests.card._poison import IDENTIFIERS, poisoned
from tests.card._reading import read_page
from tests.release._releases import gates
from zoo.card import render_card
from zoo.card._format import plain
from zoo.records import GateOverride
from zoo.rendering._escape import escape_markdown, link_target, markdown_code, markdown_fence
from zoo.spec import Citation, ModelSpec

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style></p></td><h1>owned</h1>",
    "{{ 7 * 7 }}{% for x in y %}{# gone #}",
    "a | b | c\n| --- | --- |\n# heading\n\n- list\n1. list",
    "`code` ``` fence ~~~ **bold** _em_ [link](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "---\nlicense: mit\n---",
    "\"quotes\" 'single' & &lt; &#60; \\ backslash \\| pipe",
    "$x^2$ $$\\frac{1}{2}$$ $broken",
    "\u202egnp.exe \u0000\u001b[31m red",
    "1. first",
    "- dash",
    "+ plus",
    "=====",
]


def markdown() -> MarkdownIt:
    """The hub renders GitHub's Markdown with HTML let through: the worst case."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def flat(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in [token, *(token.children or [])]]


def shown(tokens: list[Token]) -> str:
    return "".join(token.content for token in flat(tokens) if token.type in {"text", "code_inline"} and token.content)


def hostile_spec(text: str) -> ModelSpec:
    spec = _records.spec()
    card = spec.card.model_copy(
        update={
            "summary": text,
            "intended_use": [text],
            "out_of_scope": [text],
            "limits": [text],
            "ethics": [text],
            "citations": [Citation.model_construct(text=text, url="https://example.org/a)b <c>|\n# d")],
            "tags": [text],
        }
    )
    references = {
        name: ref.model_copy(update={"title": text, "licence": text}) for name, ref in spec.references.items()
    }
    gates = [spec.gates[0].model_copy(update={"purpose": text})]
    drops = [spec.dropin[0].model_copy(update={"graph": text, "replaces": text, "runtime": text})]
    changes = {"title": text, "licence": text, "card": card, "references": references, "gates": gates, "dropin": drops}
    return spec.model_copy(update=changes)


@pytest.fixture(scope="module", params=range(len(HOSTILE)))
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    text = HOSTILE[request.param]
    folder = tmp_path_factory.mktemp("card")
    data = _records.data().model_copy(update={"name": text, "sources": [text]})
    render_card(hostile_spec(text), {"data": data}, folder)
    return text, folder


def test_the_page_shows_it_and_runs_nothing(hostile: tuple[str, Path]) -> None:
    text, folder = hostile
    page = read_page((folder / "card.html").read_text())
    assert not {"script", "img", "iframe"} & set(page.tags)
    assert page.handlers == []
    assert page.headings.count(1) == 1
    assert all(link.startswith(("#", "https://example.org/")) for link in page.links)
    assert page.text.count(plain(text)) >= 8
    assert all(set(table.widths) == {table.columns} for table in page.tables)


def test_the_readme_shows_it_and_holds_no_html(hostile: tuple[str, Path]) -> None:
    text, folder = hostile
    card = ModelCard.load(folder / "README.md")
    tokens = markdown().parse(card.text)
    assert not [token for token in flat(tokens) if token.type.startswith("html")]
    images = [token for token in flat(tokens) if token.type == "image"]
    assert images == []
    links = [token.attrs["href"] for token in flat(tokens) if token.type == "link_open"]
    assert links == ["https://example.org/a%29b%20%3Cc%3E%7C%0A%23%20d".replace("%23", "#")]
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    assert headings.count("h1") == 1
    assert headings.count("h2") == 11
    assert shown(tokens).count(plain(text)) >= 8
    assert card.data.tags == [plain(text)]


def test_the_snippets_stay_code(hostile: tuple[str, Path]) -> None:
    _, folder = hostile
    card = ModelCard.load(folder / "README.md")
    fences = [token for token in markdown().parse(card.text) if token.type == "fence"]
    snippets = [token.content for token in fences if token.info == "python"]
    assert len(snippets) == 2
    for snippet in snippets:
        compile(snippet, "snippet", "exec")


def test_hostile_group_names_are_drawn_as_they_read(tmp_path: Path) -> None:
    fairness = _records.fairness()
    column = fairness.columns[0]
    groups = [column.groups[0].model_copy(update={"group": text}) for text in HOSTILE]
    column = column.model_copy(update={"column": HOSTILE[0], "groups": groups})
    render_card(_records.spec(), {"fairness": fairness.model_copy(update={"columns": [column]})}, tmp_path)
    page = read_page((tmp_path / "card.html").read_text())
    assert not {"script", "img"} & set(page.tags)
    assert page.handlers == []
    (drawing,) = page.drawings
    assert all(plain(text) in drawing for text in HOSTILE)
    svg = ElementTree.parse(tmp_path / "figures" / "fairness-1.svg")  # noqa: S314  (our own drawing)
    written = {"".join(node.itertext()).strip() for node in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert any(text.startswith("$x^2$ $$\\frac{1}{2}$$ $br") for text in written)


def _start(number: int) -> str:
    """All hostile texts in one, another first each time: what stands at the start of a line counts most."""
    return " ".join([*HOSTILE[number:], *HOSTILE[:number]])


@pytest.mark.parametrize(("spare", "number"), [(frozenset(), 0), (IDENTIFIERS, 6)], ids=["every text", "all but names"])
def test_no_text_of_a_spec_or_a_record_is_markup(spare: Set[str], number: int, tmp_path: Path) -> None:
    text = _start(number)
    records = _records.measured()
    quality = _records.quality().model_copy(update={"labels": [_records.labelled()], "operating": _records.operating()})
    records |= {"quality": quality, "gates": gates(_records.spec(), records)}
    spec = poisoned(_records.spec(), text, spare=spare)
    made = {name: poisoned(record, text, spare=spare) for name, record in records.items()}
    assert all(record.provenance.command == text for record in made.values())
    override = GateOverride(gate=HOSTILE[0], stood=text, reason=plain(text))
    written = render_card(spec, made, tmp_path, overrides=[override])

    page = read_page((tmp_path / "card.html").read_text())
    assert not {"script", "img", "iframe"} & set(page.tags)
    assert page.handlers == []
    assert page.headings.count(1) == 1
    assert all(link.startswith(("#", "https://")) for link in page.links)
    assert all(set(table.widths) == {table.columns} for table in page.tables)
    assert page.text.count(plain(text)) > 100

    tokens = flat(markdown().parse(ModelCard.load(tmp_path / "README.md").text))
    assert not [token for token in tokens if token.type.startswith("html")]
    figures = [path for path in written if path.suffix == ".svg"]
    images = [str(token.attrs["src"]) for token in tokens if token.type == "image"]
    assert sorted(images) == sorted(f"figures/{path.name}" for path in figures)
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h1") == 1
    assert len([token for token in tokens if token.type == "table_open"]) == len(page.tables) + 1  # the facts

    for path in figures:
        svg = ElementTree.parse(path)  # noqa: S314  (our own drawing)
        tags = {node.tag.rpartition("}")[2] for node in svg.iter()}
        assert tags <= {"svg", "defs", "style", "g", "path", "use", "text", "tspan", "clipPath", "rect"}
        attributes = [name for node in svg.iter() for name in node.attrib]
        assert not [name for name in attributes if name.startswith("on")]


words = st.text(
    alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from("`*_[]<>|\\~#-+=.1)!&$:/ \n"), max_size=60
)


@settings(max_examples=300, deadline=None)
@given(words)
def test_escaped_text_reads_as_it_was_in_a_paragraph_a_list_and_a_cell(text: str) -> None:
    escaped = escape_markdown(text)
    assert shown(markdown().parse(f"Words: {escaped}")) == f"Words: {plain(text)}".rstrip()
    if plain(text):
        assert shown(markdown().parse(escaped)) == plain(text)
        assert shown(markdown().parse(f"- {escaped}")) == plain(text)
    table = markdown().parse(f"| a | b |\n| --- | --- |\n| {escaped} | end |")
    assert [token.content for token in flat(table) if token.type == "text"][-1] == "end"
    assert shown(table) == f"ab{plain(text)}end"


@settings(max_examples=200, deadline=None)
@given(words)
def test_code_cannot_be_left(text: str) -> None:
    if plain(text):
        spans = [token for token in flat(markdown().parse(f"a {markdown_code(text)} b")) if token.type == "code_inline"]
        assert [span.content for span in spans] == [plain(text)]
    fence, *rest = markdown().parse(f"{markdown_fence(text, 'sh')}\nafter")
    assert fence.type == "fence"
    assert "".join(token.content for token in rest) == "after"


@settings(max_examples=200, deadline=None)
@given(words)
def test_a_link_target_ends_where_it_should(text: str) -> None:
    target = link_target(f"https://example.org/{text}")
    links = [t for t in flat(markdown().parse(f"[a]({escape_markdown(target)}) b")) if t.type == "link_open"]
    assert len(links) == 1
    assert link_target(f"javascript:{text}") == ""
