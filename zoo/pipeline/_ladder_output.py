"""What a ladder leaves beside its files: the record, the same as a table, and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from zoo.files import write_file
from zoo.records import CombinationsRecord, LadderFile, LadderRecord, TargetResult

RECORD, TABLE = "ladder.json", "ladder.csv"
COMBINATIONS = "combinations.json"
COLUMNS = (
    *("model", "name", "precision", "sparsity", "zeros", "bytes", "gzip_bytes", "engages_wasm"),
    *("target", "median_ms", "ratio", "ratio_low", "ratio_high", "blocks"),
    *("f_score", "f_score_low", "f_score_high"),
)
"""One row a file and target; what was not measured is empty. `ratio`: time over that of the precision's dense file."""


def write_ladder(record: LadderRecord, folder: Path) -> None:
    """Write record and table, each whole or not at all. Raises OutsideError where they cannot be written."""
    write_file(folder / RECORD, (record.model_dump_json(indent=2) + "\n").encode())
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    for file in record.files:
        writer.writerows(_rows(record, file))
    write_file(folder / TABLE, lines.getvalue().encode())


def draw_ladder(record: LadderRecord, folder: Path) -> list[Path]:
    """Draw the figures that the record has numbers for, as SVG and PNG. Raises OutsideError as `write_ladder` does."""
    from zoo.card import ladder_figures

    written = []
    for figure in ladder_figures(record):
        for suffix, data in ((".svg", figure.svg.encode()), (".png", figure.png)):
            path = folder / f"{figure.name}{suffix}"
            write_file(path, data)
            written.append(path)
    return written


def write_combinations(record: CombinationsRecord, folder: Path) -> None:
    """Write the record whole or not at all. Raises OutsideError where it cannot be written."""
    write_file(folder / COMBINATIONS, (record.model_dump_json(indent=2) + "\n").encode())


def _rows(record: LadderRecord, file: LadderFile) -> Iterator[list[object]]:
    sparsity = "" if file.sparsity is None else file.sparsity
    known = [record.model, file.name, file.precision, sparsity, round(file.zeros, 4), file.file.bytes, file.gzip_bytes]
    known.append(file.verdict.sparse)
    targets = [target for timed in record.timings if timed.name == file.precision for target in timed.targets]
    quality = _f_score(record, file.name)
    if not targets:
        yield [*known, *[""] * 6, *quality]
    for target in targets:
        yield [*known, *_timed(target, file.name), *quality]


def _timed(target: TargetResult, name: str) -> list[object]:
    median = next((timing.median_ms for timing in target.timings if timing.name == name), None)
    ratio = next((one for one in target.ratios if one.numerator == name and not one.denominator.endswith("twin")), None)
    found = [""] * 4 if ratio is None else [ratio.ratio, ratio.interval.low, ratio.interval.high, ratio.blocks]
    return [target.target, "" if median is None else median, *found]


def _f_score(record: LadderRecord, name: str) -> list[object]:
    variants = record.quality.variants if record.quality else []
    score = next((variant.metrics.get("f_score") for variant in variants if variant.name == name), None)
    if score is None:
        return [""] * 3
    interval = score.interval
    return [score.value, *(["", ""] if interval is None else [interval.low, interval.high])]
