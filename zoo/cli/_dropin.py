"""`zoo dropin`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli._options import DEFAULT_OUT, DataOption, FileOption, JsonOption, ModelArgument, OutOption

EXAMPLES = """\
Examples:

\b
  zoo dropin face_detector
  zoo dropin face_detector --file other.tflite --data ~/pictures

Exits 1 when a runtime does not take a file, or finds other faces with it than the declared tolerances allow.
"""


def dropin(
    model: ModelArgument,
    file: FileOption = None,
    runtime: Annotated[
        str | None, typer.Option("--runtime", metavar="NAME==VERSION", help="Only this declared runtime.")
    ] = None,
    data: DataOption = None,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Try a file in the original's place in MediaPipe.

    What it finds is compared with what the original finds."""
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
        rows = table("runtime", "graph", "file", "answer", "why")
        for cell in record.cells:
            rows.add_row(cell.runtime, cell.graph, cell.variant, cell.status, cell.reason)
        person().print(rows)
    if any(cell.status == "failed" for cell in record.cells):
        raise typer.Exit(1)
