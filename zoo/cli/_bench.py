"""`zoo bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from zoo.records import BenchRecord

EXAMPLES = """\
Examples:

\b
  zoo bench dense.tflite sparse.tflite                    where sparse kernels run: WebAssembly
  zoo bench dense.tflite sparse.tflite --on host,host:4   here, with one thread and with four
  zoo bench dense.tflite sparse.tflite --on ssh://pi@raspberrypi --width 0.01

The first file is what the others are compared with. A file that stores sparse tensors is also compared with the same
weights stored dense, which tells what sparsity alone does. 'zoo doctor' lists the targets that can measure here.
Exits 3 when a target or a model failed, 1 when a model gave wrong outputs on a target; the other numbers are shown.
Ctrl-C shows what was measured until then, marked as a part, and exits 130.
"""


def bench(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="One or more .tflite files.")],
    on: Annotated[
        str,
        typer.Option(
            "--on", metavar="TARGET[,TARGET]", help="Where: wasm, host, host:4, browser, ssh://USER@HOST, adb."
        ),
    ] = "wasm",
    width: Annotated[
        float,
        typer.Option("--width", min=0.001, max=1.0, help="Measure until 95% intervals are this share of a ratio."),
    ] = 0.02,
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, max=36000, help="... or until a target was timed for so long.")
    ] = 50.0,
    blocks: Annotated[
        int | None, typer.Option("--blocks", min=5, max=10000, help="Exactly so many blocks instead.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="What browser:tasks runs on; else a sample.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="OUT", help="Write the record there too, with every sample.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time files against one another.

    Models take turns, and are timed only after their outputs were found right."""
    from zoo.bench import Effort
    from zoo.cli._command import command_line
    from zoo.cli._output import write_json
    from zoo.cli._progress import show_progress
    from zoo.errors import OutsideError, ZooError
    from zoo.files import check_writable, write_file
    from zoo.pipeline import bench_files

    if record is not None:
        check_writable(record)
    targets = list(dict.fromkeys(target.strip() for target in on.split(",")))
    effort = Effort(width=width, seconds=seconds, blocks=blocks)
    with show_progress() as progress:
        measured = bench_files(
            files, targets=targets, effort=effort, picture=picture, command=command_line(), progress=progress
        )
    lost: OutsideError | None = None
    if record is not None:
        try:
            write_file(record, measured.model_dump_json(indent=1).encode())
        except ZooError as error:
            # What took minutes to measure is shown all the same.
            lost = OutsideError(f"What was measured is shown, and not kept: {error}")
    if as_json:
        write_json(measured)
    else:
        from zoo.cli._bench_screen import show_measured

        show_measured(measured)
    if lost is not None:
        raise lost
    raise typer.Exit(_exit_code(measured))


def _exit_code(measured: BenchRecord) -> int:
    if measured.interrupted:
        return 130
    outcomes = {timing.outcome for target in measured.targets for timing in target.timings}
    if measured.failed or "failed" in outcomes:
        return 3
    return 1 if "differs" in outcomes else 0
