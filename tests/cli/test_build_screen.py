"""The last screen tells a person what became of their pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.card._records import data, measured, spec
from tests.release._releases import gates
from zoo.cli._build_screen import show_build
from zoo.pipeline import BuildFolder, BuildResult
from zoo.records import StageRecord


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
