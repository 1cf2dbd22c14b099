"""The base of every part of a spec, and what its text may hold."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the reading direction: with them, text reads otherwise than it is (UAX 9)."""
_LINES = frozenset("\n\t")


def check_text(text: str) -> str:
    """The text. Raises ValueError where it holds what no reader sees: control characters, turns, halves of letters."""
    for letter in text:
        kind = unicodedata.category(letter)
        if letter in _TURNS or kind == "Cs" or (kind == "Cc" and letter not in _LINES):
            what = "a mark that turns the reading direction" if letter in _TURNS else "a control character"
            what = "half of a letter" if kind == "Cs" else what
            raise ValueError(f"holds U+{ord(letter):04X}, {what}; remove it")
    return text


def check_line(text: str) -> str:
    """The text, of one line that says something. Raises ValueError for any other."""
    if not text.strip() or len(text.splitlines()) != 1:
        raise ValueError("must be one line of text that says something")
    return check_text(text)


Line = Annotated[str, AfterValidator(check_line)]
"""A title, a licence: one line."""
VERSION = r"^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}$"
"""Semantic version, MAJOR.MINOR.PATCH, in the digits that all tools read."""


class SpecPart(BaseModel):
    """Base of all parts: a misspelled field is an error, and so is text that is not what a reader sees."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _text_is_as_it_reads(cls, value: object) -> object:
        _check(value)
        return value


def _check(value: object) -> None:
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        _check([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for member in value:
            _check(member)
