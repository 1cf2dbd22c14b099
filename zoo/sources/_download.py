"""A resumable, bounded download over HTTP. The spec admits https alone; this module refuses to fall back from it."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from zoo.errors import InputError
from zoo.progress import Ticker

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30.0
_ATTEMPTS = 4
_FIRST_WAIT_SECONDS = 0.2
# A server that drips one byte at a time never meets the socket's time-out; this ends it.
_DEADLINE_SECONDS = 3600.0
_HTTP_RANGE_REFUSED = 416
_HTTP_PARTIAL = 206


class OutOfReachError(Exception):
    """A source that cannot be had now; the next one is tried. Its text is a short reason."""


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something that can be read or changed on the way."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise OutOfReachError("it redirects from https to an unprotected address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, part: Path, *, size: int, ticker: Ticker) -> bool:
    """Bring the file at `url` into `part`, continuing what an earlier try left there; never more than `size` bytes.

    Whether the content is right is for the caller to check. Returns True where the file holds bytes of an earlier try.

    Raises:
        OutOfReachError: no answer, an error status, or the connection was cut again and again; `part` stays for later.
        InputError: the server sends more than `size` bytes; `part` is removed.
        OSError: the disk.
    """
    resumed = part.exists()
    opener = urllib.request.build_opener(_NoDowngrade)
    deadline = time.monotonic() + _DEADLINE_SECONDS
    reason = "no answer"
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        have = part.stat().st_size if part.exists() else 0
        if have >= size:
            # Exactly `size` bytes may be the whole file; more cannot be.
            if have == size:
                return resumed
            part.unlink()
            have = 0
        try:
            with _open(opener, url, have) as response:
                if _copy(response, part, have=have, size=size, ticker=ticker, deadline=deadline):
                    return resumed and have > 0
            reason = f"the connection was cut after {part.stat().st_size} of {size} bytes"
        except urllib.error.HTTPError as error:
            reason = f"the server answered {error.code} {error.reason}"
            if error.code == _HTTP_RANGE_REFUSED:
                part.unlink(missing_ok=True)
            elif error.code < 500 and error.code != 429:
                break
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
    raise OutOfReachError(reason)


def _open(opener: urllib.request.OpenerDirector, url: str, have: int) -> http.client.HTTPResponse:
    headers = {"Accept-Encoding": "identity", "User-Agent": "mediapipe-zoo"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the spec admits https alone
    response: http.client.HTTPResponse = opener.open(request, timeout=_TIMEOUT_SECONDS)
    return response


def _copy(
    response: http.client.HTTPResponse, part: Path, *, have: int, size: int, ticker: Ticker, deadline: float
) -> bool:
    """Append the answer's body to `part`, or write it anew where the server ignored the range. True if it is whole."""
    continues = response.status == _HTTP_PARTIAL
    if continues and not (response.headers.get("Content-Range") or "").startswith(f"bytes {have}-"):
        raise OutOfReachError("the server answered another range than the one asked for")
    start = have if continues else 0
    announced = response.headers.get("Content-Length")
    expected = start + int(announced) if announced and announced.isdecimal() else None
    if expected is not None and expected > size:
        _refuse_longer(part, size)
    count = start
    with part.open("ab" if continues else "wb") as file:
        while block := response.read(_CHUNK):
            if count + len(block) > size:
                break
            file.write(block)
            count += len(block)
            ticker.advance(len(block))
            if time.monotonic() > deadline:
                raise OutOfReachError(f"after an hour only {count} of {size} bytes had come")
    if block:
        _refuse_longer(part, size)
    # Without an announced length a cut cannot be told from the end, so only the declared size counts as whole.
    return count == (size if expected is None else expected)


def _refuse_longer(part: Path, size: int) -> None:
    part.unlink(missing_ok=True)
    raise InputError(f"the server sends more than the {size} bytes that the spec declares")
