"""The server of the page answers to its own name only, and whatever is asked is answered or dropped without a word."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.demo.conftest import served
from zoo.demo._serve import _Server

PAGE = b"<!DOCTYPE html>the page"
LARGE = bytes(1 << 24)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server of a folder that lies beside something secret."""
    beside = tmp_path_factory.mktemp("served")
    (beside / "secret.txt").write_text("not for anyone")
    folder = beside / "page"
    (folder / "models").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "models" / "sparse.tflite").write_bytes(LARGE)
    (folder / "pictures.txt").write_text("a b")
    with served(folder) as address:
        yield urlsplit(address).port or 0


def answered(port: int, request: bytes, *, all_sent: bool = True) -> bytes:
    """All that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(request)
            if all_sent:
                connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(1 << 16):
                parts.append(part)
        except ConnectionError:
            # The server may close before it has read all that we sent.
            return b""
    return b"".join(parts)


def status(port: int, path: str | bytes, *, host: str | None = None, method: str = "GET") -> int:
    asked = path.encode() if isinstance(path, str) else path
    name = host if host is not None else f"127.0.0.1:{port}"
    answer = answered(port, method.encode() + b" " + asked + b" HTTP/1.1\r\nHost: " + name.encode() + b"\r\n\r\n")
    return int(answer.split()[1])


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_its_own_names_are_answered(port: int, name: str) -> None:
    assert status(port, "/", host=f"{name}:{port}") == 200


@pytest.mark.parametrize(
    "name",
    [
        "rebound.example",
        "rebound.example:{port}",
        "localhost.rebound.example:{port}",
        "127.0.0.1.rebound.example:{port}",
        "localhost",
        "127.0.0.1:1",
        "127.0.0.1:{port}@rebound.example",
        "0.0.0.0:{port}",
        "2130706433:{port}",
        "::1:{port}",
        "",
    ],
)
def test_any_other_name_is_refused_with_nothing_of_the_page(port: int, name: str) -> None:
    for method in ("GET", "HEAD"):
        assert status(port, "/", host=name.format(port=port), method=method) == 403
        assert status(port, "/nothing", host=name.format(port=port), method=method) == 403
    answer = answered(port, f"GET / HTTP/1.1\r\nHost: {name.format(port=port)}\r\n\r\n".encode())
    assert PAGE not in answer


def test_no_name_two_names_and_a_name_in_the_path_are_refused(port: int) -> None:
    own = f"Host: 127.0.0.1:{port}\r\n"
    for request in (
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET /\r\n\r\n",
        f"GET / HTTP/1.1\r\n{own}Host: rebound.example\r\n\r\n",
        f"GET / HTTP/1.1\r\n{own}{own}\r\n",
        f"GET http://rebound.example/ HTTP/1.1\r\n{own}\r\n",
        f"GET http://rebound.example/ HTTP/1.1\r\nX-Forwarded-{own}\r\n",
    ):
        answer = answered(port, request.encode())
        assert PAGE not in answer, request
        assert b"200" not in answer[:20], request


def test_port_80_is_left_out_of_a_name(port: int) -> None:
    """Browsers do so; nobody needs a server on it to see which names it takes."""
    other = _Server.__new__(_Server)
    other.server_address = ("127.0.0.1", 80)
    assert {"localhost", "localhost:80", "[::1]"} <= other.names
    other.server_address = ("127.0.0.1", port)
    assert "localhost" not in other.names


@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/index.html%00",
        "/index.html%00.png",
        b"/\x00",
        b"/\xff\xfe",
        "/%ff%fe%c0%ae",
        "/%ed%a0%80",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/../secret.txt",
        "/models/../../secret.txt",
        "/models/%2e%2e/index.html",
        "/.%2e\\secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/file:///etc/passwd",
        "/C:/windows/win.ini",
        "/%",
        "/%zz",
        "/%u0041",
        "/" + "a" * 5000,
        "/" + "a/" * 5000,
        "/" + "%2e%2e/" * 2000 + "etc/passwd",
        "/models",
        "/models/",
        "/index.html/",
        "/CON",
        "/pictures.txt:stream",
        "*",
        "relative",
    ],
)
def test_a_path_that_is_none_of_the_page_is_not_there(
    port: int, path: str | bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(port, path) == 404
    assert capsys.readouterr().err == ""


def test_what_is_there_is_found_whatever_follows_it(port: int) -> None:
    for path in (
        "/",
        "/?",
        "/index.html",
        "/%69ndex.html",
        "/index.html?x=%00",
        "/index.html#%zz",
        "/models/sparse.tflite",
    ):
        assert status(port, path) == 200, path
    answer = answered(port, f"HEAD / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
    assert f"Content-Length: {len(PAGE)}".encode() in answer
    assert PAGE not in answer


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "G\xcb\x86T", "A" * 300]
)
def test_a_method_that_reads_nothing_is_told_so(port: int, method: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(port, "/", method=method) == 501
    assert capsys.readouterr().err == ""


def test_requests_that_are_none_get_an_error_or_nothing(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    own = f"Host: 127.0.0.1:{port}\r\n"
    for request in (
        b"",
        b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.\xb2\r\n\r\n",
        b"GET / HTTP/1." + b"9" * 5000 + b"\r\n\r\n",
        b"GET / x y z\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\n{own}X: {'a' * 70_000}\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\n{own}".encode() + b"X: y\r\n" * 500 + b"\r\n",
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\x00\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\nno header at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nHos",
        b"GET / HT",
        f"GET / HTTP/1.1\r\n{own}Content-Length: -1\r\n\r\n".encode() + b"z" * 10_000,
        f"GET / HTTP/1.1\r\n{own}Expect: 100-continue\r\nRange: bytes=9-1\r\nIf-Modified-Since: x\r\n\r\n".encode(),
    ):
        answer = answered(port, request)
        assert b"not for anyone" not in answer
        assert b"Traceback" not in answer
    assert capsys.readouterr().err == ""
    assert status(port, "/") == 200


def test_who_goes_away_in_the_middle_leaves_no_trace(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    request = f"GET /models/sparse.tflite HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    for asked in (request, request[:30], b""):
        for _ in range(5):
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(asked)
            if asked == request:
                connection.recv(1000)
            connection.close()
    assert answered(port, request).endswith(LARGE)
    assert capsys.readouterr().err == ""


def test_random_requests_end_without_a_word(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(5)  # noqa: S311
    sound = f"GET /models/../%2e%00?x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n".encode()
    for _ in range(300):
        request = bytearray(sound)
        for _ in range(chance.randint(1, 12)):
            place = chance.randrange(len(request))
            request[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
        assert b"not for anyone" not in answered(port, bytes(request))
    assert status(port, "/") == 200
    assert capsys.readouterr().err == ""
