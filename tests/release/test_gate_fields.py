"""A gate whose field no record can hold is found when the spec is read, and not after the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zoo.card._names import METRICS
from zoo.errors import InputError
from zoo.pipeline import BuildOptions, make_plan
from zoo.records import QUALITY_METRICS
from zoo.release import check_gates
from zoo.spec import Gate, ModelSpec, list_models, load_any_spec

RATIO = "bench.targets[target=wasm].ratios[numerator=sparse,denominator=published_sparse]"


def spec_with(field: str, **limit: Any) -> ModelSpec:
    gate = Gate(name="a_gate", purpose="A purpose.", field=field, **(limit or {"at_most": 1}))
    spec = load_any_spec("face_detector")
    assert isinstance(spec, ModelSpec)
    return spec.model_copy(update={"gates": [gate]})


@pytest.mark.parametrize("name", list_models())
def test_every_shipped_gate_can_be_held(name: str) -> None:
    spec = load_any_spec(name)
    if isinstance(spec, ModelSpec):
        check_gates(spec, "spec.yaml")


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        (f"{RATIO}.ratio", {"at_most": 1}),
        (f"{RATIO}.interval.high", {"at_most": 1}),
        (f"{RATIO}.sessions", {"at_least": 5}),
        ("bench.targets[target=wasm].engaged", {"equals": True}),
        ("bench.targets[target=host].stopped", {"equals": "time limit"}),
        ("bench.targets[target=wasm].timings[name=twin].cold.total.value", {"at_most": 100}),
        ("bench.sizes[name=sparse].file.bytes", {"at_most": 1}),
        ("bench.sizes[name=sparse-90].gzip_bytes", {"at_most": 1}),
        ("inspect.files[name=sparse].pointwise_sparsity", {"at_least": 0.8}),
        ("quality.variants[name=sparse].metrics.f_score.value", {"at_least": 0.5}),
        ("quality.operating.points[name=sparse].threshold", {"at_most": 0.9}),
        ("dropin.cells[variant=sparse].status", {"equals": "passed"}),
        ("dropin.cells[variant=sparse].measured.f_score", {"at_least": 0.9}),
        ("train.sparsity", {"at_least": 0.7}),
        ("data.sample", {"equals": False}),
        # A gate that may be missing may name what another machine has.
        ("bench.targets[target=arm64].engaged", {"equals": True, "when_missing": "skip"}),
        ("quality.variants[name=sparse].metrics.my_own.value", {"at_least": 1, "when_missing": "skip"}),
    ],
)
def test_what_a_record_can_hold_is_taken(field: str, limit: dict[str, Any]) -> None:
    check_gates(spec_with(field, **limit), "spec.yaml")


@pytest.mark.parametrize(
    ("field", "limit", "said"),
    [
        ("bensh.sizes[name=sparse].gzip_bytes", {}, "starts with 'bensh', which is no record"),
        ("bench", {}, "must read RECORD.field"),
        ("bench.sizes[name]", {}, "has '[name]' where key=value must stand"),
        (f"{RATIO}.ration", {}, "names 'ration', which is no field there; is it 'ratio'?"),
        ("bench.targets[target=wasm].ratio", {}, "names 'ratio', which is no field there; is it 'ratios'?"),
        ("bench.sizes[name=sparse].file.byte", {}, "is it 'bytes'?"),
        ("bench.sizes.gzip_bytes", {}, "needs a choice such as [name=...] before 'gzip_bytes'"),
        ("bench.sizes[nam=sparse].gzip_bytes", {}, "names 'nam', which is no field there; is it 'name'?"),
        ("bench.sizes[name=sparse].gzip_bytes.value", {}, "goes on with 'value' after a single value"),
        ("data.sample[name=x]", {}, "has a choice in brackets after 'sample', which is not a list"),
        (RATIO, {}, "names a group of fields; go on with one of numerator, denominator, ratio"),
        ("bench.sizes", {}, "names a list or mapping; name one value in it"),
        ("dropin.cells[variant=sparse].measured", {}, "names a list or mapping"),
        ("dropin.cells[variant=sparse].status", {}, "names no number, which at_most and at_least need"),
        ("bench.targets[target=wasm].engaged", {"at_least": 1}, "names no number"),
        ("bench.targets[target=wasm].engaged", {"equals": "true"}, "can never equal 'true'"),
        (
            "dropin.cells[variant=sparse].status",
            {"equals": "pased"},
            "not supported, not tried only, not 'pased'; is it",
        ),
        ("dropin.cells[variant=sparse,status=pased].pictures", {}, "has status=pased, which can be passed, failed"),
        ("bench.sizes[name=spars].gzip_bytes", {}, "names the variant or reference 'spars', which this spec does not"),
        (
            "quality.differences[a=sparse,b=published,metric=recall].value",
            {},
            "names the variant or reference 'published'",
        ),
        (
            "bench.targets[target=wsam].engaged",
            {"equals": True},
            "names the target 'wsam', which this spec does not have; is",
        ),
        (
            "bench.targets[target=adb].engaged",
            {"equals": True},
            "names the target 'adb', which this spec does not have; known",
        ),
        (
            "quality.variants[name=sparse].metrics.fscore.value",
            {},
            "names the metric 'fscore', which this spec does not",
        ),
        ("quality.differences[a=sparse,b=dense,metric=f1].value", {}, "names the metric 'f1'"),
        # Only names may be of elsewhere; a misspelled field never holds.
        (f"{RATIO}.ration", {"at_most": 1, "when_missing": "skip"}, "names 'ration', which is no field there"),
    ],
)
def test_what_no_record_can_hold_is_named(field: str, limit: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        check_gates(spec_with(field, **limit), "models/a/spec.yaml")
    sentence = str(caught.value)
    assert sentence.startswith("models/a/spec.yaml: field 'gates.0.field' of gate 'a_gate' ")
    assert said in sentence
    assert field in sentence


def test_metrics_that_a_gate_may_name_are_those_of_the_card() -> None:
    assert set(METRICS) == QUALITY_METRICS


def test_a_build_refuses_a_wrong_field_before_it_fetches(
    tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models" / "face_detector"
    folder.mkdir(parents=True)
    text = (project_root / "models" / "face_detector" / "spec.yaml").read_text()
    (folder / "spec.yaml").write_text(text.replace("ratios[numerator=sparse,", "ratios[numeratr=sparse,"))
    with pytest.raises(
        InputError, match=r"spec\.yaml: field 'gates\.2\.field' of gate 'wasm_latency' names 'numeratr'"
    ):
        make_plan(BuildOptions("face_detector", tmp_path / "build", "zoo build face_detector"))
