"""Which fields stand at a place of a pydantic class: for saying what was meant where one is misspelled."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def alternatives(annotation: Any) -> list[Any]:
    """The types that a field may hold, without None: `float | None` is float."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [kind for member in get_args(annotation) for kind in alternatives(member)]
    return [] if annotation is type(None) else [annotation]


def near(name: str, known: Iterable[str]) -> str:
    """`; is it 'name'?` with the known name that reads most alike; empty where none does."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; is it '{close[0]}'?" if close else ""


def fields_at(kind: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Names of the fields at that place of a document of this class; none where a list, mapping or value stands."""
    kinds: list[Any] = [kind]
    for part in place:
        below: list[Any] = []
        for held in kinds:
            if isinstance(held, type) and issubclass(held, BaseModel):
                field = held.model_fields.get(str(part))
                below += alternatives(field.annotation) if field else []
            elif get_origin(held) in (list, dict, tuple):
                below += alternatives(get_args(held)[-1])
        kinds = below
    parts = [held for held in kinds if isinstance(held, type) and issubclass(held, BaseModel)]
    return [name for part in parts for name in part.model_fields]
