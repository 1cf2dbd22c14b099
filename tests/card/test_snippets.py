"""The code that a card shows runs as it stands."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from ast import literal_eval
from importlib.util import find_spec
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from tests.card import _records
from zoo.card import render_card
from zoo.runtimes._apart import python_with
from zoo.spec import load_spec

RUN = "import sys; sys.modules['tensorflow'] = None; exec(compile(open('snippet.py').read(), 'snippet.py', 'exec'))"
"""MediaPipe asks for TensorFlow only to decorate its documentation; refusing it saves 20 seconds."""


def snippets(folder: Path, model: str = "face_detector") -> list[str]:
    render_card(load_spec(model).spec, {}, folder)
    tokens = MarkdownIt().parse(ModelCard.load(folder / "README.md").text)
    return [token.content for token in tokens if token.type == "fence" and token.info == "python"]


@pytest.fixture
def portrait() -> Path:
    found = find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        pytest.skip("scikit-image is not installed")
    return Path(found.submodule_search_locations[0]) / "data" / "astronaut.png"


def said(model: str, file: Path, picture: Path, folder: Path) -> list[str]:
    """What the legacy snippet of a model's card prints, with `file` as the release's and `picture` beside it."""
    (legacy,) = [code for code in snippets(folder, model) if "CalculatorGraph" in code]
    (folder / "snippet.py").write_text(legacy)
    shutil.copyfile(file, folder / f"{model}_sparse.tflite")
    shutil.copyfile(picture, folder / "picture.jpg")
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_legacy_snippet_finds_the_face(published_sparse: Path, portrait: Path, tmp_path: Path) -> None:
    (line,) = said("face_detector", published_sparse, portrait, tmp_path)
    score, left, top, width, height = map(float, line.split())
    assert score > 0.8
    assert 0.3 < left < 0.4
    assert 0.1 < top < 0.2
    assert width == pytest.approx(height, abs=0.02)


@pytest.mark.parametrize("model", ["hand_landmark", "hand_landmark_lite", "palm_detector"])
def test_the_legacy_snippet_finds_the_hands(model: str, shared_data: Path, tmp_path: Path) -> None:
    picture = shared_data / "hands" / "mediapipe" / "tfjs_models" / "hands.jpg"
    if not picture.is_file():
        pytest.skip("this picture of hands is not there")
    hands = [literal_eval(line) for line in said(model, replaced(model), picture, tmp_path)]
    assert [len(points) for points in hands] == [21, 21]
    # Wrists and fingertips of a hand lie apart, in the picture.
    assert all(math.dist(points[0][:2], points[12][:2]) > 0.1 for points in hands)


@pytest.mark.parametrize("model", ["pose_landmark", "pose_detector"])
def test_the_legacy_snippet_finds_the_person(model: str, portrait: Path, tmp_path: Path) -> None:
    ((*points,),) = [literal_eval(line) for line in said(model, replaced(model), portrait, tmp_path)]
    assert len(points) == 33
    nose, left_shoulder, right_shoulder = points[0], points[11], points[12]
    assert nose[1] < left_shoulder[1]
    assert right_shoulder[0] < nose[0] < left_shoulder[0]


def replaced(model: str) -> Path:
    """The file of MediaPipe's that the model takes the place of: what a perfect release would do."""
    found = find_spec("mediapipe")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]).parent / load_spec(model).spec.dropin[0].replaces


def test_the_tasks_snippet_names_the_file_and_the_threshold(tmp_path: Path) -> None:
    (tasks,) = [code for code in snippets(tmp_path) if "FaceDetectorOptions" in code]
    assert 'model_asset_path="face_detector_sparse.tflite"' in tasks
    assert f"min_detection_confidence={_records.spec().detector.score_threshold}" in tasks


@pytest.mark.slow
def test_the_tasks_snippet_finds_the_face(published_sparse: Path, portrait: Path, tmp_path: Path) -> None:
    (tasks,) = [code for code in snippets(tmp_path) if "FaceDetectorOptions" in code]
    (tmp_path / "snippet.py").write_text(tasks)
    shutil.copyfile(published_sparse, tmp_path / "face_detector_sparse.tflite")
    shutil.copyfile(portrait, tmp_path / "picture.jpg")
    python = python_with("mediapipe==1.2.2")
    done = subprocess.run(
        [python, "snippet.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[0]) > 0.8
    assert "BoundingBox" in done.stdout
