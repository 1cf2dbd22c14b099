"""Text by strangers: in UTF-8, or in what its byte order mark says; names of files in whatever Unicode form."""

from __future__ import annotations

import codecs
import unicodedata

_MARKS = (
    # UTF-32's little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


class NotTextError(ValueError):
    """Bytes that are no text; `line` is where, and the text of the error says what is wrong with it."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


def decode_text(data: bytes) -> str:
    """The text without its byte order mark.

    Raises:
        NotTextError: it is not UTF-8, nor what its mark says. UTF-16 without a mark is known by its zeros.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        marked = f"the {encoding.upper()} text that its byte order mark announces"
        raise NotTextError(line, f"is not {'UTF-8 text' if encoding.startswith('utf-8') else marked}") from error
    zero = text.find("\0")
    if zero >= 0:
        hint = " (it may be UTF-16 without a byte order mark)" if zero < 4 else ""
        raise NotTextError(text.count("\n", 0, zero) + 1, f"is not UTF-8 text but holds zeros{hint}")
    return text


def same_form(name: str) -> str:
    """A file's name in Unicode's composed form: macOS writes accents apart from their letters, others do not."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)
