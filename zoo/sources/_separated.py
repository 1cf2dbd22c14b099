"""Tables of separated values by strangers: encoding and separator are found out, and rows are counted."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from zoo.errors import InputError
from zoo.sources._text import NotTextError, decode_text

_MOST_BYTES = 64 << 20
_MOST_ROWS = 1_000_000
_MOST_LINE = 1 << 16
"""Letters. A line of millions of fields would fill the memory."""
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_UNREAD = {":": "colon", " ": "space", "~": "tilde", "^": "caret", "\uff0c": "wide comma", "\uff1b": "wide semicolon"}
"""Separators that are known by sight, and refused by name."""
_FIX = "save it as UTF-8 CSV, or remove it"
# Spreadsheets begin a table so.
_DECLARED = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)

Row = tuple[int, list[str]]
"""The number of a row's last line, and its fields."""


def read_rows(path: Path, file: str, known: Callable[[Sequence[str]], int]) -> Iterator[Row]:
    """Each row that is not blank; the header comes first.

    Fields may be quoted. They are separated by comma, semicolon, tab or pipe: by that which the first line declares
    (`sep=;`), or which makes the most names of the header known, as `known` counts them. `file` names it in errors.

    Raises:
        InputError: it cannot be read, is no text, has another separator, is not CSV, or is too large.
    """
    text = _text(path, file)
    declared = _DECLARED.match(text[:64].splitlines()[0]) if text else None
    separator = declared[1] if declared else _separator(text, known)
    if separator not in _SEPARATORS:
        name = _UNREAD.get(separator, f"'{separator}'" if separator.isprintable() else "sign that cannot be printed")
        raise InputError(f"{file} line 1: a {name} separates its columns: save it with commas, semicolons or tabs")
    rows = _rows(text, separator, file)
    yield from islice(rows, 1 if declared else 0, None)


def _text(path: Path, file: str) -> str:
    try:
        with path.open("rb") as table:
            data = table.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}): {_FIX}") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"{file} is larger than {_MOST_BYTES} bytes: split it or remove it")
    try:
        return decode_text(data)
    except NotTextError as error:
        raise InputError(f"{file} {error} (line {error.line}): {_FIX}") from error


def _separator(text: str, known: Callable[[Sequence[str]], int]) -> str:
    """The sign that splits the header best; a comma where none does."""

    def fit(separator: str) -> tuple[int, int]:
        try:
            # As much of the text as a header can have.
            top = io.StringIO(text[: 2 * _MOST_LINE], newline="")
            header = next((row for row in csv.reader(top, delimiter=separator, strict=True) if any(row)), [])
        except csv.Error:
            return (0, 0)
        return known(header), len(header)

    best = max(_SEPARATORS, key=fit)
    if fit(best)[1] > 1:
        return best
    # A single column may be a table whose separator is not read.
    other = max(_UNREAD, key=fit)
    return other if fit(other)[0] > max(1, fit(best)[0]) else ","


def _lines(text: str, file: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if len(line) > _MOST_LINE:
            raise InputError(f"{file} line {number} has more than {_MOST_LINE} letters, which is no row: {_FIX}")
        yield line


def _rows(text: str, separator: str, file: str) -> Iterator[Row]:
    reader = csv.reader(_lines(text, file), delimiter=separator, strict=True)
    try:
        for count, row in enumerate(reader):
            if count > _MOST_ROWS:
                raise InputError(f"{file} has more than {_MOST_ROWS} rows: split it or remove it")
            if any(field.strip() for field in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{file} line {reader.line_num} is not CSV ({error}): {_FIX}") from error
