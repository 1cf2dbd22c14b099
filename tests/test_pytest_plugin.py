"""`pytest --zoo-dropin FILE`: a user's own file, tried by pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtimes.altered import SCORES, with_scaled_output


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_a_good_file_passes_and_a_spoiled_one_fails(published_dense: Path, tmp_path: Path) -> None:
    only = ("--zoo-dropin-model", "face_detector", "--zoo-dropin-runtime", "ai-edge-litert==2.3.0")
    good = run(tmp_path, "--zoo-dropin", str(published_dense), *only)
    assert good.returncode == 0, good.stdout
    assert "zoo-dropin face_detection_full_range.tflite::ai-edge-litert==2.3.0 Interpreter.invoke" in good.stdout
    assert "1 passed" in good.stdout

    spoiled = tmp_path / "spoiled.tflite"
    spoiled.write_bytes(with_scaled_output(published_dense.read_bytes(), output=SCORES, factor=3.0))
    bad = run(tmp_path, "--zoo-dropin", str(spoiled), *only)
    assert bad.returncode == 1, bad.stdout
    assert "output_error" in bad.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--zoo-dropin", "nothing.tflite"], "there is no file nothing.tflite"),
        (["--zoo-dropin", "test_own.py", "--zoo-dropin-model", "nobody"], "nobody"),
    ],
)
def test_bad_input_is_a_usage_error(options: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own() -> None: ...\n")
    done = run(tmp_path, *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert says in done.stdout + done.stderr


def test_without_the_option_only_ones_own_tests_run(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own() -> None: ...\n")
    done = run(tmp_path)
    assert done.returncode == 0
    assert "1 passed" in done.stdout
