"""`zoo list` shows what can be shown: one broken spec hides no other, and is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoo.cli._main import run
from zoo.pipeline import buildable_models
from zoo.spec import list_models


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project_root: Path) -> Path:
    """A person's models: one whose gate is misspelled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    text = (project_root / "models" / "face_detector" / "spec.yaml").read_text()
    text = text.replace("name: face_detector", "name: mine", 1).replace(
        "[name=sparse].file.bytes", "[name=sparse].file.size"
    )
    (folder / "spec.yaml").write_text(text)
    return folder / "spec.yaml"


def test_the_others_are_shown_and_the_broken_one_named(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 2
    shown = capsys.readouterr()
    assert all(name in shown.out for name in list_models())
    assert "its spec is broken" in shown.out
    assert f"{broken}: field 'gates.0.field' of gate 'sparse_bytes' names 'size'" in shown.err
    assert len(shown.err.strip().splitlines()) == 1


def test_json_says_so_in_its_one_document(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "--json"]) == 2
    document = {entry["model"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert set(document) == set(list_models())
    assert set(document["mine"]) == {"model", "problem"}
    assert str(broken) in document["mine"]["problem"]
    assert document["face_detector"]["built"] is False


def test_a_broken_spec_takes_no_other_from_a_build_of_all(broken: Path) -> None:
    broken.write_text("name: [")
    assert {"mine", "face_detector"} <= set(buildable_models())
    assert "mobilenet_v2" not in buildable_models()


@pytest.mark.parametrize(("given", "meant"), [("face_detecter", "face_detector"), ("hand-landmark", "hand_landmark")])
def test_a_misspelled_model_is_answered_with_the_one_meant(
    given: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", given]) == 2
    assert f"There is no model '{given}'; is it '{meant}'? Known models: " in capsys.readouterr().err
