"""Rendering: this project's templates here, a person's in a small process of its own that can do no harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from zoo.errors import InputError, OutsideError, shortened
from zoo.rendering._data import Page, as_plain
from zoo.rendering._page import render_page

MOST_CPU_SECONDS = 10
"""A card takes less than half a second."""
MOST_SECONDS = 120
"""On the clock, for machines that are busy."""
MOST_MEMORY_BYTES = 1 << 29
"""Of address space, half of which Python and Jinja take."""
MOST_LETTERS = 1 << 24
"""Of all texts together; a card with its figures has 300 thousand."""
_ENDED_FOR_TIME = {-getattr(signal, name) for name in ("SIGKILL", "SIGXCPU") if hasattr(signal, name)}
_KEPT_FROM_ENVIRONMENT = ("PATH", "PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "HOME")
"""Nothing that is secret: the variables hold tokens too."""


def render(pages: Sequence[Page], folders: Sequence[Path] = ()) -> list[str]:
    """The text of each page, from this project's templates.

    `folders` hold a person's templates, which come before those, first match wins. They are anyone's work, and are
    rendered in a process of its own, with limits on time, memory and output. Raises InputError, with file and line
    where they can be told, for a template of theirs that is wrong or goes beyond a limit.
    """
    plain = [{name: as_plain(value) for name, value in page.values.items()} for page in pages]
    if not folders:
        # What goes wrong in these is our own fault, and no input's.
        return [
            render_page(page.kind, page.template, values, page.ready) for page, values in zip(pages, plain, strict=True)
        ]
    request = {
        "pages": [
            {"template": page.template, "kind": page.kind, "values": values, "ready": dict(page.ready)}
            for page, values in zip(pages, plain, strict=True)
        ],
        "folders": [str(folder.resolve()) for folder in folders],
        "seconds": MOST_CPU_SECONDS,
        "memory_bytes": MOST_MEMORY_BYTES,
        "letters": MOST_LETTERS,
        # A letter of JSON takes up to six bytes.
        "written_bytes": 6 * MOST_LETTERS,
    }
    return _ask_child(json.dumps(request, default=dict).encode(), " and ".join(str(folder) for folder in folders))


def _ask_child(request: bytes, place: str) -> list[str]:
    command = [sys.executable, "-X", "utf8", str(Path(__file__).with_name("_child.py"))]
    environment = {name: os.environ[name] for name in _KEPT_FROM_ENVIRONMENT if name in os.environ}
    # Into a file, which the system keeps below the limit whatever the child does.
    with tempfile.TemporaryFile() as written:
        try:
            done = subprocess.run(  # noqa: S603
                command,
                input=request,
                stdout=written,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _too_long(place) from None
        except OSError as error:
            raise OutsideError(f"The process that renders templates did not start: {error.strerror}.") from error
        if done.returncode in _ENDED_FOR_TIME:
            raise _too_long(place)
        written.seek(0)
        answer = written.read()
    try:
        document = json.loads(answer)
    except ValueError:
        ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        sentence = f"The templates of {place} end the process that renders them ({ended}); correct them."
        raise InputError(sentence) from None
    if "error" in document:
        raise InputError(shortened(document["error"], 1000))
    return [str(text) for text in document["texts"]]


def _too_long(place: str) -> InputError:
    return InputError(
        f"The templates of {place} take more than {MOST_CPU_SECONDS} seconds to render; look for a loop or power "
        "without end in them."
    )
