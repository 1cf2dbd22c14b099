"""`dir:PATH` takes each version once, whole or not at all."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.release._releases import contents, make_release, publish_to
from zoo.errors import InputError, OutsideError, RefusedError
from zoo.release import read_manifest, verify_release


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
    files = contents(folder)
    assert {one.path: one.bytes for one in published.files} == {name: len(content) for name, content in files.items()}
    assert published.total_bytes == sum(map(len, files.values()))
    built = contents(release)
    assert {name: files[name] for name in built if name != "manifest.json"} == {
        name: content for name, content in built.items() if name != "manifest.json"
    }
    assert verify_release(folder).version == "0.1.0"


def test_a_release_brings_the_records_behind_its_numbers_and_what_changed(release: Path, registry: Path) -> None:
    publish_to(release, f"dir:{registry}")
    folder = registry / "face_detector" / "0.1.0"
    manifest = read_manifest(folder)
    assert set(manifest.records) == set(read_manifest(release).records)
    for name in manifest.records:
        assert (folder / "records" / f"{name}.json").read_bytes() == (
            release.parent / "records" / f"{name}.json"
        ).read_bytes()
    assert (folder / "CHANGELOG.md").read_text().endswith("## 0.1.0\n\nThe first release.\n")


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
    assert not registry.exists()
    publish_to(release, f"dir:{registry}")
    files = contents(registry / "face_detector" / "0.1.0")
    assert {one.path: one.bytes for one in published.files} == {name: len(content) for name, content in files.items()}


def test_sample_data_is_refused_unless_allowed(registry: Path, tmp_path: Path) -> None:
    release = make_release(tmp_path / "sample", sample=True)
    with pytest.raises(RefusedError, match="sample data"):
        publish_to(release, f"dir:{registry}")
    assert not registry.exists()
    publish_to(release, f"dir:{registry}", allow_sample=True)
    assert read_manifest(registry / "face_detector/0.1.0").sample_data


def test_sample_data_is_said_before_what_a_gate_says(registry: Path, tmp_path: Path) -> None:
    release = make_release(tmp_path / "sample", sample=True, without_wasm=True)
    with pytest.raises(RefusedError, match="sample data"):
        publish_to(release, f"dir:{registry}")
    with pytest.raises(RefusedError, match="Gate 'sparse_kernels_engage' failed"):
        publish_to(release, f"dir:{registry}", allow_sample=True)


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
    with pytest.raises(InputError, match="write dir:PATH, hf:ORG/NAME or catalogue:PATH"):
        publish_to(release, to)


def test_a_file_in_the_place_of_the_registry_is_told(release: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        publish_to(release, f"dir:{tmp_path / 'file'}")


def test_a_registry_inside_the_release_is_told(release: Path) -> None:
    with pytest.raises(InputError, match="inside the release"):
        publish_to(release, f"dir:{release / 'figures'}")


def test_a_disk_that_cannot_be_written_is_an_outside_error(release: Path) -> None:
    with pytest.raises(OutsideError, match=r"/proc/registry/face_detector cannot be written: "):
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
release = Path(sys.argv[1])
publish(release, sys.argv[2], records=release.parent / "records", progress=progress)
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
    return make_release(tmp_path / "new", version="0.2.0", payload=payload), contents(registry / "face_detector/0.1.0")


def check_old_or_new(registry: Path, new: Path, old_files: dict[str, bytes]) -> bool:
    """The old version is whole; the new one is whole too, or not there. Whether it is there."""
    assert contents(registry / "face_detector/0.1.0") == old_files
    folder = registry / "face_detector/0.2.0"
    if folder.exists():
        verify_release(folder)
        assert (folder / "face_detector_sparse.tflite").read_bytes() == (
            new / "face_detector_sparse.tflite"
        ).read_bytes()
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


def kill_at_random(registry: Path, new: Path, old_files: dict[str, bytes], *, within: float) -> bool:
    """Publish in a process of its own and kill it at a random moment; whether the new release is there then."""
    process = start(new, registry, kill_at_block=-1)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(random.SystemRandom().uniform(0, within))  # other moments each time, on purpose
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    process.stdout.close()
    return check_old_or_new(registry, new, old_files)


def test_killed_at_any_moment_there_is_the_old_or_the_new_release(
    registry: Path, old_and_new: tuple[Path, dict[str, bytes]]
) -> None:
    new, old_files = old_and_new
    if not any(kill_at_random(registry, new, old_files, within=1.0) for _ in range(2)):
        publish_to(new, f"dir:{registry}")
        assert check_old_or_new(registry, new, old_files)


@pytest.mark.slow
def test_killed_at_twenty_moments_there_is_the_old_or_the_new_release(
    registry: Path, old_and_new: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    new, old_files = old_and_new
    clock = time.monotonic()
    process = start(new, tmp_path / "timed", kill_at_block=-1)
    assert process.wait(timeout=120) == 0
    whole = time.monotonic() - clock
    outcomes = []
    for _ in range(20):
        outcomes.append(kill_at_random(registry, new, old_files, within=whole))
        if outcomes[-1]:
            shutil.rmtree(registry / "face_detector/0.2.0")
    print(f"killed 20 times within {whole:.1f} s: the new release was there {sum(outcomes)} times, else the old one")
    publish_to(new, f"dir:{registry}")
    assert check_old_or_new(registry, new, old_files)
    assert not list((registry / "face_detector").glob(".partial-*"))
