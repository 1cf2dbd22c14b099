"""All that a template can reach: plain data, a fixed list of filters and tests, and Jinja's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from jinja2 import Undefined

from tests.card import _records
from tests.release._releases import gates
from zoo.card._context import make_context
from zoo.card._figures import draw_figures
from zoo.card._records import CardRecords
from zoo.card._render import _values, use_snippets
from zoo.rendering import as_plain
from zoo.rendering._environment import GLOBALS, JINJA_FILTERS, JINJA_TESTS, OWN_FILTERS, PlainEnvironment
from zoo.spec import load_spec

SPEC = load_spec("face_detector").spec
KINDS = ("html", "markdown", "python")


@pytest.fixture(scope="module")
def card_values() -> Mapping[str, object]:
    """What the card's templates are given, of a whole build."""
    spec, records = _records.spec(), _records.measured()
    read = CardRecords.of(records | {"gates": gates(spec, records)})
    context = make_context(spec, read, figures=draw_figures(read), snippets=use_snippets(spec))
    return {name: as_plain(value) for name, value in _values(context).items()}


def below(value: object) -> Iterator[object]:
    """The value and all that is in it."""
    yield value
    if isinstance(value, Mapping):
        for member in value.values():
            yield from below(member)
    elif isinstance(value, tuple):
        for member in value:
            yield from below(member)


def test_a_card_is_given_plain_data_only(card_values: Mapping[str, object]) -> None:
    reached = [member for value in card_values.values() for member in below(value)]
    assert len(reached) > 1000
    assert {type(member) for member in reached} == {str, int, float, bool, type(None), tuple, MappingProxyType}


def test_no_attribute_of_the_data_is_reached_but_its_fields(card_values: Mapping[str, object]) -> None:
    environment = PlainEnvironment("html", [])
    seen: set[int] = set()
    for value in [member for given in card_values.values() for member in below(given)]:
        if id(value) in seen:
            continue
        seen.add(id(value))
        for name in dir(value):
            if isinstance(value, Mapping) and name in value:
                continue
            assert isinstance(environment.getattr(value, name), Undefined), (type(value), name)
            assert isinstance(environment.getitem(value, name), Undefined), (type(value), name)


@pytest.mark.parametrize("kind", KINDS)
def test_filters_tests_and_globals_are_those_listed(kind: Any) -> None:
    environment = PlainEnvironment(kind, [])
    assert set(environment.filters) == {*JINJA_FILTERS, *OWN_FILTERS[kind]}
    assert set(environment.tests) == set(JINJA_TESTS)
    assert set(environment.globals) <= {*GLOBALS, "blocks"}
    assert not {"attr", "pprint", "random"} & set(environment.filters)
    assert set(GLOBALS) == {"range", "namespace"}
    assert environment.sandboxed
    assert environment.extensions == {}


@pytest.mark.parametrize("kind", KINDS)
def test_no_filter_or_global_can_be_called_or_looked_into(kind: Any) -> None:
    environment = PlainEnvironment(kind, [])
    reached = [*environment.filters.values(), *environment.tests.values(), *environment.globals.values()]
    for thing in reached:
        if isinstance(thing, str):
            continue
        assert environment.is_safe_callable(thing) == any(thing is known for known in GLOBALS.values())
        assert all(isinstance(environment.getattr(thing, name), Undefined) for name in dir(thing))


def test_what_jinja_brings_shows_its_words_only() -> None:
    # Every object that Jinja's own words give, walked through the environment's one door.
    environment = PlainEnvironment("html", [])
    shown: dict[str, set[str]] = {}
    real = environment.getattr

    def walk(name: str, thing: object) -> str:
        shown[name] = {
            attribute
            for attribute in {*dir(thing), "module", "environment", "name"}
            if not isinstance(real(thing, attribute), Undefined)
        }
        return ""

    environment.filters["walk"] = lambda thing, name: walk(name, thing)
    source = """
        {% macro m(x) %}{{ caller | walk("caller") if caller is defined }}{% endmacro %}
        {{ m | walk("macro") }}{% call m(1) %}{% endcall %}
        {% for x in [1, 2, 3] if x < 4 %}{{ loop | walk("loop") if loop.index == 2 }}{% endfor %}
        {% for x in [1] %}{{ loop.cycle | walk("method") }}{% endfor %}
        {% block a %}{{ self | walk("self") }}{{ self.a | walk("block") }}{% endblock %}
        {% set ns = namespace(x=1) %}{{ ns | walk("namespace") }}
        {% import blocks as b %}{{ b | walk("module") }}{{ nothing | default(1) | walk("number") }}
        {{ ([{"a": 1}] | groupby("a") | first) | walk("group") }}
    """
    environment.from_string(source).render()
    loop = {"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0"}
    assert shown.pop("loop") == loop | {"previtem", "nextitem", "cycle", "changed"}
    macros = {"section", "part", "subsection", "detail", "paragraph", "warning", "bullets", "links", "show", "picture"}
    assert shown.pop("module") == macros | {"code", "mono", "facts"}
    assert shown.pop("group") == {"grouper", "list"}
    assert shown.pop("namespace") == set()
    assert {name: words for name, words in shown.items() if words} == {}


def test_every_spec_is_plain_data() -> None:
    for name in ("face_detector", "hand_landmark"):
        spec = as_plain(load_spec(name).spec.model_dump(mode="json"))
        kinds = {type(member) for member in below(spec)}
        assert kinds <= {str, int, float, bool, type(None), tuple, MappingProxyType}


@pytest.mark.parametrize("value", [load_spec, object(), b"bytes", {1: 2}, {"a": {1}}, [range], SPEC])
def test_what_is_not_plain_is_not_given(value: object) -> None:
    with pytest.raises(TypeError, match="a template cannot be given a"):
        as_plain([value])


def test_of_a_dataclass_the_fields_and_properties_are_given_and_no_method() -> None:
    @dataclass(frozen=True)
    class Box:
        side: float

        @property
        def area(self) -> float:
            return self.side**2

        def grow(self) -> None: ...

    assert as_plain(Box(3.0)) == {"side": 3.0, "area": 9.0}
    assert type(as_plain(np.float64(0.5))) is float


def test_the_data_cannot_be_changed() -> None:
    given = as_plain({"a": [1]})
    with pytest.raises(TypeError):
        given["a"] = 1  # type: ignore[index]
