"""A real headless Chromium, driven from a test."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.bridges import find_chromium
from zoo.sources import node_binary


class Browser:
    """One page. Methods raise AssertionError with what the browser said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, command: str, argument: Any = None) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([command, argument]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the browser's driver ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, url: str) -> None:
        self.ask("open", url)

    def evaluate(self, expression: str) -> Any:
        return self.ask("evaluate", expression)

    def until(self, expression: str) -> None:
        self.ask("until", expression)

    def text(self, name: str) -> str:
        """The text of the element with that id."""
        return str(self.evaluate(f"document.getElementById({json.dumps(name)}).textContent"))

    def keys(self, *names: str) -> None:
        for name in names:
            self.ask("key", name)

    def focused(self) -> str:
        """The id of what has the focus; its tag where it has none."""
        return str(self.evaluate("document.activeElement.id || document.activeElement.tagName"))

    def choose(self, files: Sequence[Path]) -> str:
        """Give files to the chooser that the page opened; whether it takes one or several."""
        return str(self.ask("choose", [str(file) for file in files]))

    def prefer(self, **features: str) -> None:
        self.ask("prefer", {name.replace("_", "-"): value for name, value in features.items()})

    def requests(self) -> list[str]:
        return list(self.ask("requests"))


@contextmanager
def browsing(folder: Path, *switches: str) -> Iterator[Browser]:
    """A browser with its profile below `folder`."""
    script = Path(__file__).with_name("browser.mjs")
    command = [str(node_binary()), str(script), str(find_chromium()), str(folder), *switches]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Browser(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)


def drawn(canvas: str) -> str:
    """An expression: how many different colours a canvas shows, and how many pixels have that of its side's marks."""
    return f"""(() => {{
      const canvas = document.getElementById("{canvas}");
      const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const counts = new Map();
      for (let at = 0; at < data.length; at += 4) {{
        const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }}
      const mark = {{ dense: 0xffb454, sparse: 0x3ddbc2 }}["{canvas}"];
      return [counts.size, counts.get(mark) ?? 0];
    }})()"""
