"""A file server for one folder, on this machine alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from zoo.demo._page import PAGE_FILE
from zoo.errors import OutsideError

HOST = "127.0.0.1"
NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Under which a browser on this machine may ask for the page; the port follows.

A page from elsewhere can give its own name this machine's address ("DNS rebinding"). The browser then lets it read what
this server answers, pictures too, but sends that foreign name as `Host`.
"""
SECONDS = 30.0
"""That one request may be silent; after it the connection is closed."""
HEADERS = {
    # Cross-origin isolation lets the page's clock tell microseconds.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


TYPES = {
    "": "application/octet-stream",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".png": "image/png",
}
"""Given here, because the system's own table may say otherwise, and browsers run no script of another type."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    @property
    def names(self) -> set[str]:
        """What `Host` may be; browsers leave out port 80."""
        port = self.server_address[1]
        return {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == 80 else set())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is no fault."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Files(SimpleHTTPRequestHandler):
    server: _Server
    extensions_map = TYPES
    timeout = SECONDS

    def send_head(self) -> BinaryIO | None:
        """The file that GET and HEAD ask for, its headers sent; None where the answer is an error, which is sent."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.names:
            self.send_error(403, "this server answers to its own name only")
            return None
        path = self._file()
        try:
            content = path.open("rb") if path else None
        except OSError:
            content = None
        if path is None or content is None:
            self.send_error(404, "there is no such file")
            return None
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(os.fstat(content.fileno()).st_size))
        self.end_headers()
        return content

    def _file(self) -> Path | None:
        """The file of the page that is asked for: looked up among those that are there, so that no path is made."""
        asked = unquote(self.path.partition("?")[0].partition("#")[0], errors="replace").removeprefix("/")
        folder = Path(self.directory)
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        return files.get(asked or PAGE_FILE)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        return


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[tuple[ThreadingHTTPServer, str]]:
    """A server of the folder's files on 127.0.0.1, and its address; `serve_forever` answers until it is interrupted.

    `port` 0 takes a free one. Whoever asks under another name than this machine's own is refused. Raises OutsideError
    where the port is not free.
    """
    try:
        server = _Server((HOST, port), partial(_Files, directory=str(folder)))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutsideError(f"port {port} cannot be opened ({reason}); give another --port.") from error
    try:
        yield server, f"http://{HOST}:{server.server_address[1]}/"
    finally:
        server.server_close()
