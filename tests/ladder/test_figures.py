"""The figures say what the record says: the same bytes from the same numbers, and in words for those who cannot see."""

from __future__ import annotations

import re
from pathlib import Path

from zoo.card import ladder_figures
from zoo.records import LadderRecord

Ladder = tuple[LadderRecord, Path]


def test_same_record_gives_the_same_bytes(tiny_ladder: Ladder) -> None:
    record, folder = tiny_ladder
    for figure in ladder_figures(record):
        assert figure.svg == (folder / f"{figure.name}.svg").read_text(encoding="utf-8")
        assert figure.png == (folder / f"{figure.name}.png").read_bytes()


def test_words_hold_every_number_of_the_figure(tiny_ladder: Ladder) -> None:
    record, _ = tiny_ladder
    size, latency = ladder_figures(record)
    for file in record.files:
        assert f"{file.name} {file.file.bytes:,}, after gzip {file.gzip_bytes:,}" in size.alt
    for together in record.timings:
        for ratio in together.targets[0].ratios:
            if ratio.denominator.endswith("-dense"):
                assert f"host {ratio.numerator} {ratio.ratio:.3f} ({ratio.interval.low:.3f} to" in latency.alt


def test_figures_say_that_nothing_was_trained(tiny_ladder: Ladder) -> None:
    for figure in ladder_figures(tiny_ladder[0]):
        assert "seeded weights, never trained: size and latency only" in figure.svg


def test_published_speed_is_a_named_line_at_its_ratio(tiny_ladder: Ladder) -> None:
    record, _ = tiny_ladder
    latency = ladder_figures(record)[1].svg
    assert "announcement, 1.7x on a Pixel 4" in latency
    without = ladder_figures(record.model_copy(update={"published": None}))[1].svg
    assert "announcement" not in without
    lines = re.findall(r"stroke-dasharray", latency)
    assert len(lines) == len(re.findall(r"stroke-dasharray", without)) + 1


def test_without_timings_there_is_the_size_figure_alone(tiny_ladder: Ladder) -> None:
    record, _ = tiny_ladder
    assert [figure.name for figure in ladder_figures(record.model_copy(update={"timings": []}))] == ["size"]
