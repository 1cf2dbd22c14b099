"""What a ladder is asked for is checked before anything is made, and what is wrong is named in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoo.cli._main import run
from zoo.errors import InputError
from zoo.pipeline import LadderOptions, make_ladder_plan
from zoo.spec import NetworkSpec, load_any_spec


def options(**given: object) -> LadderOptions:
    return LadderOptions(**{"model": "mobilenet_v2", "out": Path("build"), "command": "zoo ladder", **given})


def test_network_has_the_rungs_of_its_spec() -> None:
    plan, spec = make_ladder_plan(options()), load_any_spec("mobilenet_v2")
    assert isinstance(spec, NetworkSpec)
    assert list(plan.sparsities) == spec.ladder.sparsities
    assert list(plan.precisions) == spec.ladder.precisions
    assert plan.measured_only


def test_model_has_the_usual_rungs_at_the_precision_that_builds_make() -> None:
    plan = make_ladder_plan(options(model="face_detector"))
    assert plan.sparsities[0] == 0.5
    assert plan.sparsities[-1] == 0.95
    assert plan.precisions == ("float16",)
    assert not plan.measured_only


def test_rungs_ascend_however_they_were_given() -> None:
    assert make_ladder_plan(options(sparsities=(0.9, 0.7, 0.8))).sparsities == (0.7, 0.8, 0.9)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"model": "mobilnet"}, "There is no model 'mobilnet'"),
        ({"sparsities": tuple(n / 100 for n in range(50, 61))}, "--sparsity names 11 shares; at most 10"),
        ({"sparsities": (0.8, 0.80000001)}, "too close to be two rungs"),
        ({"precisions": ("float64",)}, "--precision 'float64' must name each of float32, float16, int8 once"),
        ({"precisions": ("int8", "int8")}, "--precision 'int8,int8' must name each"),
        ({"targets": ("moon",)}, "target 'moon'"),
        ({"data": Path("nowhere")}, "mobilenet_v2 is only measured and has no quality; leave --data out"),
        ({"model": "face_detector", "data": Path("nowhere")}, "--data: there is no folder nowhere"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        make_ladder_plan(options(**given))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--sparsity", "1.0"], "--sparsity 1 is not a share of zeros"),
        (["--sparsity", "0.8,0.8"], "names a share twice"),
        (["--sparsity", "most"], "is not a list of numbers"),
        (["--train"], "mobilenet_v2 is only measured and cannot be trained; leave --train out"),
        (["--preset", "quick"], "--preset 'quick' says how much to train; add --train"),
        (["--train", "--combinations"], "--train and --combinations are two commands"),
        (["--combinations", "--sparsity", "0.7,0.8"], "--combinations takes one --sparsity, and 2 were given"),
        (["--combinations", "--precision", "int8"], "--combinations has its own precisions"),
        (["--seconds", "0"], "--seconds"),
    ],
)
def test_bad_input_exits_2_and_leaves_nothing_behind(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "build"
    assert run(["ladder", "mobilenet_v2", *arguments, "--out", str(out), "--json"]) == 2
    told = capsys.readouterr()
    assert sentence in json.loads(told.out)["error"]
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--preset", "hourly"], "has no preset 'hourly'"),
        (["--precision", "float32"], "--train makes float16 files"),
    ],
)
def test_training_that_cannot_be_is_refused(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ladder", "face_detector", "--train", *arguments, "--out", str(tmp_path)]) == 2
    assert sentence in capsys.readouterr().err
