"""Every model at once: each in a process of its own, and one that fails stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.machine import describe_machine
from zoo.pipeline import build_all, buildable_models, builds_at_once
from zoo.progress import SilentProgress
from zoo.spec import list_models


def test_models_that_are_only_measured_are_not_built() -> None:
    assert "mobilenet_v2" in list_models()
    assert "mobilenet_v2" not in buildable_models()
    found = set(buildable_models())
    assert {"face_detector", "palm_detector", "pose_detector"} <= found
    assert {"hand_landmark", "hand_landmark_lite", "pose_landmark"} <= found


def test_there_is_always_room_for_one_and_never_for_more_than_there_are_cores() -> None:
    assert builds_at_once(1) == 1
    assert 1 <= builds_at_once(100) <= max(1, describe_machine().cores // 2)


def test_each_model_ends_by_itself_and_says_why(tmp_path: Path) -> None:
    # A preset that no model has is told at once, before anything is fetched.
    arguments = ["--out", str(tmp_path), "--preset", "none"]

    built = build_all(
        ["face_detector", "no_such_model", "hand_landmark"], arguments=arguments, progress=SilentProgress()
    )

    assert [(one.model, one.exit_code) for one in built] == [
        ("face_detector", 2),
        ("no_such_model", 2),
        ("hand_landmark", 2),
    ]
    assert "has no preset 'none'" in built[0].error
    assert "no_such_model" in built[1].error


@pytest.mark.parametrize(
    ("ending", "code", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", 3, "SIGKILL, as systems do when memory runs out"),
        ("os.abort()", 3, "ended by SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGRTMIN)", 3, "ended by SIGRTMIN"),
        ("os._exit(0)", 3, "without saying what it built"),
        ("sys.exit('no such file')", 3, "no such file"),
        ("os._exit(70)", 70, "without saying what it built"),
        ('print(\'{"error": "no"}\', flush=True); os._exit(1)', 1, "no"),
        ('print(\'{"done": "its part"}\', flush=True); os._exit(0)', 0, "its part"),
    ],
)
def test_a_build_that_says_nothing_is_never_taken_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, code: int, words: str
) -> None:
    # A process that ends as it is told stands in for Python's own, before anything of the build runs.
    (tmp_path / "sitecustomize.py").write_text(f"import os, signal, sys\nif 'build' in sys.argv: {ending}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    (built,) = build_all(["face_detector"], arguments=["--out", str(tmp_path)], progress=SilentProgress())

    assert (built.exit_code, built.document) == (code, None)
    assert words in built.error


def test_builds_that_the_system_kills_end_all_of_them_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from zoo.cli._main import run

    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\nif 'build' in sys.argv: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert run(["build", "--all", "--out", str(tmp_path)]) == 3

    shown = capsys.readouterr().out
    assert "SIGKILL" in shown
    assert "built" not in shown


def test_one_model_or_all_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    from zoo.cli._main import run

    assert run(["build"]) == 2
    assert run(["build", "face_detector", "--all"]) == 2
    assert capsys.readouterr().err.count("takes the name of one model, or --all") == 2
