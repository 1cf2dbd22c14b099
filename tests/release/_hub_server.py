"""A small server on loopback that speaks as much of the hub's HTTP interface as publishing needs."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hub:
    """What the server was told. `statuses`: answers to give instead, by the end of the request's path."""

    endpoint: str = ""
    tags: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    tokens: set[str | None] = field(default_factory=set)


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer("GET")

        def do_POST(self) -> None:
            self.answer("POST")

        def answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.split("?")[0]
            hub.calls.append(f"{method} {path}")
            if method == "POST":
                hub.tokens.add(self.headers.get("Authorization"))
            status = next((code for end, code in hub.statuses.items() if path.endswith(end)), 200)
            echo = {"error": f"declined {self.headers.get('Authorization')}"}
            content = json.dumps(_reply(hub, path, body) if status == 200 else echo).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status != 200:
                # A careless server that repeats the token: it must not reach the reader.
                self.send_header("X-Error-Message", echo["error"])
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _reply(hub: Hub, path: str, body: bytes) -> object:
    if path == "/api/repos/create":
        return {"url": f"{hub.endpoint}/org/face_detector", "id": "org/face_detector", "name": "org/face_detector"}
    if path.endswith("/refs"):
        tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": "a" * 40} for tag in hub.tags]
        return {"branches": [], "converts": [], "tags": tags}
    if path == "/api/validate-yaml":
        return {"errors": [], "warnings": []}
    if "/preupload/" in path:
        files = json.loads(body)["files"]
        return {"files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files]}
    if "/commit/" in path:
        lines = [json.loads(line) for line in body.splitlines()]
        hub.files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"]) for line in lines if line["key"] == "file"
        }
        return {"success": True, "commitOid": "b" * 40, "commitUrl": f"{hub.endpoint}/org/face_detector/commit/b"}
    if "/tag/" in path:
        hub.tags.append(json.loads(body)["tag"])
        return {}
    return {}
