"""Where Chromium is: found as an installed program, never fetched. `_chromium.mjs` drives it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from zoo.errors import OutsideError

CHROMIUM_VARIABLE = "ZOO_CHROMIUM"
"""The path of a Chromium or Chrome, where it has none of the usual names."""

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_REMEDY = f"apt install chromium (Debian), or set {CHROMIUM_VARIABLE} to the program of a Chromium or Chrome"


def find_chromium() -> Path:
    """The browser's program.

    Raises:
        OutsideError: there is none, with the command that adds it.
    """
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise OutsideError(f"{CHROMIUM_VARIABLE} names {named}, which is no program; correct or unset it")
        return Path(found)
    for program in _PROGRAMS:
        if found := shutil.which(program):
            return Path(found)
    raise OutsideError(f"no Chromium is installed; run: {_REMEDY}")
