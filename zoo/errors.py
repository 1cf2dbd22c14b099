"""Errors that a person meets: one plain sentence that names the file, field or operator and the next step.

The command line turns each into its exit code (the contract in the reference):
0 done, 1 the answer is no, 2 usage or bad input, 3 something outside failed. Any other exception but the
system's own is a fault of this package: 70, with its traceback in a log.
"""

from __future__ import annotations

import traceback
from collections.abc import Set
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


HUB_CLIENT = frozenset({"huggingface_hub", "httpx2", "httpcore2", "h11", "hf_xet"})
"""Packages of the hub's client, and what it talks by: what they raise over an answer, the answer caused."""


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


def is_own_fault(error: BaseException, *, outside: Set[str]) -> bool:
    """Whether an error was raised by this package's code, and not by one of the packages `outside` that it called.

    Those read what comes from elsewhere, and stumble over it in their own ways. What both call counts as the caller's.
    """
    own = False
    for frame, _ in traceback.walk_tb(error.__traceback__):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package == __name__.partition(".")[0]:
            own = True
        elif package in outside:
            own = False
    return own
