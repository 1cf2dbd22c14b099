"""Data sets of the hub: a pinned revision, one sentence without a network, and a folder that is whole or not there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.sources import annotated as made
from tests.sources.annotated import Scene, Thing
from tests.sources.conftest import Loopback
from zoo.errors import InputError, OutsideError
from zoo.sources.annotations import read_annotations

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ADDRESS = f"hub:someone/hands@{COMMIT}"


@pytest.mark.parametrize(
    "address",
    [
        "hub:someone/hands",
        "hub:someone/hands@main",
        f"hub:hands@{COMMIT}",
        f"hub:some/one/hands@{COMMIT}",
        f"hub:../hands@{COMMIT}",
        f"hub:someone/hands@{COMMIT[:12]}",
        f"hub:someone/hands@{COMMIT}\n",
    ],
)
def test_refuses_what_is_not_pinned(cache: Path, address: str) -> None:
    with pytest.raises(InputError, match=r"must be hub:ORG/NAME@REVISION, where REVISION is a commit's 40") as caught:
        read_annotations(address)
    assert str(caught.value).isprintable()
    assert not cache.exists()


def test_without_a_network_it_is_one_sentence(cache: Path) -> None:
    with pytest.raises(
        OutsideError, match=rf"{ADDRESS} cannot be brought from the hub .*: check the name and"
    ) as caught:
        read_annotations(ADDRESS)
    assert str(caught.value).isprintable()


def serve(hub: Loopback, folder: Path) -> None:
    """The files of a folder as the hub serves a data set, and one that nobody should ask for."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    files["run.py"] = b"raise SystemExit"
    listed = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
    about = {"id": "someone/hands", "sha": COMMIT, "siblings": listed, "private": False, "tags": []}
    hub.put(f"/api/datasets/someone/hands/revision/{COMMIT}", json.dumps(about).encode())
    tree = [{"type": "file", "path": name, "size": len(data), "oid": "0" * 40} for name, data in files.items()]
    hub.put(f"/api/datasets/someone/hands/tree/{COMMIT}?recursive=true&expand=false", json.dumps(tree).encode())
    for name, data in files.items():
        etag = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
        hub.put(f"/datasets/someone/hands/resolve/{COMMIT}/{name}", data, headers=headers)


@pytest.fixture
def hub(cache: Path, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    made.write_yolo(Scene((64, 48), {"a.jpg": (Thing((4, 5, 20, 30)),)}), tmp_path / "set")
    serve(loopback, tmp_path / "set")
    monkeypatch.setenv("HF_ENDPOINT", loopback.url)
    return loopback


def test_a_data_set_is_brought_once_and_whole(hub: Loopback, cache: Path) -> None:
    found = read_annotations(ADDRESS)
    assert (found.format, found.objects) == ("yolo", 1)
    assert found.root.is_relative_to(cache.resolve())
    assert not list(found.root.rglob("*.py"))
    assert not list(cache.glob("hub/*.part"))
    asked = len(hub.asked)
    assert read_annotations(ADDRESS) == found
    assert len(hub.asked) == asked


def test_what_stops_half_way_is_not_taken_for_whole(hub: Loopback, cache: Path) -> None:
    label = hub.pages[f"/datasets/someone/hands/resolve/{COMMIT}/train/labels/a.txt"]
    label.failures = [400] * 50
    with pytest.raises(OutsideError, match="cannot be brought from the hub"):
        read_annotations(ADDRESS)
    assert not [path for path in cache.glob("hub/*") if path.suffix not in (".part", ".lock")]
    label.failures = []
    assert read_annotations(ADDRESS).objects == 1


def test_a_data_set_that_is_not_there_is_one_sentence(hub: Loopback) -> None:
    # The hub answers so to whoever is not logged in, lest private names be told.
    hub.put(f"/api/datasets/someone/feet/revision/{COMMIT}", b"", failures=[401])
    with pytest.raises(InputError, match=r"hub:someone/feet@0.*: the hub has no such data set at this revision"):
        read_annotations(f"hub:someone/feet@{COMMIT}")
