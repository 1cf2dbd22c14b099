"""`dir:PATH` takes each version once, whole or not at all."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.release._releases import make_release
from zoo.errors import InputError, OutsideError, RefusedError
from zoo.progress import SilentProgress
from zoo.release import Published, publish, read_manifest


def publish_to(release: Path, to: str, *, allow_sample: bool = False, dry_run: bool = False) -> Published:
    return publish(release, to, allow_sample=allow_sample, dry_run=dry_run, progress=SilentProgress())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return make_release(tmp_path / "build")


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return tmp_path / "registry"


def test_a_release_lies_below_its_name_and_version(release: Path, registry: Path) -> None:
    published = publish_to(release, f"dir:{registry}")
    folder = registry / "face_detector" / "0.1.0"
    assert published.location == str(folder)
    assert contents(folder) == contents(release)
    assert set(published.files) == set(contents(release))
    assert published.total_bytes == sum(map(len, contents(release).values()))
    assert read_manifest(folder) == read_manifest(release)


def test_a_published_version_is_never_overwritten(release: Path, registry: Path, tmp_path: Path) -> None:
    publish_to(release, f"dir:{registry}")
    before = contents(registry)
    other = make_release(tmp_path / "other", payload=b"other")
    with pytest.raises(RefusedError, match="raise the version in the spec"):
        publish_to(other, f"dir:{registry}")
    assert contents(registry) == before


def test_versions_lie_side_by_side(release: Path, registry: Path, tmp_path: Path) -> None:
    publish_to(release, f"dir:{registry}")
    publish_to(make_release(tmp_path / "next", version="0.2.0"), f"dir:{registry}")
    assert {path.name for path in (registry / "face_detector").iterdir() if path.is_dir()} == {"0.1.0", "0.2.0"}


def test_a_dry_run_tells_all_and_writes_nothing(release: Path, registry: Path) -> None:
    published = publish_to(release, f"dir:{registry}", dry_run=True)
    assert published.dry_run
    assert set(published.files) == set(contents(release))
    assert not registry.exists()


def test_sample_data_is_refused_unless_allowed(registry: Path, tmp_path: Path) -> None:
    release = make_release(tmp_path / "sample", sample=True)
    with pytest.raises(RefusedError, match="sample data"):
        publish_to(release, f"dir:{registry}")
    assert not registry.exists()
    publish_to(release, f"dir:{registry}", allow_sample=True)
    assert read_manifest(registry / "face_detector/0.1.0").sample_data


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_failed_gate_is_named(registry: Path, tmp_path: Path, dry_run: bool) -> None:
    release = make_release(tmp_path / "failing", without_wasm=True)
    with pytest.raises(RefusedError, match=r"Gate 'sparse_kernels_engage' failed.*Not measured"):
        publish_to(release, f"dir:{registry}", allow_sample=True, dry_run=dry_run)
    assert not registry.exists()


def test_an_altered_file_is_refused(release: Path, registry: Path) -> None:
    with (release / "face_detector_sparse.tflite").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(RefusedError, match="not the file that the manifest lists"):
        publish_to(release, f"dir:{registry}")
    assert not registry.exists()


@pytest.mark.parametrize(
    "to", ["", "registry", "/registry", "s3:bucket", "dir:", "dir: ", "hf:", "ftp://x", ":x", "dir:a\0b"]
)
def test_a_wrong_place_is_told(release: Path, to: str) -> None:
    with pytest.raises(InputError, match="write dir:PATH or hf:ORG/NAME"):
        publish_to(release, to)


def test_a_file_in_the_place_of_the_registry_is_told(release: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        publish_to(release, f"dir:{tmp_path / 'file'}")


def test_a_registry_inside_the_release_is_told(release: Path) -> None:
    with pytest.raises(InputError, match="inside the release"):
        publish_to(release, f"dir:{release / 'figures'}")


def test_a_disk_that_cannot_be_written_is_an_outside_error(release: Path) -> None:
    with pytest.raises(OutsideError, match="nothing was published"):
        publish_to(release, "dir:/proc/registry")


KILLED_BY_ITSELF = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from zoo.progress import SilentProgress
from zoo.release import publish

class KillAtBlock(SilentProgress):
    @contextmanager
    def task(self, label, total):
        yield self
    def advance(self, amount=1.0, note=None):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

progress = KillAtBlock()
progress.left = int(sys.argv[3])
print("ready", flush=True)
publish(Path(sys.argv[1]), sys.argv[2], allow_sample=False, dry_run=False, progress=progress)
print("done", flush=True)
"""


def start(release: Path, registry: Path, *, kill_at_block: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KILLED_BY_ITSELF, str(release), f"dir:{registry}", str(kill_at_block)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def old_and_new(release: Path, registry: Path, tmp_path: Path) -> tuple[Path, dict[str, bytes]]:
    """A registry that holds 0.1.0, and the large release 0.2.0 that will be published into it."""
    publish_to(release, f"dir:{registry}")
    payload = os.urandom(24 << 20)
    return make_release(tmp_path / "new", version="0.2.0", payload=payload), contents(release)


def check_old_or_new(registry: Path, new: Path, old_files: dict[str, bytes]) -> bool:
    """The old version is whole; the new one is whole too, or not there. Whether it is there."""
    assert contents(registry / "face_detector/0.1.0") == old_files
    folder = registry / "face_detector/0.2.0"
    if folder.exists():
        assert contents(folder) == contents(new)
    return folder.exists()


def test_killed_in_the_middle_the_old_release_stands_and_the_next_run_tidies_up(
    registry: Path, old_and_new: tuple[Path, dict[str, bytes]]
) -> None:
    new, old_files = old_and_new
    process = start(new, registry, kill_at_block=9)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert list((registry / "face_detector").glob(".partial-*")), "the kill did not come in the middle"
    assert not check_old_or_new(registry, new, old_files)
    publish_to(new, f"dir:{registry}")
    assert check_old_or_new(registry, new, old_files)
    assert not list((registry / "face_detector").glob(".partial-*"))


def test_killed_at_any_moment_there_is_the_old_or_the_new_release(
    registry: Path, old_and_new: tuple[Path, dict[str, bytes]]
) -> None:
    new, old_files = old_and_new
    moments = random.SystemRandom()  # other moments each time, on purpose
    for _ in range(4):
        process = start(new, registry, kill_at_block=-1)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.25))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        process.stdout.close()
        if check_old_or_new(registry, new, old_files):
            break
    else:
        publish_to(new, f"dir:{registry}")
        assert check_old_or_new(registry, new, old_files)
