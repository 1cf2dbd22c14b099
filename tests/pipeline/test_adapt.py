"""The adapt stage: declared rewrites go into the file whose network is trained, and into the record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapt.running import check_same_outputs
from tests.pipeline.test_engine import provenance
from zoo.errors import InputError, RefusedError
from zoo.pipeline import BuildOptions, Plan, Reads, Store, make_plan, plan_stages, run_stages
from zoo.progress import SilentProgress
from zoo.records import AdaptRecord
from zoo.tflite import read_model
from zoo.xnnpack import readiness

EXACT = ["rotate_half_turn", "max_pool_to_primitives", "channel_pad_to_conv", "exit_through_depth_to_space"]


def plan(out: Path, *, start: str = "published_dense", rewrites: list[str]) -> Plan:
    """The face detector's build, from this reference and with these rewrites."""
    made = make_plan(BuildOptions(model="face_detector", out=out, command="zoo build"))
    student = made.spec.student.model_copy(update={"start": start, "rewrites": rewrites})
    return replace(made, spec=made.spec.model_copy(update={"student": student}))


def adapt(planned: Plan, work: Path) -> tuple[bytes, AdaptRecord]:
    """What the stage leaves, and its record."""
    stages = [stage for stage in plan_stages(planned, command="zoo build") if stage.name in ("fetch", "adapt")]
    _, outcome = run_stages(
        stages, store=Store(work), provenance=provenance, progress=SilentProgress(), rerun_from=None
    )
    record = AdaptRecord.model_validate_json(outcome.stored.path("records/adapt.json").read_text())
    return outcome.stored.path(f"{planned.spec.student.start}.tflite").read_bytes(), record


def test_declared_rewrites_are_applied_and_recorded(published_dense: Path, tmp_path: Path) -> None:
    data, record = adapt(plan(tmp_path, rewrites=EXACT), tmp_path / "work")
    assert [(each.name, each.exact, each.layers) for each in record.rewrites] == list(
        zip(EXACT, [True] * 4, [5, 4, 8, 2], strict=True)
    )
    assert record.ready
    assert not readiness(read_model(data))
    check_same_outputs(published_dense.read_bytes(), data)


def test_without_rewrites_the_file_stays_as_it_is(published_sparse: Path, tmp_path: Path) -> None:
    data, record = adapt(plan(tmp_path, start="published_sparse", rewrites=[]), tmp_path / "work")
    assert data == published_sparse.read_bytes()
    assert record.rewrites == []


def test_inexact_rewrite_is_recorded_as_such(tmp_path: Path) -> None:
    rewrites = [name.replace("max_pool_to_primitives", "max_pool_to_depthwise") for name in EXACT]
    _, record = adapt(plan(tmp_path, rewrites=rewrites), tmp_path / "work")
    assert [each.exact for each in record.rewrites] == [True, False, True, True]


def test_network_that_stays_unready_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"published_dense cannot run sparse after its rewrites: .*region_end"):
        adapt(plan(tmp_path, rewrites=EXACT[:-1]), tmp_path / "work")


def test_rewrite_that_does_nothing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="published_dense: rewrite 'prelu_to_primitives' finds nothing to change"):
        adapt(plan(tmp_path, rewrites=["prelu_to_primitives"]), tmp_path / "work")


def test_unknown_rewrite_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    planned = plan(tmp_path, rewrites=["make_faster"])
    with pytest.raises(InputError, match="Rewrite 'make_faster' is not known"):
        plan_stages(planned, command="zoo build")


def test_all_later_stages_read_the_adapted_file(tmp_path: Path) -> None:
    stages = {stage.name: stage for stage in plan_stages(plan(tmp_path, rewrites=EXACT), command="zoo build")}
    for name in ("import", "train", "calibrate", "convert"):
        assert Reads("adapt", "published_dense.tflite") in stages[name].reads, name
