"""A network that is only measured has a spec of its own kind: listed with the models, and never built."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.pipeline import catalogue
from zoo.spec import ModelSpec, NetworkSpec, load_any_spec, load_spec


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project_root: Path) -> Path:
    """A copy of the shipped spec in a `models/` folder where the person stands."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "models" / "mobilenet_v2" / "spec.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes((project_root / "models" / "mobilenet_v2" / "spec.yaml").read_bytes())
    return path


def test_task_tells_the_kind_of_spec() -> None:
    assert isinstance(load_any_spec("mobilenet_v2"), NetworkSpec)
    assert isinstance(load_any_spec("face_detector"), ModelSpec)


def test_what_needs_a_model_refuses_a_network_and_names_the_command_for_it() -> None:
    with pytest.raises(InputError, match="mobilenet_v2 is only measured, not built; run 'zoo ladder mobilenet_v2'"):
        load_spec("mobilenet_v2")


def test_networks_are_listed_with_the_models(tmp_path: Path) -> None:
    (entry,) = [entry for entry in catalogue(tmp_path) if entry.name == "mobilenet_v2"]
    assert entry.task == "measured_only"
    assert entry.variants == ()
    assert entry.release is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("side: 224", "side: 225", "'network.side': input should be a multiple of 32 (it is '225')"),
        ("family: mobilenet_v2", "family: resnet", "'network.family'"),
        ("[0.5, 0.6,", "[0.6, 0.5,", "'ladder': sparsities must ascend and name each share once"),
        ("0.9, 0.95]", "0.9, 1.0]", "'ladder.sparsities.7': input should be less than 1"),
        ("speedup: 1.7", "speedup: 0.6", "'published_speed.speedup': input should be greater than 1"),
        ("task: measured_only", "task: measured_only\ndetector: {}", "'detector': is not a field"),
        ("name: mobilenet_v2", "name: other", "name is 'other', but its folder is 'mobilenet_v2'"),
    ],
)
def test_what_is_wrong_is_named(own: Path, old: str, new: str, sentence: str) -> None:
    text = own.read_text(encoding="utf-8")
    assert old in text
    own.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_any_spec("mobilenet_v2")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
