"""`zoo card` writes the card of a build again, with a person's templates, or leaves the release as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.card import _records
from tests.release._releases import contents, make_release
from zoo.cli._app import app
from zoo.release import verify_release


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build with labels from the hub; its dense file is there too."""
    place = "faces-org--crowds--0123456789abcdef0123456789abcdef01234567"
    labels = _records.labelled().model_copy(update={"place": place})
    quality = _records.quality().model_copy(update={"labels": [labels]})
    make_release(tmp_path / "face_detector", changed={"quality": quality}, dense=b"dense")
    return tmp_path


def test_it_is_written_with_own_templates_and_the_release_is_whole(build: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "body.jinja").write_text('{% extends "zoo/body.jinja" %}{% block ethics %}Ask us first.{% endblock %}')
    command = ["card", "face_detector", "--out", str(build), "--template", str(own), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    release = build / "face_detector" / "release"
    assert json.loads(done.stdout)["card"] == [str(release / "README.md"), str(release / "card.html")]
    assert "Ask us first." in (release / "README.md").read_text()
    assert "Ask us first." in (release / "card.html").read_text()
    listed = {file.path for file in verify_release(release).manifest.files}
    assert {"README.md", "card.html", "figures/graph.svg", ".eval_results/labels.yaml"} <= listed


def test_a_wrong_template_leaves_the_release_as_it_was(build: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    # Only with records: without any, the figures are none.
    (own / "body.jinja").write_text("{% if figures %}{{ figures.none.caption }}{% endif %}")
    release = build / "face_detector" / "release"
    before = contents(release)
    done = CliRunner().invoke(app, ["card", "face_detector", "--out", str(build), "--template", str(own)])
    assert done.exit_code != 0
    assert "body.jinja, line 1, cannot be rendered" in str(done.exception)
    assert contents(release) == before


def test_a_folder_cards_is_taken_only_beside_the_models_that_hold_the_spec(
    build: Path, tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "cards").mkdir(parents=True)
    (project / "cards" / "README.md.jinja").write_text("my own card of {{ spec.title }}")
    monkeypatch.chdir(project)
    readme = build / "face_detector" / "release" / "README.md"
    command = ["card", "face_detector", "--out", str(build)]

    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "my own card" not in readme.read_text()

    (project / "models" / "other").mkdir(parents=True)
    shutil.copytree(project_root / "models" / "pose_detector", project / "models" / "pose_detector")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert "my own card" not in readme.read_text()

    shutil.copytree(project_root / "models" / "face_detector", project / "models" / "face_detector")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert readme.read_text() == "my own card of BlazeFace full-range face detector, pruned\n"
