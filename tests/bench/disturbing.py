"""Runs a Python runner and holds it up for some milliseconds whenever the second copy of a model is at work.

The delay is inside the process and inside the inference: a signal from another process may come too late on a busy
machine. Arguments: the command of the runner, whose first word is the Python that runs this.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from typing import TextIO

from ai_edge_litert import interpreter

HELD_UP_SECONDS = 0.003


class Announced:
    """Standard output, of which it keeps the model that was last said to be at work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.model = ""

    def write(self, line: str) -> None:
        event = json.loads(line)
        if event["event"] == "begin":
            self.model = event["model"]
        self._stream.write(line)

    def flush(self) -> None:
        self._stream.flush()


def main() -> None:
    announced = Announced(sys.stdout)

    class HeldUp(interpreter.Interpreter):
        def invoke(self) -> None:
            if announced.model.endswith(" (again)"):
                time.sleep(HELD_UP_SECONDS)
            super().invoke()

    interpreter.Interpreter = HeldUp
    sys.stdout = announced
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
