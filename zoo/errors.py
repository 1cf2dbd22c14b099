"""Errors that a person meets: one plain sentence that names the file, field or operator and the next step.

The command line turns each into its exit code (the contract in the reference):
0 done, 1 the answer is no, 2 usage or bad input, 3 something outside failed. Any other exception but the
system's own is a fault of this package: 70, with its traceback in a log.
"""

from __future__ import annotations

from typing import ClassVar

MOST_LETTERS = 2000
"""Of a sentence: what it quotes is from outside, and may be as long as a file."""


def shortened(quoted: object, letters: int = 80) -> str:
    """What a sentence quotes of a file, at most so many letters of it; what is left out in the middle shows as `…`."""
    try:
        text = str(quoted)
    except ValueError:
        # Python writes out no number beyond 4,300 digits.
        text = "a number of thousands of digits"
    if len(text) <= letters:
        return text
    last = letters // 3
    return f"{text[: letters - last - 1]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - last :]}"


class ZooError(Exception):
    """Base of every error that is shown to a person without a traceback.

    A sentence that quotes too much is cut in its middle: the place at its head and the next step at its end stay.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str = "") -> None:
        super().__init__(shortened(sentence, MOST_LETTERS))


class RefusedError(ZooError):
    """The answer is no: a gate failed, a rule is broken, a release is not fit (exit 1)."""

    exit_code: ClassVar[int] = 1


class InputError(ZooError):
    """What the user gave cannot be used: a spec, a file, an option (exit 2)."""

    exit_code: ClassVar[int] = 2


class PartDone(ZooError):  # noqa: N818 - nothing went wrong
    """This process did its part, and another goes on (exit 0)."""

    exit_code: ClassVar[int] = 0


class OutsideError(ZooError):
    """Something outside failed: network, disk, a runtime's process (exit 3)."""

    exit_code: ClassVar[int] = 3
