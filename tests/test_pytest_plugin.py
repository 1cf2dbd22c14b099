"""`pytest --zoo-dropin FILE`: a user's own file, tried by pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.runtimes.altered import SCORES, with_scaled_output
from tests.runtimes.conftest import modules

__all__ = ["modules"]


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


def test_a_session_that_compared_nothing_fails_and_asks_for_pictures(published_sparse: Path, tmp_path: Path) -> None:
    """Noise shows no face; one's own tests pass beside it."""
    (tmp_path / "test_own.py").write_text("def test_own() -> None: ...\n")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(20):
        Image.effect_noise((96, 96), 20 + number).convert("RGB").save(pictures / f"{number}.png")
    only = ("--zoo-dropin-runtime", "ai-edge-litert==2.3.0", "--zoo-dropin-data", "pictures")

    done = run(tmp_path, "--zoo-dropin", str(published_sparse), *only)

    assert done.returncode == 1, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert "the original finds no faces on the " in done.stdout
    assert "compared in no place, so this session fails; give pictures that show what the model finds" in done.stdout
    assert "--zoo-dropin-data DIR" in done.stdout


def test_a_session_without_any_runtime_fails_and_asks_for_one(published_sparse: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "--zoo-dropin", str(published_sparse), "--zoo-dropin-runtime", "ai-edge-litert==99.9.9")

    assert done.returncode == 1, done.stdout
    assert "1 skipped" in done.stdout
    assert "name another with --zoo-dropin-runtime" in done.stdout


def test_a_session_that_asks_for_none_of_the_places_is_as_its_own_tests(published_sparse: Path, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own() -> None: ...\n")
    done = run(tmp_path, "--zoo-dropin", str(published_sparse), "-k", "test_own")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_file_of_another_task_is_a_usage_error(modules: Path, tmp_path: Path) -> None:
    file = modules / "hand_landmark" / "hand_landmark_full.tflite"
    done = run(tmp_path, "--zoo-dropin", str(file), "--zoo-dropin-runtime", "ai-edge-litert==2.3.0")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert "it takes 1 x 224 x 224 x 3 where face_detector takes 1 x 192 x 192 x 3" in done.stdout + done.stderr


def test_without_the_option_only_ones_own_tests_run(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own() -> None: ...\n")
    done = run(tmp_path)
    assert done.returncode == 0
    assert "1 passed" in done.stdout
