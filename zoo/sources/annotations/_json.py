"""JSON by strangers: parsed and checked in one step, with the place of what is wrong."""

from __future__ import annotations

import codecs
import json
import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from zoo.errors import InputError, shortened
from zoo.files import printable
from zoo.sources.annotations._folder import MOST_PIXELS

Coordinate = Annotated[float, Field(ge=-MOST_PIXELS, le=MOST_PIXELS, allow_inf_nan=False)]
"""A finite number that can be a place in a picture, in pixels."""

Whole = Annotated[int, Field(strict=False)]
"""A whole number, however it is written: some programs write 7 as 7.0 or as "7", and 0 as false."""

_Content = TypeVar("_Content")
_MOST_MESSAGE = 200
_PLACE = re.compile(r"line (\d+) column (\d+)")


class Part(BaseModel):
    """Base of what is read: other fields are left alone, and "1.5" is no number."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


def json_bytes(data: bytes) -> bytes:
    """JSON as UTF-8 without a byte order mark, from that or from UTF-16 or UTF-32 (RFC 4627, section 3)."""
    encoding = json.detect_encoding(data)
    if encoding.startswith("utf-8"):
        return data.removeprefix(codecs.BOM_UTF8)
    # What does not decode is no JSON, and is said to be none where it is parsed.
    return data.decode(encoding, "replace").encode()


def parse_json(kind: type[_Content], data: bytes, file: str) -> _Content:
    """`data`, in any of JSON's encodings, as `kind`.

    Raises:
        InputError: it is not JSON (with line and column), or not of this kind (with the index of the entry).
    """
    try:
        return TypeAdapter(kind).validate_json(json_bytes(data))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = printable(first["msg"])
        if first["type"] == "json_invalid":
            place = _PLACE.search(message)
            where = f" line {place[1]} column {place[2]}" if place else ""
            reason = shortened(message.removeprefix("Invalid JSON: ").partition(" at line ")[0], _MOST_MESSAGE)
            raise InputError(f"{file}{where} is not JSON ({reason}): correct it or give another file") from error
        raise InputError(
            f"{file} {_entry(first['loc'])}: {shortened(message, _MOST_MESSAGE)}: correct it or give another file"
        ) from error


def _entry(location: tuple[int | str, ...]) -> str:
    """Like `annotations[3].bbox[1]`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{printable(part[:60])}"
    return text.removeprefix(".") or "as a whole"
