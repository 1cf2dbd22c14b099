"""`zoo demo`: what may be asked for together, and what it answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zoo.cli._main import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.tflite").write_bytes(b"TFL3" * 100)
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["face_detector"], "holds no release; run 'zoo build face_detector' first"),
        (["pose_detector", "--file", "broken.tflite"], "broken.tflite"),
        (["no_model"], "There is no model 'no_model'"),
        (["mobilenet_v2"], "mobilenet_v2"),
        (["face_detector", "--file", "nowhere.tflite"], "--file: there is no file nowhere.tflite"),
        (["face_detector", "--file", "broken.tflite"], "broken.tflite"),
        (["face_detector", "--to", "mine"], "mine holds other files"),
        (["face_detector", "--to", "broken.tflite"], "broken.tflite is not a folder"),
        (["face_detector", "--render", "a.png", "--serve"], "leave out --to and --serve"),
        (["face_detector", "--render", "a.gif"], "--render a.gif ends in neither .png nor .mp4"),
        (["face_detector", "--render", "a.mp4"], "name the video with --video"),
        (["face_detector", "--render", "a.png", "--video", "b.mp4"], "--render a.png makes a picture"),
        (["face_detector", "--render", "no/a.png"], "there is no folder no"),
        (["face_detector", "--render", "a.png", "--pictures", "empty"], "empty holds no JPEG, PNG or WebP picture"),
        (["face_detector", "--render", "a.png", "--pictures", "nowhere"], "there is no picture or folder nowhere"),
        (["face_detector", "--video", "b.mp4"], "--video goes with --render OUT.mp4"),
        (["face_detector", "--render", "a.mp4", "--video", "b.mp4", "--pictures", "x"], "give one of them"),
        (["face_detector", "--port", "8000"], "--port goes with --serve"),
        (["face_detector", "--serve", "--port", "99999"], "port"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    arguments: list[str], sentence: str, here: Path, capsys: Captured
) -> None:
    before = sorted(here.rglob("*"))
    code = run(["demo", *arguments])
    captured = capsys.readouterr()
    assert code == 2, captured.err
    assert sentence in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert sorted(here.rglob("*")) == before


def test_a_broken_video_is_one_sentence_too(here: Path, published_sparse: Path) -> None:
    """In a process of its own: FFmpeg is told once to be silent, and other tests here have used it already."""
    (here / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(4000))
    asked = ["demo", "face_detector", "--file", str(published_sparse), "--render", "a.mp4", "--video", "broken.mp4"]
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli", *asked], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "Error: broken.mp4 is no video that can be read; give an MP4, WebM or AVI file."
    assert not (here / "a.mp4").exists()
