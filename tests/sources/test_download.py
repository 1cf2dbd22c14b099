"""Downloads survive cut connections, and never grow past what was declared."""

from __future__ import annotations

import os
import urllib.request
from email.message import Message
from io import BytesIO
from pathlib import Path

import pytest

from tests.sources.conftest import DEAD, Listener, Loopback
from zoo.errors import InputError
from zoo.sources._download import OutOfReachError, _NoDowngrade, download

CONTENT = os.urandom(300_000)


def fetch(url: str, part: Path, size: int = len(CONTENT)) -> bool:
    return download(url, part, size=size, ticker=Listener())


def test_a_file_arrives_whole(loopback: Loopback, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    assert fetch(loopback.put("/a", CONTENT), part) is False
    assert part.read_bytes() == CONTENT


def test_a_cut_connection_goes_on_where_it_stopped(loopback: Loopback, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    fetch(loopback.put("/a", CONTENT, cut_after=100_000, cuts=2), part)
    assert part.read_bytes() == CONTENT
    assert loopback.ranges_asked("/a") == [None, "bytes=100000-", "bytes=200000-"]


def test_after_too_many_cuts_the_part_stays_for_the_next_try(loopback: Loopback, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    url = loopback.put("/a", CONTENT, cut_after=10_000, cuts=99)
    with pytest.raises(OutOfReachError, match="cut after 40000 of 300000 bytes"):
        fetch(url, part)
    loopback.put("/a", CONTENT)
    assert fetch(url, part) is True
    assert part.read_bytes() == CONTENT
    assert loopback.ranges_asked("/a")[-1] == "bytes=40000-"


def test_a_server_without_ranges_starts_anew(loopback: Loopback, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    fetch(loopback.put("/a", CONTENT, cut_after=100_000, cuts=1, ranges=False), part)
    assert part.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(loopback: Loopback, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    part.write_bytes(b"x" * 400_000)
    fetch(loopback.put("/a", CONTENT), part)
    assert part.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_but_a_missing_file_is_not(loopback: Loopback, tmp_path: Path) -> None:
    fetch(loopback.put("/busy", CONTENT, failures=[503, 429]), tmp_path / "busy.part")
    assert len(loopback.ranges_asked("/busy")) == 3
    with pytest.raises(OutOfReachError, match="404"):
        fetch(loopback.url + "/missing", tmp_path / "missing.part")
    assert len(loopback.ranges_asked("/missing")) == 1


@pytest.mark.parametrize("announced", [True, False])
def test_more_bytes_than_declared_are_refused_and_removed(loopback: Loopback, tmp_path: Path, announced: bool) -> None:
    part = tmp_path / "a.part"
    url = loopback.put("/a", CONTENT, announces_length=announced)
    with pytest.raises(InputError, match="more than the 1000 bytes"):
        fetch(url, part, size=1000)
    assert not part.exists()


def test_a_length_that_is_not_announced_must_be_the_declared_one(loopback: Loopback, tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    fetch(loopback.put("/a", CONTENT, announces_length=False), part)
    assert part.read_bytes() == CONTENT
    with pytest.raises(OutOfReachError):
        fetch(loopback.put("/b", CONTENT[:-1], announces_length=False), tmp_path / "b.part")


def test_nobody_listening_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(OutOfReachError, match="refused"):
        fetch(f"{DEAD}/a", tmp_path / "a.part")


def test_a_redirect_may_not_leave_https() -> None:
    secure = urllib.request.Request("https://example.org/a")
    with pytest.raises(OutOfReachError, match="unprotected"):
        _NoDowngrade().redirect_request(secure, BytesIO(), 302, "", Message(), "http://example.org/a")
    followed = _NoDowngrade().redirect_request(secure, BytesIO(), 302, "", Message(), "https://example.net/a")
    assert followed is not None
    assert followed.full_url == "https://example.net/a"
