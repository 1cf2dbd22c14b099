"""The fairness hook that a spec names is found before anything is built, and its content is in the stage's key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.pipeline import BuildOptions, Plan, make_plan, plan_stages
from zoo.pipeline._stage import Stage

HOOK = "def judge(evidence):\n    return {'columns': [], 'notes': ['asked']}\n"


@pytest.fixture
def own_model(project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model of one's own, with a hook beside the spec."""
    folder = tmp_path / "models" / "face_detector"
    folder.mkdir(parents=True)
    shutil.copyfile(project_root / "models" / "face_detector" / "spec.yaml", folder / "spec.yaml")
    (folder / "ours.py").write_text(HOOK)
    monkeypatch.chdir(tmp_path)
    return folder


def name_hook(folder: Path, rules: str) -> None:
    path = folder / "spec.yaml"
    path.write_text(path.read_text() + f"\nfairness: {rules}\n")


def plan(out: Path) -> Plan:
    return make_plan(BuildOptions(model="face_detector", out=out, command="zoo build"))


def stages(out: Path) -> dict[str, Stage]:
    return {stage.name: stage for stage in plan_stages(plan(out), command="zoo build")}


def test_the_hook_beside_the_spec_is_taken(own_model: Path, tmp_path: Path) -> None:
    name_hook(own_model, '{hook: "ours:judge", margin: 0.02, smallest_group: 30}')
    made = plan(tmp_path)
    assert (made.hook.name, made.hook.smallest_group, made.spec.fairness.margin) == ("ours:judge", 30, 0.02)


def test_a_hook_that_is_not_there_stops_a_build_before_it_starts(own_model: Path, tmp_path: Path) -> None:
    name_hook(own_model, '{hook: "theirs:judge"}')
    with pytest.raises(InputError, match="function judge of module theirs, cannot be imported"):
        plan(tmp_path)


def test_a_name_that_is_no_hook_is_an_error_of_the_spec(own_model: Path, tmp_path: Path) -> None:
    name_hook(own_model, '{hook: "ours.judge"}')
    with pytest.raises(InputError, match=r"field 'fairness\.hook'"):
        plan(tmp_path)


def test_another_hook_or_margin_is_measured_or_judged_again(own_model: Path, tmp_path: Path) -> None:
    before = stages(tmp_path)
    name_hook(own_model, '{hook: "ours:judge"}')
    named = stages(tmp_path)
    (own_model / "ours.py").write_text(HOOK + "# changed\n")
    changed = stages(tmp_path)
    assert before["quality"].parameters != named["quality"].parameters
    assert named["quality"].parameters != changed["quality"].parameters
    (own_model / "spec.yaml").write_text(
        (own_model / "spec.yaml").read_text().replace('judge"}', 'judge", margin: 0.1}')
    )
    wider = stages(tmp_path)
    assert changed["quality"].parameters == wider["quality"].parameters
    assert changed["gates"].parameters != wider["gates"].parameters
