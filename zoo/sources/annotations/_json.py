"""JSON by strangers: parsed and checked in one step, with the place of what is wrong."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from zoo.errors import InputError
from zoo.files import printable
from zoo.sources.annotations._folder import MOST_PIXELS

Coordinate = Annotated[float, Field(ge=-MOST_PIXELS, le=MOST_PIXELS, allow_inf_nan=False)]
"""A finite number that can be a place in a picture, in pixels."""

_Content = TypeVar("_Content")
_PLACE = re.compile(r"line (\d+) column (\d+)")


class Part(BaseModel):
    """Base of what is read: other fields are left alone, and "1" is no number."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


def parse_json(kind: type[_Content], data: bytes, file: str) -> _Content:
    """`data` as `kind`.

    Raises:
        InputError: it is not JSON (with line and column), or not of this kind (with the index of the entry).
    """
    try:
        return TypeAdapter(kind).validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = printable(first["msg"])
        if first["type"] == "json_invalid":
            place = _PLACE.search(message)
            where = f" line {place[1]} column {place[2]}" if place else ""
            reason = message.removeprefix("Invalid JSON: ").partition(" at line ")[0]
            raise InputError(f"{file}{where} is not JSON ({reason}): correct it or give another file") from error
        raise InputError(f"{file} {_entry(first['loc'])}: {message}: correct it or give another file") from error


def _entry(location: tuple[int | str, ...]) -> str:
    """Like `annotations[3].bbox[1]`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{printable(part[:60])}"
    return text.removeprefix(".") or "as a whole"
