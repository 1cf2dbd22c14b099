"""The process that renders a person's templates: it reads a request, limits itself, and writes texts or a sentence.

Run as a file: `-m` would put the folder that one stands in before the installed packages.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, NoReturn

from zoo.rendering._data import as_plain
from zoo.rendering._folders import FolderLoader
from zoo.rendering._page import TooMuchError, render_page, sentence_for

_LAST_SECONDS = 5
"""More, for what Python computes in one piece, such as a power: the system ends it then, and no line can be told."""


def main() -> None:
    """Answer the request on standard input: `{"texts": [...]}` or `{"error": "..."}`, as JSON."""
    request = json.load(sys.stdin)
    # Freed where memory runs out, so that there is enough to say so.
    reserve = bytearray(1 << 21)
    _limit(seconds=request["seconds"], memory=request["memory_bytes"], written=request["written_bytes"])
    folders = [Path(folder) for folder in request["folders"]]
    place = ""
    try:
        texts, letters = [], request["letters"]
        for page in request["pages"]:
            template = page["template"]
            place = FolderLoader(folders).place_of(template)
            values = MappingProxyType({name: as_plain(value) for name, value in page["values"].items()})
            text = render_page(page["kind"], template, values, page["ready"], folders=folders, most_letters=letters)
            letters -= len(text)
            texts.append(text)
        answer = json.dumps({"texts": texts}, ensure_ascii=False).encode()
    except Exception as error:
        del reserve
        answer = json.dumps({"error": sentence_for(error, place)}).encode()
    sys.stdout.buffer.write(answer)


def _limit(*, seconds: int, memory: int, written: int) -> None:
    """Hold this process to so much time of a processor, memory and output; there is no way back up."""
    try:
        import resource
    except ImportError:
        # Windows: the parent ends this process after its own time.
        return

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise TooMuchError(f"it takes more than {seconds} seconds")

    signal.signal(signal.SIGXCPU, stop)
    limits: dict[int, Any] = {
        resource.RLIMIT_CPU: (seconds, seconds + _LAST_SECONDS),
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_FSIZE: (written, written),
        resource.RLIMIT_CORE: (0, 0),
    }
    for limit, values in limits.items():
        # macOS knows some of them and holds others; a limit below what is used already is refused there.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, values)


if __name__ == "__main__":
    main()
