"""What every shipped spec declares is so: it plans, and its adapted network has the outputs and can run sparse."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from zoo.adapt import REWRITES, apply_rewrites, chosen_rewrites
from zoo.pipeline import BuildOptions, buildable_models, make_plan
from zoo.spec import ModelSpec, load_spec
from zoo.tflite import read_model
from zoo.xnnpack import readiness

MODELS = buildable_models()


def published(spec: ModelSpec) -> bytes:
    """The file that the student starts from, as the installed package carries it."""
    source = spec.references[spec.student.start].package  # type: ignore[index]
    found = None if source is None else find_spec(source.path.split("/")[0])
    if source is None or found is None or not found.submodule_search_locations:
        pytest.skip(f"the package of {spec.student.start} is not installed")
    return (Path(found.submodule_search_locations[0]).parent / source.path).read_bytes()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("preset", ["smoke", "quick", "standard", "paper"])
def test_plans_in_every_preset(name: str, preset: str, tmp_path: Path) -> None:
    plan = make_plan(BuildOptions(model=name, out=tmp_path, command="zoo build", preset=preset))
    assert plan.spec.name == name


@pytest.mark.parametrize("name", MODELS)
def test_adapted_network_has_the_declared_outputs_and_can_run_sparse(name: str) -> None:
    spec = load_spec(name).spec
    rewrites = chosen_rewrites(list(spec.student.rewrites), REWRITES)
    model = read_model(apply_rewrites(published(spec), rewrites, name=name).data)
    assert readiness(model) == []
    assert [model.tensors[number].shape for number in model.inputs] == [spec.input.shape]
    assert sorted(model.tensors[number].shape for number in model.outputs) == sorted(one.shape for one in spec.outputs)
