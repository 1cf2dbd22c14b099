"""How long an answer of the hub may take as a whole: a time-out alone never ends one that comes byte by byte."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from httpcore2 import NetworkBackend, NetworkStream, ReadTimeout

if TYPE_CHECKING:
    import ssl

    import httpx2

SLOWEST = 10_000
"""Bytes a second that an answer makes at least, after a grace time."""


class TooSlowError(Exception):
    """An answer, or its headers, came too slowly to be waited for."""


class _PatientStream(NetworkStream):
    """A connection whose answers end: `grace` seconds, and a second more for each `SLOWEST` bytes that came."""

    def __init__(self, stream: NetworkStream, grace: float) -> None:
        self._stream, self._grace = stream, grace
        self._started: float | None = None
        self._received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        started = self._started = self._started or time.monotonic()
        left = started + self._grace + self._received / SLOWEST - time.monotonic()
        patience = left if timeout is None else min(left, timeout)
        try:
            data = self._stream.read(max_bytes, max(patience, 0.001))
        except ReadTimeout as error:
            if patience < left:
                raise
            raise TooSlowError(f"{self._received} bytes in {time.monotonic() - started:.0f} seconds") from error
        self._received += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # What is asked next has an answer of its own.
        self._started, self._received = None, 0
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        return _PatientStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._grace)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _PatientBackend(NetworkBackend):
    def __init__(self, backend: NetworkBackend, grace: float) -> None:
        self._backend, self._grace = backend, grace

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _PatientStream(stream, self._grace)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> NetworkStream:
        return _PatientStream(self._backend.connect_unix_socket(path, timeout, socket_options), self._grace)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def bound_answers(client: httpx2.Client, *, grace: float) -> None:
    """Let each answer that the client reads raise TooSlowError once it took `grace` seconds and too few bytes came.

    Upstream: httpcore's NetworkBackend, which httpx makes by itself and takes from no one, so it is put in its place.
    """
    for transport in (client._transport, *client._mounts.values()):
        pool: Any = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _PatientBackend(pool._network_backend, grace)
