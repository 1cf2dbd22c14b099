"""A small hub on loopback for the real client, with faults that a test can ask for."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.release._hub_state import Answer, HubState, Repo

TOKEN = "hf_" + "secretsecretsecret"
NAME = "org/face_detector"


@dataclass
class Fault:
    """Something that goes wrong for requests whose `METHOD PATH` contains `where`, so many `times`.

    `status`: that answer, with the token in it, as a careless server would. `cut`: the connection ends in the middle
    of the request. `lost`: the request is done, and the connection ends before its answer. `slow`: the request is done
    after so many seconds; with `lost` at once, and the connection ends after these. `trickle`: the answer comes byte by
    byte, so many seconds apart; `trickle_head`: its headers do.
    """

    where: str
    status: int = 0
    cut: bool = False
    lost: bool = False
    slow: float = 0.0
    trickle: float = 0.0
    trickle_head: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1_000


@dataclass
class Hub:
    """The running server. `calls`: every request, as `METHOD PATH`; `changed` is told between two of them."""

    state: HubState = field(default_factory=HubState)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    tokens_elsewhere: set[str | None] = field(default_factory=set)
    before: Callable[[str], None] | None = None
    mangle: Callable[[str, Answer], Answer] | None = None

    @property
    def endpoint(self) -> str:
        return self.state.endpoint

    @property
    def repo(self) -> Repo:
        return self.state.repos[NAME]

    @property
    def files(self) -> dict[str, bytes]:
        """What the main branch holds but for the hub's own file."""
        files = self.repo.commits[-1][1]
        return {path: file.content for path, file in files.items() if path != ".gitattributes"}

    def changes(self) -> list[str]:
        """The requests that change something, in order."""
        changing = ("/repos/create", "/commit/", "/tag/", "PUT ", "/complete")
        return [call for call in self.calls if any(part in call for part in changing) and not call.startswith("GET")]

    def fault_of(self, call: str) -> Fault | None:
        for fault in self.faults:
            if fault.where in call and fault.times > 0:
                fault.times -= 1
                return fault
        return None


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub, ended = Hub(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            self.respond()

        def do_POST(self) -> None:
            self.respond()

        def do_PUT(self) -> None:
            self.respond()

        def respond(self) -> None:
            path = self.path.split("?")[0]
            if path == "/api/agent-harnesses":
                # The client asks this once, on its own account.
                self.reply((404, {}, b""))
                return
            call = f"{self.command} {path}"
            hub.calls.append(call)
            is_elsewhere = path.startswith(("/upload/", "/cdn/")) and not path.endswith("/verify")
            token = self.headers.get("Authorization")
            if is_elsewhere:
                hub.tokens_elsewhere.add(token)
            elif path.startswith("/api/") or path.endswith("/batch"):
                hub.tokens.add(token)
            fault = hub.fault_of(call)
            length = int(self.headers.get("Content-Length", 0))
            if fault is not None and fault.cut:
                self.rfile.read(length // 2)
                self.end()
                return
            body = self.rfile.read(length)
            if hub.before is not None:
                hub.before(call)
            if fault is not None and fault.slow and not fault.lost:
                ended.wait(fault.slow)
            if fault is not None and fault.status:
                echo = {"error": f"declined {token}"}
                headers = {"Content-Type": "application/json", "X-Error-Message": echo["error"], **fault.headers}
                self.reply((fault.status, headers, json.dumps(echo).encode()))
                return
            answer = self.answer(path, token, body, is_elsewhere=is_elsewhere)
            if fault is not None and fault.lost:
                ended.wait(fault.slow)
                self.end()
                return
            answer = answer if hub.mangle is None else hub.mangle(call, answer)
            if fault is not None and fault.trickle_head:
                self.drip(b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 100_000, fault.trickle_head)
                return
            self.reply(answer, trickle=fault.trickle if fault is not None else 0.0)

        def answer(self, path: str, token: str | None, body: bytes, *, is_elsewhere: bool) -> Answer:
            known = token == f"Bearer {TOKEN}"
            parts = path.strip("/").split("/")
            repo = hub.state.repos.get("/".join(parts[2:4] if parts[0] == "api" else parts[:2]))
            if not is_elsewhere and not known and (self.command != "GET" or repo is None or repo.private):
                return 401, {"X-Error-Code": "RepoNotFound"}, b"{}"
            return hub.state.answer(self.command, path, body)

        def reply(self, answer: Answer, *, trickle: float = 0.0) -> None:
            status, headers, content = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if trickle:
                self.drip(content, trickle)
            else:
                self.wfile.write(content)
                self.wfile.flush()

        def drip(self, content: bytes, seconds: float) -> None:
            for place in range(len(content)):
                self.wfile.write(content[place : place + 1])
                self.wfile.flush()
                ended.wait(seconds)

        def end(self) -> None:
            self.close_connection = True
            self.connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):
                # The client went away, or we cut the line.
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.state.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def use_hub(endpoint: str, *, monkeypatch: pytest.MonkeyPatch, home: object) -> None:
    """Let this process's client take the server for the hub, with a token for it."""
    # The client reads these from the environment when it is imported, which is too early for a test.
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", endpoint)
    template = f"{endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", f"{home}/token")
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def without_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the client's and our pauses take no time; how long each would have been."""
    pauses: list[float] = []
    real = time.sleep

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        real(min(seconds, 0.01))

    monkeypatch.setattr("time.sleep", sleep)
    return pauses
