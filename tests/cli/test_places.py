"""Commands that take minutes say before their work that their answer has no place to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.cli._main import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, published_dense: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.tflite").symlink_to(published_dense)
    (tmp_path / "file").write_bytes(b"dear")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("build face_detector --out dangling", "dangling is a link that leads nowhere"),
        ("build face_detector --out file/builds", "file is not a folder"),
        ("ladder mobilenet_v2 --out dangling", "dangling is a link that leads nowhere"),
        ("ladder mobilenet_v2 --out file/builds", "file is not a folder"),
        ("demo face_detector --file model.tflite --to dangling/page", "dangling is a link that leads nowhere"),
        ("demo face_detector --file model.tflite --to file/page", "file is not a folder"),
        ("demo face_detector --file model.tflite --render dangling.png", "dangling.png is a link that leads nowhere"),
        ("demo face_detector --file model.tflite --render dangling.mp4 --video file", "dangling.mp4 is a link"),
        ("adapt model.tflite --out dangling", "dangling is a link that leads nowhere"),
        ("sparsify model.tflite --out dangling", "dangling is a link that leads nowhere"),
        ("densify model.tflite --out none/dense.tflite", "name a file in a folder that is there"),
        ("inspect model.tflite --suggest --html dangling", "dangling is a link that leads nowhere"),
    ],
)
def test_a_place_that_can_hold_no_answer_is_exit_2(command: str, sentence: str, here: Path, capsys: Captured) -> None:
    for suffix in (".png", ".mp4"):
        (here / f"dangling{suffix}").symlink_to(here / "gone")
    before = sorted(here.rglob("*"))

    code = run(command.split())

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, ""), captured.err
    assert sentence in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert sorted(here.rglob("*")) == before


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place where nobody makes files")
@pytest.mark.parametrize(
    "command",
    [
        "build face_detector --out /proc/builds",
        "ladder mobilenet_v2 --out /proc/builds",
        "demo face_detector --file model.tflite --to /proc/page",
        "demo face_detector --file model.tflite --render /proc/page.png",
        "adapt model.tflite --out /proc/adapted.tflite",
        "sparsify model.tflite --out /proc/small.tflite",
    ],
)
def test_a_place_that_may_not_be_written_is_exit_3(command: str, here: Path, capsys: Captured) -> None:
    code = run(command.split())

    captured = capsys.readouterr()
    assert (code, captured.out) == (3, ""), captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert "/proc/" in captured.err
    assert "cannot be written: " in captured.err
