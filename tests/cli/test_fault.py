"""A fault of our own is told as one: exit 70, and a traceback in a log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoo.cli._main import run
from zoo.errors import OutsideError

Captured = pytest.CaptureFixture[str]
LOG_OF_BUILD = Path("build") / "face_detector" / "work" / "log.txt"


def raising(error: BaseException) -> object:
    def broken(*_: object, **__: object) -> None:
        raise error

    return broken


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.mark.parametrize(
    "error", [KeyError("boxes"), TypeError("no"), AttributeError("x"), ValueError(""), RecursionError("deep")]
)
def test_a_fault_of_our_own_exits_70_and_keeps_its_traceback(
    error: Exception, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("zoo.pipeline.catalogue", raising(error))
    assert run(["list"]) == 70
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "fault of zoo itself" in captured.err
    assert type(error).__name__ in captured.err
    assert str(cache / "log.txt") in captured.err
    log = (cache / "log.txt").read_text()
    assert "Traceback (most recent call last)" in log
    assert type(error).__name__ in log


def test_under_json_it_is_the_document(cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("zoo.pipeline.catalogue", raising(KeyError("boxes")))
    assert run(["list", "--json"]) == 70
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 70
    assert "fault of zoo itself" in document["error"]


def test_a_build_keeps_it_in_its_own_log(cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("zoo.pipeline.build_model", raising(KeyError("boxes")))
    assert run(["build", "face_detector"]) == 70
    captured = capsys.readouterr()
    assert str(LOG_OF_BUILD) in captured.err
    assert captured.err.count("\n") == 1
    assert "KeyError: 'boxes'" in LOG_OF_BUILD.read_text()
    assert not (cache / "log.txt").exists()


def test_the_log_of_a_build_says_where_an_expected_error_was_raised_too(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("zoo.pipeline.build_model", raising(OutsideError("The hub is away.")))
    assert run(["build", "face_detector"]) == 3
    assert capsys.readouterr().err == "Error: The hub is away.\n"
    assert "The hub is away." in LOG_OF_BUILD.read_text()


def test_a_log_that_cannot_be_written_hides_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    cache.write_text("a file")
    monkeypatch.setattr("zoo.pipeline.catalogue", raising(KeyError("boxes")))
    assert run(["list"]) == 70
    assert "KeyError: 'boxes'); --debug shows the traceback" in capsys.readouterr().err


def test_the_log_does_not_grow_for_ever(cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    cache.mkdir()
    (cache / "log.txt").write_text("old\n" * 1_000_000)
    monkeypatch.setattr("zoo.pipeline.catalogue", raising(KeyError("boxes")))
    assert run(["list"]) == 70
    assert (cache / "log.txt").stat().st_size < 100_000


def test_neither_sentence_nor_log_holds_the_token(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr("zoo.pipeline.catalogue", raising(TypeError("bad header Bearer hf_secret")))
    assert run(["list"]) == 70
    assert "hf_secret" not in capsys.readouterr().err + (cache / "log.txt").read_text()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied", "a.txt"), "a.txt: Permission denied; mend that"),
        (BrokenPipeError(32, "Broken pipe"), "Broken pipe; mend that"),
        (TimeoutError("timed out"), "timed out; mend that"),
        (MemoryError(), "more memory than the machine has"),
    ],
)
def test_what_the_system_declines_is_no_fault_of_ours(
    error: Exception, sentence: str, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("zoo.pipeline.catalogue", raising(error))
    assert run(["list"]) == 3
    assert sentence in capsys.readouterr().err
    assert not (cache / "log.txt").exists()


def test_the_exit_code_is_in_the_help_and_the_documents(project_root: Path, capsys: Captured) -> None:
    assert run(["--help"]) == 0
    texts = [capsys.readouterr().out]
    texts += [(project_root / name).read_text(encoding="utf-8") for name in ("README.md", "docs/command-line.md")]
    assert all("70" in text and "143" in text for text in texts)
