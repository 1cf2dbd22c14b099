"""Write docs/spec.md anew from the classes of the spec: `.venv/bin/python scripts/spec_reference.py`."""

from __future__ import annotations

import inspect
import types
import typing
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from zoo.spec import ModelSpec, NetworkSpec

TARGET = Path(__file__).resolve().parent.parent / "docs" / "spec.md"
HEADER = """\
# Spec reference

A model is declared in `models/NAME/spec.yaml`: a [ModelSpec](#modelspec), or with `task: measured_only` a
[NetworkSpec](#networkspec), which `zoo ladder` measures. A field that is not listed here is an error. This page is made
from the classes in `zoo/spec` by `scripts/spec_reference.py`.
"""


def parts_of(annotation: object) -> list[type[BaseModel]]:
    """The pydantic classes that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for argument in typing.get_args(annotation) for part in parts_of(argument)]


def type_in_words(annotation: object) -> str:
    """A type as a reader of YAML understands it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_in_words(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_in_words(one) for one in arguments if one is not type(None))
    if origin is list:
        return f"list of {type_in_words(arguments[0])}"
    if origin is tuple:
        return "[" + ", ".join("..." if one is Ellipsis else type_in_words(one) for one in arguments) + "]"
    if origin is dict:
        return f"mapping from {type_in_words(arguments[0])} to {type_in_words(arguments[1])}"
    names = {str: "text", int: "integer", float: "number", bool: "true or false"}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return names.get(annotation, str(annotation)) if isinstance(annotation, type) else str(annotation)


def limits(field: FieldInfo) -> str:
    """Bounds and patterns of a field."""
    words = {
        **{"gt": "above", "ge": "at least", "lt": "below", "le": "at most", "pattern": "pattern"},
        **{"multiple_of": "multiple of", "min_length": "entries at least", "max_length": "entries at most"},
    }
    found = []
    for constraint in field.metadata:
        for name, word in words.items():
            value = getattr(constraint, name, None)
            if value is not None:
                found.append(f"{word} `{value}`" if name == "pattern" else f"{word} {value:,}")
    return ", ".join(found)


def default(field: FieldInfo) -> str:
    """The default, or that the field is required."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "the defaults of its fields"
    return "none" if value is None else f"`{value}`"


def render() -> str:
    """The whole page."""
    waiting: list[type[BaseModel]] = [ModelSpec, NetworkSpec]
    done: list[type[BaseModel]] = []
    sections = []
    while waiting:
        part = waiting.pop(0)
        if part in done:
            continue
        done.append(part)
        text = inspect.getdoc(part) if part.__doc__ else ""
        inherited = inspect.getdoc(part.__mro__[1])
        rows = ["| field | type | limits | default |", "|---|---|---|---|"]
        for name, field in part.model_fields.items():
            cells = (f"`{name}`", type_in_words(field.annotation), limits(field), default(field))
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
            waiting += parts_of(field.annotation)
        intro = f"{text}\n\n" if text and text != inherited else ""
        sections.append(f"## {part.__name__}\n\n{intro}" + "\n".join(rows) + "\n")
    return HEADER + "\n" + "\n".join(sections)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
