"""`zoo evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.cli._options import DEFAULT_OUT, DataOption, FileOption, JsonOption, ModelArgument, OutOption

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.records import Estimate, FairnessRecord, QualityRecord

EXAMPLES = """\
Examples:

\b
  zoo evaluate face_detector --data ~/pictures                    the built files
  zoo evaluate face_detector --file other.tflite --data ~/pictures

Only pictures of the evaluation split are taken (a fifth, by content), so that none of them was trained on. A file
labels.csv or groups.csv in the folder gives groups for the fairness table.
"""


def evaluate(
    model: ModelArgument,
    file: FileOption = None,
    data: DataOption = None,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Measure quality and fairness in MediaPipe."""
    from zoo.cli._command import command_line
    from zoo.cli._output import person, write_json
    from zoo.cli._progress import show_progress
    from zoo.pipeline import evaluate_built

    with show_progress() as progress:
        quality, fairness = evaluate_built(
            model,
            out=out,
            file=file,
            data=None if data is None else Path(data).expanduser(),
            command=command_line(),
            progress=progress,
        )
    if as_json:
        write_json({"quality": quality, "fairness": fairness})
        return
    console = person()
    _show_quality(console, quality)
    _show_fairness(console, fairness)


def _show_quality(console: Console, quality: QualityRecord) -> None:
    from zoo.cli._output import table

    console.print(
        f"{quality.pictures} pictures, {quality.reference_detections} faces found by {quality.reference}; "
        f"{quality.runtime}, score threshold {quality.score_threshold:g}"
    )
    names = list(dict.fromkeys(name for variant in quality.variants for name in variant.metrics))
    rows = table("model", *(name.replace("_", " ") for name in names))
    for variant in quality.variants:
        rows.add_row(variant.name, *(describe_estimate(variant.metrics.get(name)) for name in names))
    console.print(rows)
    for note in quality.notes:
        console.print(note)


def _show_fairness(console: Console, fairness: FairnessRecord) -> None:
    from zoo.cli._output import table

    for column in fairness.columns:
        variants = list(dict.fromkeys(name for group in column.groups for name in group.by_variant))
        rows = table(column.column, "pictures", *variants, right=("pictures",))
        for group in column.groups:
            estimates = (describe_estimate(group.by_variant.get(name)) for name in variants)
            rows.add_row(group.group, str(group.pictures), *estimates)
        console.print(f"\n{column.metric.replace('_', ' ')} by {column.column}")
        console.print(rows)
        if column.gap_change is not None:
            change = column.gap_change
            console.print(
                f"range over groups, {change.a} minus {change.b}: {change.value:+.3f} "
                f"({change.interval.low:+.3f} to {change.interval.high:+.3f})"
            )
    for note in fairness.notes:
        console.print(note)


def describe_estimate(estimate: Estimate | None) -> str:
    """A number with its interval, such as '0.861 (0.840-0.880)'; '-' where it was not measured."""
    if estimate is None:
        return "-"
    if estimate.interval is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.interval.low:.3f}-{estimate.interval.high:.3f})"
