"""The command as it was given, for the records."""

from __future__ import annotations

import shlex
import sys


def command_line() -> str:
    """The command as a person would type it again."""
    return shlex.join(["zoo", *sys.argv[1:]])
