"""Errors that a person meets: one plain sentence that names the file, field or operator and the next step.

The command line turns each into its exit code (the contract in the reference):
0 done, 1 the answer is no, 2 usage or bad input, 3 something outside failed.
"""

from __future__ import annotations

from typing import ClassVar


class ZooError(Exception):
    """Base of every error that is shown to a person without a traceback."""

    exit_code: ClassVar[int] = 1


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
