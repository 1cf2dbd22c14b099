"""A folder of templates is anyone's work: it runs nothing, opens nothing, and takes no time or memory without end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.release._releases import contents, make_release
from zoo.errors import InputError
from zoo.rendering import Page, as_plain, render
from zoo.rendering._page import render_page, sentence_for

PRIVATE = "a line that is no template's"
VALUES = {
    "spec": {"title": "A model", "card": {"limits": ["one", "two"]}, "input": {"shape": [1, 2], "mean": 127.5}},
    "facts": [{"label": "Size", "value": "3"}],
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text(PRIVATE)
    return folder


def refusal(own: Path, text: str) -> str:
    """What is said of a template of that text, which is rendered apart; always one line that names it."""
    (own / "README.md.jinja").write_text(text)
    with pytest.raises(InputError) as caught:
        render([Page("README.md.jinja", "markdown", VALUES)], [own])
    return checked(str(caught.value), own)


def refusal_here(own: Path, text: str) -> str:
    """The same by the same environment, without the process, which takes a third of a second to start."""
    path = own / "README.md.jinja"
    path.write_text(text)
    try:
        render_page("markdown", path.name, {name: as_plain(value) for name, value in VALUES.items()}, {}, folders=[own])
    except Exception as error:
        return checked(sentence_for(error, str(path)), own)
    raise AssertionError(f"{text} was rendered")


def checked(sentence: str, own: Path) -> str:
    assert str(own) in sentence
    assert "\n" not in sentence
    assert len(sentence) < 1000
    return sentence


PICKLE = "'cposix\\nsystem\\n(S\"touch TEMPLATE_RAN_CODE\"\\ntR.', proto='pickle', allow_pickle=true"


@pytest.mark.parametrize(
    "expression",
    [
        f"spec.parse_raw({PICKLE})",
        "spec.parse_file('/etc/passwd')",
        "spec.model_copy()",
        "spec.card.model_validate({})",
        "spec.from_orm",
        "spec.__class__.__mro__[-1].__subclasses__()",
        "spec['__class__']",
        "spec.items.__self__",
        "spec.items()",
        "facts.append(1)",
        "facts.index(1)",
        "facts.__class__",
        "'x'.format(1)",
        "'{0.__class__}'.format(spec)",
        "'{0.__class__}'.format_map(spec)",
        "'x'.encode('rot13')",
        "'x'.encode().decode('no such codec')",
        "'x'['upper']",
        "('x' | safe).format(1)",
        "('x' | safe).__html__()",
        "(1).bit_length()",
        "(1).real.real",
        "1.5.fromhex('1')",
        "spec | attr('__class__')",
        "spec | attr('keys')",
        "[spec] | map('attr', '__class__') | list",
        "[spec] | map(attribute='__class__') | first",
        "['x'] | map(attribute='upper') | first",
        "[spec] | map(attribute='keys') | first",
        "([spec] | groupby('__class__') | first).grouper",
        "[spec] | sum(attribute='__class__')",
        "spec | pprint",
        "lipsum.__globals__['os'].popen('id').read()",
        "lipsum()",
        "cycler.__init__.__globals__.os",
        "joiner",
        "dict",
        "namespace.__init__.__globals__",
        "namespace(x=1)._Namespace__attrs",
        "range.__globals__",
        "self.__init__.__globals__",
        "self._TemplateReference__context",
        "self.none()",
        "self._TemplateReference__context.environment.loader",
        "loop",
        "caller()",
        "spec()",
        "'x'()",
        "(1 for x in y)",
        "url_for.__globals__",
        "config",
    ],
)
def test_nothing_but_data_can_be_reached(own: Path, expression: str) -> None:
    assert "README.md.jinja, line 2, cannot be rendered: " in refusal_here(own, "line\n{{ " + expression + " }}")
    assert not list(own.parent.rglob("TEMPLATE_RAN_CODE"))


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
        "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
        "{% for x in [1] %}{{ loop.cycle.__func__.__globals__ }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m._environment.loader }}",
        "{% import 'README.md.jinja' as me %}",
        "{% import blocks as b %}{{ b._body_stream }}",
        "{% import blocks as b %}{{ b.show._environment }}",
        "{% from blocks import __init__ %}",
        "{% from blocks import _body_stream %}",
        "{% set ns = namespace() %}{{ ns.__init__ }}",
        "{% block a %}{{ self.a._context }}{% endblock %}",
        "{% block a %}{{ self.a._stack[0].__globals__ }}{% endblock %}",
        "{% set spec.title = 1 %}",
        "{% set x = spec.update({}) %}",
    ],
)
def test_what_jinja_brings_has_no_way_out_either(own: Path, text: str) -> None:
    assert "cannot be rendered: " in refusal_here(own, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ spec.titel }}", "there is no field 'titel'; is it 'title'?"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ '%q' | format(1) }}", "unsupported format character"),
        ("{{ '%d' | format('x') }}", "a real number is required"),
        ("{{ '%d %d' % 1 }}", "not enough arguments"),
        ("{{ '%(x)s' % 1 }}", "format requires a mapping"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 10.0 ** 400 }}", "Numerical result out of range"),
        ("{{ 'x' + 1 }}", "can only concatenate str"),
        ("{{ 'x' | indent(-1) | center('wide') }}", "cannot be rendered: "),
        ("{{ 'x' | center(-5) | wordwrap(-1) }}", "invalid width -1"),
        ("{{ [1] | slice(0) | list }}", "cannot be rendered: "),
        ("{{ 'x' | truncate(-5) }}", "cannot be rendered: "),
        ("{{ 'x' | round }}", "cannot be rendered: "),
        ("{{ {} | dictsort(by='colour') }}", "cannot be rendered: "),
        ("{{ 5 | filesizeformat | xmlattr }}", "cannot be rendered: "),
        ("{{ [1, 'x'] | sort }}", "not supported between"),
        ("{{ spec | urlencode | tojson(indent='x' * 3) | int | first }}", "cannot be rendered: "),
        ("{{ 'x' | no_filter }}", "No filter named 'no_filter'"),
        ("{{ 'x' is no_test }}", "No test named 'no_test'"),
        ("{{ [namespace()] | tojson }}", "cannot be rendered: "),
        ("{% if %}", "Expected an expression"),
        ("{% include 'none.jinja' %}", "there is no template 'none.jinja'"),
        ("{% include '../secret.txt' %}", "there is no template '../secret.txt'"),
        ("{% include 'zoo/../../secret.txt' %}", "there is no template"),
        ("{% include '/etc/passwd' %}", "there is no template"),
        ("{% include 'README.md.jinja' %}", "it calls or includes itself without end"),
        ("{% extends 'README.md.jinja' %}", "it calls or includes itself without end"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "it calls or includes itself without end"),
        ("{% block a %}{{ self.a() }}{% endblock %}", "it calls or includes itself without end"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "it calls or includes itself without end"),
        ("{% raw %}" + "x" * 2_000_000 + "{% endraw %}", "is larger than 1,048,576 bytes"),
    ],
)
def test_a_mistake_is_bad_input_with_the_place(own: Path, text: str, said: str) -> None:
    assert said in refusal_here(own, text)


def test_a_mistake_is_told_from_the_process_too(own: Path) -> None:
    assert "line 2, cannot be rendered: there is no field 'titel'" in refusal(own, "one\n{{ spec.titel }}")


def test_the_place_is_that_of_the_file_with_the_mistake(own: Path) -> None:
    (own / "part.jinja").write_text("one\n\n{{ 1 / 0 }}")
    assert f"{own / 'part.jinja'}, line 3, cannot be rendered" in refusal_here(own, "{% include 'part.jinja' %}")


def test_bytes_that_are_no_text_are_bad_input(own: Path) -> None:
    (own / "part.jinja").write_bytes(b"\xff\xfe")
    assert "part.jinja is not UTF-8 text" in refusal_here(own, "{% include 'part.jinja' %}")


def test_a_link_out_of_the_folder_is_not_followed(own: Path) -> None:
    (own / "part.jinja").symlink_to(own.parent / "secret.txt")
    sentence = refusal_here(own, "{% include 'part.jinja' %}")
    assert "lies outside the folder" in sentence
    assert PRIVATE not in sentence


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of POSIX")
@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10**10 }}",
        "{{ 'x' | center(10**10) }}",
        "{{ ('x\n' * 10**6) | indent(10**6) }}",
        "{{ '%10000000000d' | format(1) }}",
        "{{ '%*d' % (10**9, 1) }}",
        "{{ [0] * 10**10 }}",
        "{{ range(100000) | map('string') | batch(10**10, 'x') | list }}",
        "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ],
)
def test_memory_is_limited(own: Path, text: str) -> None:
    assert "it takes too much memory" in refusal(own, text)


def test_half_of_a_letter_is_bad_input(own: Path) -> None:
    assert "surrogates not allowed" in refusal(own, "{{ '\\ud800' | safe }}")


def test_output_is_limited(own: Path) -> None:
    line = "{{ 'x' * 10**6 }}"
    text = "{% for i in range(100000) %}" + line + "{% endfor %}"
    assert "README.md.jinja cannot be rendered: it writes more than 16,777,216 letters" in refusal(own, text)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of POSIX")
def test_time_is_limited(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A card needs a tenth of this; ten seconds, as it is, would make this test long.
    monkeypatch.setattr("zoo.rendering._apart.MOST_CPU_SECONDS", 2)
    loops = "\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    assert "README.md.jinja, line 2, cannot be rendered: it takes more than 2 seconds" in refusal(own, loops)


def test_the_case_that_ran_code_once_runs_none(shared_cases: Path, tmp_path: Path) -> None:
    make_release(tmp_path / "face_detector", dense=b"dense")
    before = contents(tmp_path / "face_detector" / "release")
    folder = tmp_path / "person"
    folder.mkdir()
    (folder / "cards").symlink_to(shared_cases / "s1_template" / "cards")
    command = [sys.executable, "-m", "zoo.cli", "card", "face_detector", "--out", str(tmp_path), "--template", "cards"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "body.jinja, line 1, cannot be rendered: there is no field 'parse_raw'" in done.stderr
    assert contents(tmp_path / "face_detector" / "release") == before
    assert sorted(path.name for path in folder.iterdir()) == ["cards"]
