"""`zoo inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.records import InspectedFile

EXAMPLES = """\
Examples:

\b
  zoo inspect model.tflite                              will sparse kernels engage in WebAssembly?
  zoo inspect model.task --target arm64                 each model of a bundle, on a phone
  zoo inspect model.tflite --require sparse             exits 1, with the first reason, when they will not
"""


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .tflite model or a .task bundle.")],
    target: Annotated[
        str, typer.Option("--target", metavar="NAME", help="wasm, arm64, x86 (without AVX) or x86-avx.")
    ] = "wasm",
    require: Annotated[
        str | None, typer.Option("--require", metavar="sparse", help="Exit 1 unless sparse kernels engage.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a file, and if it runs sparse."""
    from zoo.cli._output import person, write_json
    from zoo.errors import InputError, RefusedError
    from zoo.xnnpack import inspect_path, require_sparse

    if require not in (None, "sparse"):
        raise InputError(f"--require '{require}' is not known; the only answer that can be required is 'sparse'.")
    inspected = inspect_path(file, targets=[target])
    if as_json:
        write_json(inspected)
    else:
        console = person()
        for part in inspected:
            _show(console, part)
    if require is None:
        return
    try:
        require_sparse(inspected)
    except RefusedError as error:
        # The document is the answer already, and under --json there is only one.
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error


def _show(console: Console, part: InspectedFile) -> None:
    from zoo.cli._output import table

    console.print(f"{part.name}: {part.file.bytes:,} bytes ({part.gzip_bytes:,} after gzip)")
    console.print(f"{part.parameters:,} parameters, {part.sparse_tensors} tensors stored sparse")
    console.print(f"1x1 kernels: {part.pointwise_sparsity:.1%} zeros in {len(part.layers)} layers")
    rows = table("bytes", "of", right=("bytes",))
    for kind, count in sorted(part.weight_bytes.items(), key=lambda item: -item[1]):
        rows.add_row(f"{count:,}", kind.replace("_", " "))
    console.print(rows)
    operators = sorted(part.operators.items(), key=lambda item: (-item[1], item[0]))
    console.print("operators: " + ", ".join(f"{name} {count}" for name, count in operators))
    for verdict in part.verdicts:
        console.print(f"{verdict.target}: {'SPARSE' if verdict.sparse else 'DENSE'} - {verdict.summary}")
        for number, broken in enumerate(verdict.breaks, start=1):
            console.print(f"  {number}. {broken.where}: {broken.rule} ({broken.upstream})")
            console.print(f"     {broken.advice}")
