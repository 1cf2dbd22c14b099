"""What is asked for becomes a plan: sparsities become variants, stages follow from the spec alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.pipeline import BuildOptions, Plan, make_plan, parse_sparsities, plan_stages, with_sparsities
from zoo.records import RECORDS
from zoo.spec import load_spec


def plan(out: Path, **options: object) -> Plan:
    return make_plan(BuildOptions(model="face_detector", out=out, command="zoo build", **options))  # type: ignore[arg-type]


def made(plan: Plan) -> list[str]:
    return sorted(record for stage in plan_stages(plan, command="zoo build") for record in stage.records)


def variants(*shares: float) -> dict[str, float | None]:
    spec = with_sparsities(load_spec("palm_detector").spec, shares)
    return {variant.name: variant.sparsity for variant in spec.variants}


def test_own_share_stays_sparse_wherever_it_is_listed() -> None:
    assert variants(0.85, 0.8) == {"dense": None, "sparse": 0.8, "sparse-85": 0.85}


def test_without_the_own_share_the_first_is_sparse() -> None:
    assert variants(0.9, 0.75) == {"dense": None, "sparse": 0.9, "sparse-75": 0.75}


def test_fraction_of_a_percent_makes_a_name() -> None:
    assert variants(0.8, 0.875) == {"dense": None, "sparse": 0.8, "sparse-87p5": 0.875}


def test_shares_too_close_for_two_names_are_refused() -> None:
    with pytest.raises(InputError, match="too close to another share"):
        variants(0.8, 0.85, 0.85000001)


@pytest.mark.parametrize(("text", "shares"), [("0.8", (0.8,)), ("0.8, 0.85", (0.8, 0.85)), ("0", (0.0,))])
def test_shares_are_read(text: str, shares: tuple[float, ...]) -> None:
    assert parse_sparsities(text) == shares


@pytest.mark.parametrize("text", ["", "1", "1.5", "-0.1", "nan", "inf", "0.8,", "0.8;0.9", "0.8,0.80"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--sparsity"):
        parse_sparsities(text)


def test_stages_make_every_record_once(tmp_path: Path) -> None:
    assert made(plan(tmp_path)) == sorted(RECORDS)


def test_without_a_budget_none_is_recorded(tmp_path: Path) -> None:
    assert made(plan(tmp_path, sparsities=(0.8,))) == sorted(set(RECORDS) - {"budget"})


def test_stages_read_only_earlier_ones(tmp_path: Path) -> None:
    seen: set[str] = set()
    for stage in plan_stages(plan(tmp_path), command="zoo build"):
        assert {read.stage for read in stage.reads} <= seen, stage.name
        seen.add(stage.name)


def test_data_folder_is_known_by_what_lies_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"one")

    def parameters() -> object:
        stages = plan_stages(plan(tmp_path / "out", data=folder), command="zoo build")
        return next(stage.parameters for stage in stages if stage.name == "data")

    before = parameters()
    assert parameters() == before
    (folder / "a.png").write_bytes(b"other")
    assert parameters() != before


def test_preset_changes_what_training_reads_and_nothing_before(tmp_path: Path) -> None:
    def stages(preset: str) -> dict[str, object]:
        planned = plan_stages(plan(tmp_path, preset=preset), command="zoo build")
        return {stage.name: stage.parameters for stage in planned}

    smoke, quick = stages("smoke"), stages("quick")
    changed = {name for name in smoke if smoke[name] != quick[name]}
    assert changed == {"train", "bench", "quality", "dropin"}
