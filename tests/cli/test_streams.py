"""Exit codes say what happened to the work, wherever its words go: closed pipes, closed streams, full disks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ZOO
from tests.release._releases import make_release

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def shell(line: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which `zoo` is the command; a failure anywhere in a pipe is the pipe's."""
    line = f'zoo() {{ "{ZOO}" "$@"; }}; set -o pipefail; {line}'
    return subprocess.run(["bash", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def here(tmp_path: Path, published_sparse: Path) -> Path:
    """A folder with a sound model, one that is none, and a build that can be published."""
    (tmp_path / "sound.tflite").write_bytes(published_sparse.read_bytes())
    (tmp_path / "broken.tflite").write_bytes(b"TFL3" * 100)
    make_release(tmp_path / "build/face_detector")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("zoo publish face_detector --to dir:releases --json", 0),
        ("zoo verify-release build/face_detector/release", 0),
        ("zoo inspect sound.tflite --require sparse --target x86-avx --json", 1),
        ("zoo inspect broken.tflite --json", 2),
    ],
)
@pytest.mark.parametrize("place", ["2>&1 | true", "<&- >&- 2>&-"])
def test_where_nobody_listens_the_code_is_that_of_the_work(command: str, code: int, place: str, here: Path) -> None:
    done = shell(f"{command} {place}", cwd=here)
    assert done.returncode == code, done.stderr
    assert done.stderr == ""
    assert (here / "releases/face_detector/0.1.0").is_dir() == command.startswith("zoo publish")


@pytest.mark.parametrize("command", ["zoo --help", "zoo list", "zoo list --json"])
@pytest.mark.parametrize("place", ["| true", ">&-", "2>&-"])
def test_so_are_short_answers(command: str, place: str, here: Path) -> None:
    done = shell(f"{command} {place}", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_has_enough_ends_the_words_quietly(here: Path) -> None:
    done = shell("zoo inspect sound.tflite --json | head -n 1", cwd=here)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[\n", "")


@needs_full
@pytest.mark.parametrize("command", ["zoo list", "zoo --version", "zoo inspect sound.tflite --json"])
def test_an_answer_that_does_not_fit_on_the_disk_is_one_sentence_and_exit_3(command: str, here: Path) -> None:
    done = shell(f"{command} >/dev/full", cwd=here)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
    assert "The work was done" in done.stderr


@needs_full
def test_a_no_stays_a_no_when_its_words_do_not_fit(here: Path) -> None:
    command = "zoo inspect sound.tflite --require sparse --target x86-avx --json"
    assert shell(f"{command} >/dev/full", cwd=here).returncode == 1
    assert shell(f"{command} >/dev/full 2>/dev/full", cwd=here).returncode == 1


@needs_full
def test_remarks_that_do_not_fit_change_nothing(here: Path) -> None:
    done = shell("zoo publish face_detector --to dir:releases --json 2>/dev/full", cwd=here)
    assert done.returncode == 0
    assert json.loads(done.stdout)["version"] == "0.1.0"


def test_a_name_that_the_streams_encoding_lacks_is_escaped(here: Path, published_sparse: Path) -> None:
    (here / "größe.tflite").write_bytes(published_sparse.read_bytes())
    done = shell("PYTHONIOENCODING=ascii zoo inspect größe.tflite", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "gr\\xf6" in done.stdout


def test_a_stream_that_another_process_made_one_that_does_not_wait_gets_all(here: Path) -> None:
    program = (
        "import os, subprocess, sys, time\n"
        "reader, writer = os.pipe()\n"
        "os.set_blocking(writer, False)\n"
        f"process = subprocess.Popen([{ZOO!r}, 'inspect', 'sound.tflite', '--json'], stdout=writer)\n"
        "os.close(writer)\n"
        "time.sleep(2)\n"
        "text = os.fdopen(reader, 'rb').read()\n"
        "assert process.wait(timeout=60) == 0\n"
        "sys.stdout.buffer.write(text)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=here, capture_output=True, timeout=120, check=True)
    assert len(done.stdout) > 1 << 16
    assert json.loads(done.stdout)[0]["name"] == "sound.tflite"
