"""The command as it was given, for the records."""

from __future__ import annotations

import re
import shlex
import sys

_ABSOLUTE = re.compile(r"(?:^|(?<=[=:]))/(?!/)(?:[^/]+/+)*([^/]+)/*$")
"""A whole argument that is an absolute path, or one after `--out=` or `dir:`; an address such as https://… is none."""


def command_line() -> str:
    """The command as a person would type it again, of absolute paths the last part alone.

    Records and cards go out to others, and where folders lie on this machine is no business of theirs.
    """
    return shlex.join(["zoo", *(_ABSOLUTE.sub(r"\1", argument) for argument in sys.argv[1:])])
