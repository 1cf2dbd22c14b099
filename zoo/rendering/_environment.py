"""Jinja with nothing in it but plain data, a fixed list of filters and tests, and what Jinja itself needs.

Jinja's sandbox forbids what is known to be harmful. Here all is forbidden but what is named: fields of mappings, places
of lists, and the few things that Jinja's own words bring (`loop`, `self`, `super()`, macros, namespaces).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MethodType
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.environment import TemplateModule
from jinja2.runtime import BlockReference, LoopContext, Macro, TemplateReference
from jinja2.sandbox import SandboxedEnvironment, safe_range
from jinja2.utils import Namespace
from markupsafe import Markup

from zoo.rendering._data import Kind
from zoo.rendering._escape import (
    finalize_html,
    finalize_markdown,
    html_code,
    link_target,
    markdown_code,
    markdown_fence,
    squeeze,
)
from zoo.rendering._folders import FolderLoader

JINJA_FILTERS = (
    *("abs", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "filesizeformat"),
    *("first", "float", "forceescape", "format", "groupby", "indent", "int", "items", "join", "last", "length", "list"),
    *("lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select"),
    *("selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique"),
    *("upper", "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr"),
)
"""Jinja's own, but for those that reach attributes (`attr`), show insides (`pprint`) or give another text each time."""
JINJA_TESTS = (
    *("odd", "even", "divisibleby", "defined", "undefined", "filter", "test", "none", "boolean", "false", "true"),
    *("integer", "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "sameas", "escaped"),
    *("in", "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<=", "le"),
)
OWN_FILTERS: Mapping[Kind, Mapping[str, Callable[..., object]]] = {
    "html": {
        "as_it_stands": html_code,
        "squeeze": squeeze,
        "link_target": link_target,
        # Drawn by matplotlib, which escapes every label.
        "drawn": Markup,
    },
    "markdown": {
        "squeeze": squeeze,
        "link_target": link_target,
        "code_span": markdown_code,
        "fence": markdown_fence,
    },
    "python": {},
}
GLOBALS: Mapping[str, object] = {"range": safe_range, "namespace": Namespace}
BLOCKS = {"html": "html.jinja", "markdown": "markdown.jinja"}
"""The building blocks of each kind, which a template imports as `blocks`."""

_LOOP_FIELDS = frozenset(
    ("index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem")
)
_LOOP_CALLS = frozenset(("cycle", "changed"))
_GROUP_FIELDS = ("grouper", "list")
"""Of what the filter `groupby` gives."""


class PlainEnvironment(SandboxedEnvironment):
    """Templates that reach what this class names, and nothing else of any object."""

    def __init__(self, kind: Kind, folders: Sequence[Path]) -> None:
        super().__init__(
            loader=FolderLoader(folders),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            # Code is written as literals, which escape themselves.
            autoescape=kind != "python",
            finalize={"html": finalize_html, "markdown": finalize_markdown, "python": python_literal}[kind],
        )
        self.filters = {**{name: self.filters[name] for name in JINJA_FILTERS}, **OWN_FILTERS[kind]}
        self.tests = {name: self.tests[name] for name in JINJA_TESTS}
        self.globals = dict(GLOBALS)
        if kind in BLOCKS:
            self.globals["blocks"] = BLOCKS[kind]
        self.policies["json.dumps_function"] = _json

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute` of a template."""
        return self._field(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]` of a template, and what filters look up."""
        if isinstance(argument, str):
            return self._field(obj, argument)
        if isinstance(obj, Undefined | Mapping | str | tuple | list | range):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """What Jinja's own words bring, and nothing else."""
        if isinstance(obj, Macro | BlockReference | LoopContext | Undefined) or obj is safe_range or obj is Namespace:
            return True
        return isinstance(obj, MethodType) and isinstance(obj.__self__, LoopContext) and obj.__name__ in _LOOP_CALLS

    def _field(self, obj: Any, name: str) -> Any:
        if name.startswith("_"):
            return self.unsafe_undefined(obj, name)
        if isinstance(obj, Undefined):
            # It says what is undefined.
            return getattr(obj, name)
        if isinstance(obj, Mapping):
            return obj[name] if name in obj else self._no_field(obj, name)
        if isinstance(obj, Namespace) or (isinstance(obj, LoopContext) and name in _LOOP_FIELDS | _LOOP_CALLS):
            return getattr(obj, name, self.undefined(obj=obj, name=name))
        if isinstance(obj, TemplateModule):
            return vars(obj).get(name, self.undefined(obj=obj, name=name))
        if isinstance(obj, BlockReference) and name == "super":
            return obj.super
        if isinstance(obj, TemplateReference):
            try:
                return obj[name]
            except LookupError:
                return self.undefined(f"there is no block '{name}' here", name=name)
        if isinstance(obj, tuple) and getattr(obj, "_fields", ()) == _GROUP_FIELDS and name in _GROUP_FIELDS:
            return obj[_GROUP_FIELDS.index(name)]
        return self.undefined(
            f"there is no '{name}' here: templates read fields of data and use filters, such as 'upper'", name=name
        )

    def _no_field(self, obj: Mapping[str, object], name: str) -> Undefined:
        near = difflib.get_close_matches(name, list(obj), n=1)
        return self.undefined(f"there is no field '{name}'" + (f"; is it '{near[0]}'?" if near else ""), name=name)


def python_literal(value: object) -> object:
    """What every expression of a Python template passes through before it is written."""
    # A JSON string is a Python literal too, and has the double quotes that Python code mostly has.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value


def _json(value: object, **options: Any) -> str:
    return json.dumps(value, default=dict, **options)
