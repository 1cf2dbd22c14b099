"""The last screen tells a person what became of their pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.card._records import data, fairness, measured, spec
from tests.release._releases import gates
from zoo.cli._build_screen import show_build
from zoo.cli._list import list_models
from zoo.pipeline import BuildFolder, BuildResult, build_folder
from zoo.records import StageRecord, count_gates


def screen(records: dict[str, StageRecord], capsys: pytest.CaptureFixture[str]) -> str:
    judged = {**records, "gates": gates(spec(), records)}
    result = BuildResult(
        model="face_detector", preset="standard", folder=BuildFolder(Path("out")), outcomes=(), records=judged
    )
    show_build(result)
    return capsys.readouterr().out


def test_skipped_pictures_are_counted_and_the_first_named(capsys: pytest.CaptureFixture[str]) -> None:
    record = data()
    shown = screen(measured(), capsys)
    assert f"{record.used:,} of {record.found:,} files used" in shown
    assert f"Skipped: {record.skipped_count:,}" in shown
    assert f"{record.skipped[0].file} ({record.skipped[0].reason})" in shown


def test_nothing_is_said_of_skipped_pictures_where_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    whole = data().model_copy(update={"skipped": [], "skipped_count": 0})
    assert "Skipped" not in screen({**measured(), "data": whole}, capsys)


def test_too_little_data_to_tell_is_said_and_is_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    shown = " ".join(screen({**measured(), "fairness": fairness(left_out={"Micronesia": 4})}, capsys).split())
    assert "LACKS DATA" in shown
    assert "Not fit to publish: for fairness_gap there is not enough data to tell." in shown
    assert "FAILS" not in shown


def test_without_group_labels_the_gate_on_fairness_does_not_apply(capsys: pytest.CaptureFixture[str]) -> None:
    unlabelled = fairness().model_copy(update={"columns": [], "group_columns": []})
    shown = screen({**measured(), "fairness": unlabelled}, capsys)
    assert "does not apply" in shown
    assert "Fit to publish." in shown


def test_the_list_counts_gates_that_nobody_can_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = Path("build")
    folder = build_folder(out, "face_detector")
    folder.release.mkdir(parents=True)
    folder.records.mkdir(parents=True)
    record = gates(spec(), {**measured(), "fairness": fairness(left_out={"Micronesia": 4})})
    (folder.records / "gates.json").write_text(record.model_dump_json())
    list_models(out=out)
    shown = " ".join(capsys.readouterr().out.split())
    assert count_gates(record.results, sample_data=False).in_words() in shown
    assert "1 lacks data to tell" in shown
    assert "not fit to publish" in shown
