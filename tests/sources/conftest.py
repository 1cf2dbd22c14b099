"""A web server on this machine that can misbehave in the ways that networks do, and pictures made on the spot."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from zoo.progress import Ticker
from zoo.sources import Picture, scan_pictures
from zoo.spec import DataSplit


@dataclass
class Page:
    """What the server holds at one path, and how it misbehaves there."""

    content: bytes
    content_type: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    cut_after: int | None = None
    """Close the connection after so many bytes of a body ..."""
    cuts: int = 0
    """... this many times; then serve whole."""
    failures: list[int] = field(default_factory=list)
    """Status codes for the first requests."""
    seconds_per_kib: float = 0.0
    announces_length: bool = True


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    range: str | None


class Loopback:
    """Serves `pages` and remembers what was `asked`."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        handler = type("Handler", (_Handler,), {"site": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def put(self, path: str, content: bytes, **how: Any) -> str:
        self.pages[path] = Page(content, **how)
        return self.url + path

    def ranges_asked(self, path: str) -> list[str | None]:
        return [asked.range for asked in self.asked if asked.path == path and asked.method == "GET"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: Loopback
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        wanted = self.headers.get("Range")
        self.site.asked.append(Asked(self.command, self.path, wanted))
        page = self.site.pages.get(self.path)
        if page is None or page.failures:
            self.send_response(page.failures.pop(0) if page else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and page.ranges else 0
        if start >= len(page.content) and start:
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(page.content) - 1}/{len(page.content)}")
        self.send_header("Content-Type", page.content_type)
        if page.announces_length:
            self.send_header("Content-Length", str(len(page.content) - start))
        else:
            self.send_header("Connection", "close")
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self._send(page, start)

    def _send(self, page: Page, start: int) -> None:
        rest = page.content[start:]
        if page.cuts > 0 and page.cut_after is not None:
            page.cuts -= 1
            rest = rest[: page.cut_after]
            self.close_connection = True
        try:
            for place in range(0, len(rest), 1024):
                self.wfile.write(rest[place : place + 1024])
                time.sleep(page.seconds_per_kib)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        return None


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and registries that nobody answers for."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ZOO_CACHE", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{DEAD}/simple")
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    monkeypatch.delenv("UV_INDEX", raising=False)
    monkeypatch.delenv("UV_EXTRA_INDEX_URL", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", DEAD)
    return folder


DEAD = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""


class Listener:
    """A progress listener that remembers the tasks and remarks it heard."""

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.remarks: list[str] = []
        self.advanced = 0.0

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        self.tasks.append(label)
        yield self

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        self.advanced += amount

    def say(self, message: str) -> None:
        self.remarks.append(message)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def scene(seed: int, side: int = 96) -> Image.Image:
    """A picture like no other: eight by eight random colours, smoothly blown up."""
    colours = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((side, side), Image.Resampling.BICUBIC)


@pytest.fixture
def make_picture() -> Callable[..., Path]:
    """Writes the scene of a seed where it is told; the suffix chooses the format."""

    def make(path: Path, seed: int, *, side: int = 96, **save: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(seed, side).save(path, **save)
        return path

    return make


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Folder of shared inputs that were once answered wrongly, beside the shared pictures; skips without it."""
    folder = Path(os.environ.get("ZOO_DATA", ROOT.parent / "shared" / "data")).resolve().parent / "cases"
    if not folder.is_dir():
        pytest.skip("no shared cases beside the shared pictures")
    return folder


def scan(folder: Path, listener: Listener | None = None) -> dict[str, Picture]:
    found = scan_pictures(folder, DataSplit(), progress=listener or Listener())
    return {picture.name: picture for picture in found.pictures}


def groups(folder: Path) -> dict[str, dict[str, str]]:
    return {name: picture.groups for name, picture in scan(folder).items() if picture.groups}
