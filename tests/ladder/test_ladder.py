"""A ladder: files at ever more zeros, timed against the dense one, in a record that grows as it is climbed."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from tests.ladder.conftest import PRECISIONS, SPARSITIES, Listener, standing_in, tiny_plan
from zoo.cli._main import run
from zoo.pipeline import climb_ladder
from zoo.records import LadderRecord
from zoo.tflite import inventory, read_model

Ladder = tuple[LadderRecord, Path]


def test_each_precision_has_a_dense_file_and_a_rung_for_each_share(tiny_ladder: Ladder) -> None:
    record, _ = tiny_ladder
    assert record.complete
    assert [(file.precision, file.sparsity) for file in record.files] == [
        (precision, share) for precision in PRECISIONS for share in (None, *SPARSITIES)
    ]


def test_rungs_have_the_zeros_that_were_asked_for_and_are_the_smaller_the_more(tiny_ladder: Ladder) -> None:
    record, folder = tiny_ladder
    for file in record.files:
        found = inventory(read_model(folder / file.file.name)).pointwise_sparsity
        assert file.zeros == found
        assert found == pytest.approx(file.sparsity or 0.0, abs=0.005)
        data = (folder / file.file.name).read_bytes()
        assert (file.file.bytes, file.file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    for precision in PRECISIONS:
        sizes = [file.file.bytes for file in record.files if file.precision == precision]
        assert sizes == sorted(sizes, reverse=True)
        packed = [file.gzip_bytes for file in record.files if file.precision == precision]
        assert packed == sorted(packed, reverse=True)


def test_rules_say_sparse_above_two_thirds_only(tiny_ladder: Ladder) -> None:
    record, _ = tiny_ladder
    assert [file.verdict.sparse for file in record.files] == [False, False, True] * len(PRECISIONS)


def test_every_rung_is_timed_against_the_dense_file_and_the_sparsest_against_its_twin(tiny_ladder: Ladder) -> None:
    record, _ = tiny_ladder
    assert [together.name for together in record.timings] == list(PRECISIONS)
    for together in record.timings:
        (target,) = together.targets
        assert {(ratio.numerator, ratio.denominator) for ratio in target.ratios} == {
            (f"{together.name}-50", f"{together.name}-dense"),
            (f"{together.name}-80", f"{together.name}-dense"),
            (f"{together.name}-80", f"{together.name}-80-twin"),
        }
        assert all(ratio.interval.low <= ratio.ratio <= ratio.interval.high for ratio in target.ratios)
        assert all(timing.parity is not None and timing.parity.agrees for timing in target.timings)


def test_record_says_that_there_is_no_quality_and_where_the_line_comes_from(tiny_ladder: Ladder) -> None:
    record, _ = tiny_ladder
    assert record.measured_only
    assert record.quality is None
    assert any("size and latency only" in sentence for sentence in record.limits)
    assert record.published is not None
    assert record.published.speedup == 1.7
    assert record.provenance.command == "zoo ladder"


def test_table_has_a_row_for_each_file_and_target_with_the_records_numbers(tiny_ladder: Ladder) -> None:
    record, folder = tiny_ladder
    with (folder / "ladder.csv").open(newline="") as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream)}
    assert set(rows) == {file.name for file in record.files}
    for file in record.files:
        row = rows[file.name]
        assert (int(row["bytes"]), int(row["gzip_bytes"])) == (file.file.bytes, file.gzip_bytes)
        assert row["target"] == "host"
        assert float(row["median_ms"]) > 0
        assert bool(row["ratio"]) == (file.sparsity is not None)
        assert row["f_score"] == ""


def test_record_on_disk_is_the_one_returned_and_figures_lie_beside_it(tiny_ladder: Ladder) -> None:
    record, folder = tiny_ladder
    assert LadderRecord.model_validate_json((folder / "ladder.json").read_bytes()) == record
    for name in ("size", "latency"):
        assert (folder / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg")
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_given_twice_no_file_is_made_again(tiny_ladder: Ladder, workplace: Path, climbed: Path) -> None:
    record, _ = tiny_ladder
    listener = Listener()
    again = climb_ladder(tiny_plan(workplace, out=climbed), progress=listener)
    assert [file.file for file in again.files] == [file.file for file in record.files]
    assert not [sentence for sentence in listener.said if sentence.startswith(("ladder-dense", "ladder-rungs"))]
    assert [sentence for sentence in listener.said if "time 4 float16 files" in sentence]


def test_stopped_it_keeps_what_was_finished_and_says_so(workplace: Path, climbed: Path) -> None:
    plan = tiny_plan(workplace, out=climbed)
    listener = Listener(stop_after="time 4 float16 files")
    with pytest.raises(KeyboardInterrupt):
        climb_ladder(plan, progress=listener)
    left = LadderRecord.model_validate_json((plan.folder.root / "ladder.json").read_bytes())
    assert not left.complete
    assert [together.name for together in left.timings] == ["float32"]
    assert len(left.files) == len(PRECISIONS) * (1 + len(SPARSITIES))
    assert "what was finished is in" in listener.said[-1]


def test_command_shows_sizes_ratios_and_limits(
    tiny_ladder: Ladder, workplace: Path, climbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with standing_in(workplace):
        arguments = ["--sparsity", "0.5,0.8", "--precision", "float16", "--on", "host", "--seconds", "1"]
        assert run(["ladder", "tiny_network", *arguments, "--out", str(climbed)]) == 0
    shown = capsys.readouterr().out
    record, _ = tiny_ladder
    sparse = next(file for file in record.files if file.name == "float16-80")
    row = next(line for line in shown.splitlines() if line.strip().startswith("float16-80"))
    assert f"{sparse.file.bytes:,}" in row
    assert " to " in row
    assert "size and latency only" in shown


def test_target_that_is_not_there_exits_3_and_the_others_are_measured(
    workplace: Path, climbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with standing_in(workplace):
        arguments = ["--sparsity", "0.8", "--precision", "float16", "--on", "host,ssh://nobody@zoo.invalid"]
        arguments += ["--seconds", "1", "--json", "--out", str(climbed)]
        assert run(["ladder", "tiny_network", *arguments]) == 3
    (together,) = LadderRecord.model_validate_json(capsys.readouterr().out).timings
    assert [target.target for target in together.targets] == ["host"]
    assert [failed.target for failed in together.failed] == ["ssh://nobody@zoo.invalid"]
