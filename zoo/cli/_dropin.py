"""`zoo dropin`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import DEFAULT_OUT, DataOption, FileOption, JsonOption, ModelArgument, OutOption
from zoo.errors import OutsideError, RefusedError

if TYPE_CHECKING:
    from zoo.records import DropinRecord

EXAMPLES = """\
Examples:

\b
  zoo dropin face_detector
  zoo dropin face_detector --file other.tflite --data ~/pictures
  zoo dropin hand_landmark --file hands.task --runtime mediapipe==1.2.2

Runtimes that are not installed get an environment of their own in the cache. Exits 1 when a runtime does not take a
file, or finds other things with it than the tolerances allow, 2 for a file that does not take and give the same as the
original, in the same order, and 3 when nothing could be tried.
"""


def dropin(
    model: ModelArgument,
    file: FileOption = None,
    runtime: Annotated[
        str | None, typer.Option("--runtime", metavar="NAME==VERSION", help="Only this runtime, of any version.")
    ] = None,
    data: DataOption = None,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Try a file in the original's place in every runtime.

    MediaPipe's graphs, its Tasks in Python and in a browser, and interpreters. What each finds with the file is
    compared with what it finds with the original."""
    from zoo.cli._command import command_line
    from zoo.cli._output import person, table, write_json
    from zoo.cli._progress import show_progress
    from zoo.pipeline import dropin_built

    with show_progress() as progress:
        record = dropin_built(
            model,
            out=out,
            file=file,
            data=None if data is None else Path(data).expanduser(),
            runtime=runtime,
            command=command_line(),
            progress=progress,
        )
    if as_json:
        write_json(record)
    else:
        rows = table("runtime", "graph", "file", "answer", "ms", "original, ms", "why")
        for cell in record.cells:
            times = (_milliseconds(cell.milliseconds), _milliseconds(cell.reference_milliseconds))
            rows.add_row(cell.runtime, cell.graph, cell.variant, cell.status, *times, cell.reason)
        person().print(rows)
    answers = {cell.status for cell in record.cells}
    if "failed" in answers:
        raise typer.Exit(RefusedError.exit_code)
    if "passed" not in answers:
        raise OutsideError(_untried(record))


def _untried(record: DropinRecord) -> str:
    """Why no place says anything, and what to do."""
    if any(cell.status == "not tried" and cell.pictures and not cell.reference_detections for cell in record.cells):
        return "nothing was compared, since the pictures show nothing that the model finds; give others with --data."
    return "nothing was compared in any runtime, for the reasons above; name one that installs here with --runtime."


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
