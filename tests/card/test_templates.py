"""A person's own templates: single blocks of the card written anew, for every format, without a way out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.card import _records
from tests.card._reading import read_page
from zoo.card import check_templates, render_card, require_templates
from zoo.errors import InputError
from zoo.pipeline import BuildOptions, make_plan
from zoo.rendering import own_folders

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to.md"
"""Its section on the card holds templates, each in a block that begins with a comment of its name."""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def cards(own: Path, **changes: str) -> tuple[str, str]:
    """README.md and card.html with these templates."""
    out = own.parent / "out"
    spec = _records.spec().model_copy(update=changes)
    render_card(spec, {"data": _records.data(sample=True)}, out, templates=[own])
    return (out / "README.md").read_text(), (out / "card.html").read_text()


def test_the_example_of_the_how_to_gives_what_it_says(own: Path) -> None:
    section = HOW_TO.read_text().split("## Write the card your way")[1].split("\n## ")[0]
    examples = re.findall(r"```jinja\n(\{# ([\w.]+) #\}\n.*?)```", section, flags=re.DOTALL)
    assert [name for _, name in examples] == ["body.jinja", "card.html.jinja"]
    for text, name in examples:
        (own / name).write_text(text)
    readme, html = cards(own)
    page = read_page(html)
    for text in (readme, page.text):
        assert "Ask ml-cards@example.org before you use it in a product." in text
        assert "Who answers for it" in text
        assert "It agrees with the dense model that taught it" in text  # what the block held before
        assert "Sample data, not for release." in text
    assert "--accent: #7a1f5c;" in html
    assert page.headings.count(1) == 1
    assert re.findall(r"^## Size", readme, flags=re.MULTILINE) == []


def test_a_block_that_is_left_out_is_gone_and_nothing_else(own: Path) -> None:
    plain, _ = cards(own)
    (own / "body.jinja").write_text('{% extends "zoo/body.jinja" %}{% block use %}{% endblock %}')
    readme, _ = cards(own)
    before, after = (re.findall(r"^## (.*)$", text, flags=re.MULTILINE) for text in (plain, readme))
    assert [title for title in before if title != "Use it in MediaPipe"] == after


def test_values_in_a_block_are_escaped_for_each_format(own: Path) -> None:
    (own / "body.jinja").write_text('{% extends "zoo/body.jinja" %}{% block use %}{{ spec.licence }}{% endblock %}')
    readme, html = cards(own, licence="<b>*x*</b>")
    assert "&lt;b&gt;\\*x\\*&lt;/b&gt;" in readme
    assert "&lt;b&gt;*x*&lt;/b&gt;" in html


def test_of_several_folders_the_first_that_has_a_template_gives_it(own: Path) -> None:
    second = own.parent / "second"
    second.mkdir()
    (own / "README.md.jinja").write_text("the first's")
    (second / "README.md.jinja").write_text("the second's")
    (second / "card.html.jinja").write_text("the second's page")
    out = own.parent / "out"
    render_card(_records.spec(), {}, out, templates=[own, second])
    assert (out / "README.md").read_text() == "the first's\n"
    assert (out / "card.html").read_text() == "the second's page\n"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("line\n{% if %}", "line 2, cannot be rendered"),
        ("line\n\n{{ nothing_of_that_name }}", "line 3, cannot be rendered"),
        ("{{ spec.__class__.__mro__ }}", "unsafe"),
        ("{{ 1 / 0 }}", "line 1, cannot be rendered"),
        ("{% for x in range(10000000) %}{% endfor %}", "Range too big"),
        ("{% include 'none.jinja' %}", "none.jinja"),
        ("{% include '../../../../etc/passwd' %}", "cannot be rendered"),
        ("{% include 'README.md.jinja' %}", "cannot be rendered"),
    ],
)
def test_a_wrong_template_is_one_sentence_with_its_line_and_reaches_nothing(text: str, wrong: str, own: Path) -> None:
    (own / "README.md.jinja").write_text(text)
    with pytest.raises(InputError, match=re.escape(wrong)) as caught:
        cards(own)
    assert "README.md.jinja" in str(caught.value)
    assert not (own.parent / "out" / "README.md").exists()


def test_a_folder_without_a_template_is_refused_with_their_names(own: Path) -> None:
    (own / "body.html").write_text("close, but not one")
    with pytest.raises(InputError, match=r"holds no template of a card; their names are body\.jinja"):
        require_templates(own)
    with pytest.raises(InputError, match="there is no folder"):
        require_templates(own / "none")
    shutil.copyfile(own_folders()[-1] / "body.jinja", own / "body.jinja")
    require_templates(own)
    check_templates(_records.spec(), [own])


def test_a_build_refuses_a_wrong_template_before_it_trains(own: Path) -> None:
    (own / "body.jinja").write_text('{% extends "zoo/body.jinja" %}{% block ethics %}{{ supper() }}{% endblock %}')
    options = BuildOptions("face_detector", own.parent / "build", "zoo build face_detector", templates=own)
    with pytest.raises(InputError, match=r"body\.jinja, line 1, cannot be rendered: 'supper' is undefined"):
        make_plan(options)
