"""Objects of a spec or a record with every free text replaced."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Set
from typing import Any

from pydantic import BaseModel

IDENTIFIERS = frozenset(
    {"name", "variant", "metric", "target", "numerator", "denominator", "a", "b", "reference", "stage", "step"}
)
"""Fields by which records are held together: without them, most of a card is 'not measured'."""

CHECKED = frozenset({"sha256", "start", "teacher"})
"""Declared as plain texts, and refused where they are not a digest or the name of a reference."""


def poisoned(value: Any, text: str, *, spare: Set[str] = frozenset(), hint: Any = None) -> Any:
    """`value` with `text` in every field that is declared as plain `str`, however deep; fields of `spare` stay.

    Texts with a pattern, of a fixed choice or a path stay: classes of specs and records refuse this one there. Keys of
    mappings are followed by a number, since they must differ.
    """
    if isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
        return _object(value, text, spare)
    if isinstance(value, list | tuple):
        (inner, *_) = typing.get_args(hint) or (None,)
        return type(value)(poisoned(one, text, spare=spare, hint=inner) for one in value)
    if isinstance(value, dict):
        key, inner = typing.get_args(hint) or (None, None)
        return {
            f"{text} {number}" if key is str and not spare else name: poisoned(one, text, spare=spare, hint=inner)
            for number, (name, one) in enumerate(value.items())
        }
    return text if isinstance(value, str) and hint is str else value


def _object(value: Any, text: str, spare: Set[str]) -> Any:
    hints = typing.get_type_hints(type(value), include_extras=True)
    names = type(value).model_fields if isinstance(value, BaseModel) else [f.name for f in dataclasses.fields(value)]
    changes = {
        name: poisoned(getattr(value, name), text, spare=spare, hint=_without_none(value, name, hints))
        for name in names
        if name not in spare | CHECKED
    }
    if isinstance(value, BaseModel):
        return value.model_copy(update=changes)
    return dataclasses.replace(value, **changes)


def _without_none(value: Any, name: str, hints: dict[str, Any]) -> Any:
    hint = hints[name]
    if isinstance(value, BaseModel) and type(value).model_fields[name].metadata:
        return None  # bounded by a pattern or a length
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint, *_) = [one for one in typing.get_args(hint) if one is not type(None)]
    return hint
