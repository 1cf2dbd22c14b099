"""`zoo bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.records import TargetResult

EXAMPLES = """\
Examples:

\b
  zoo bench dense.tflite sparse.tflite                  where sparse kernels run: WebAssembly
  zoo bench dense.tflite sparse.tflite --on host,wasm   here as well

The first file is what the others are compared with. A file that stores sparse tensors is also compared with the same
weights stored dense, which tells what sparsity alone does. Exits 3 when no target could measure.
"""


def bench(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="One or more .tflite files.")],
    on: Annotated[str, typer.Option("--on", metavar="TARGET[,TARGET]", help="Where to measure: host, wasm.")] = "wasm",
    blocks: Annotated[int, typer.Option("--blocks", min=5, max=10000, help="Interleaved repetitions.")] = 60,
    as_json: JsonOption = False,
) -> None:
    """Time files against one another.

    Models are interleaved, and timed only after their outputs were found right."""
    from zoo.bench import compare_files
    from zoo.cli._output import person, write_json
    from zoo.cli._progress import show_progress

    targets = [target.strip() for target in on.split(",")]
    with show_progress() as progress:
        compared = compare_files(files, targets=targets, progress=progress, blocks=blocks)
    if as_json:
        write_json({"sizes": compared.sizes, "targets": compared.targets, "failed": compared.failed})
    else:
        console = person()
        for size in compared.sizes:
            console.print(f"{size.name}: {size.file.bytes:,} bytes ({size.gzip_bytes:,} after gzip)")
        for target in compared.targets:
            _show(console, target)
        for failed in compared.failed:
            console.print(f"{failed.target}: not measured, {failed.reason}")
    if not compared.targets:
        raise typer.Exit(3)


def _show(console: Console, target: TargetResult) -> None:
    from zoo.cli._output import table

    console.print(f"\n{target.target}: {target.runtime} {target.version}, {target.threads} thread")
    rows = table("model", "median ms", "p10", "p90", "n", "note", right=("median ms", "p10", "p90", "n"))
    for timing in target.timings:
        times = ["-" if value is None else f"{value:.2f}" for value in (timing.median_ms, timing.p10_ms, timing.p90_ms)]
        rows.add_row(timing.name, *times, str(timing.n), timing.note or "")
    console.print(rows)
    ratios = table("ratio", "value", "95% interval", "blocks", right=("value", "blocks"))
    for ratio in target.ratios:
        interval = f"{ratio.interval.low:.3f} to {ratio.interval.high:.3f}"
        names = f"{ratio.numerator} / {ratio.denominator}"
        ratios.add_row(names, f"{ratio.ratio:.3f}", interval, str(ratio.blocks))
    if target.ratios:
        console.print(ratios)
    engaged = {True: "yes", False: "no", None: "not known"}[target.engaged]
    console.print(f"sparse kernels ran: {engaged} ({target.how_known})")
    if target.note:
        console.print(target.note)
