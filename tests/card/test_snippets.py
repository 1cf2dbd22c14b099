"""The code that a card shows runs as it stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from tests.card import _records
from zoo.card import render_card

RUN = "import sys; sys.modules['tensorflow'] = None; exec(compile(open('snippet.py').read(), 'snippet.py', 'exec'))"
"""MediaPipe asks for TensorFlow only to decorate its documentation; refusing it saves 20 seconds."""


def snippets(folder: Path) -> list[str]:
    render_card(_records.spec(), {}, folder)
    tokens = MarkdownIt().parse(ModelCard.load(folder / "README.md").text)
    return [token.content for token in tokens if token.type == "fence" and token.info == "python"]


@pytest.fixture
def portrait() -> Path:
    found = find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        pytest.skip("scikit-image is not installed")
    return Path(found.submodule_search_locations[0]) / "data" / "astronaut.png"


def test_the_legacy_snippet_finds_the_face(published_sparse: Path, portrait: Path, tmp_path: Path) -> None:
    (legacy,) = [code for code in snippets(tmp_path) if "CalculatorGraph" in code]
    (tmp_path / "snippet.py").write_text(legacy)
    shutil.copyfile(published_sparse, tmp_path / "face_detector_sparse.tflite")
    shutil.copyfile(portrait, tmp_path / "picture.jpg")
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    score, left, top, width, height = map(float, line.split())
    assert score > 0.8
    assert 0.3 < left < 0.4
    assert 0.1 < top < 0.2
    assert width == pytest.approx(height, abs=0.02)


def test_the_tasks_snippet_names_the_file_and_the_threshold(tmp_path: Path) -> None:
    (tasks,) = [code for code in snippets(tmp_path) if "FaceDetectorOptions" in code]
    assert 'model_asset_path="face_detector_sparse.tflite"' in tasks
    assert f"min_detection_confidence={_records.spec().detector.score_threshold}" in tasks
