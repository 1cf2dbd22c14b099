"""`zoo densify` and `zoo sparsify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.tflite import RepackedFile, StoredTensor

DENSIFY_EXAMPLES = """\
Examples:

\b
  zoo densify sparse.tflite                             writes sparse_densified.tflite beside it
  zoo densify sparse.tflite --out dense.tflite

Same graph, same weights, same outputs: what sparse kernels gain shows when both are timed with 'zoo bench'.
"""
SPARSIFY_EXAMPLES = """\
Examples:

\b
  zoo sparsify pruned.tflite                            writes pruned_sparsified.tflite beside it
  zoo sparsify pruned.tflite --out small.tflite --json

For files whose kernels were pruned: zeros must be there already. A kernel stays dense where that is smaller or where a
runtime would misread it, and no file grows: where nothing is gained, a copy is written.
"""
MOST_ROWS = 12
_NAME_PARTS, _NAME_SIGNS = 2, 60

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .tflite model.")]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", metavar="OUT", help="The file to write.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace OUT where it is there already.")]


def densify(file: FileArgument, out: OutOption = None, force: ForceOption = False, as_json: JsonOption = False) -> None:
    """Store a file's sparse weights dense.

    Outputs stay the same to the last bit."""
    from zoo.tflite import densify_file

    made = densify_file(file, out, replace=force)
    made.write()
    if as_json:
        _write_document(made)
        return
    from zoo.cli._output import person

    console = person()
    _show(console, made, "dense", "Nothing is stored sparse")


def sparsify(
    file: FileArgument, out: OutOption = None, force: ForceOption = False, as_json: JsonOption = False
) -> None:
    """Store a pruned file's zeros away.

    Never larger; outputs stay the same to the last bit where kernels are dense."""
    from zoo.tflite import read_model, sparsify_file
    from zoo.xnnpack import engagement

    made = sparsify_file(file, out, replace=force)
    verdict = engagement(read_model(made.data, name=made.made.name), "wasm")
    made.write()
    if as_json:
        _write_document(made, verdict=verdict)
        return
    from zoo.cli._output import person

    console = person()
    _show(console, made, "sparse", "Nothing is gained")
    console.print(verdict.summary)


def _write_document(made: RepackedFile, **more: object) -> None:
    from zoo.cli._output import write_json

    document = {"source": made.source, "made": made.made, "changed": made.changed, "tensors": made.tensors}
    write_json({**document, **more})


def _show(console: Console, made: RepackedFile, how: str, unchanged: str) -> None:
    """What changed; the largest tensors, those without zeros left out; and where the file is."""
    from zoo.cli._output import table

    shown = sorted((t for t in made.tensors if t.sparsity), key=lambda tensor: -tensor.bytes_before)
    if shown:
        rows = table("tensor", "zeros", "bytes", "now", "", right=("zeros", "bytes", "now"))
        for tensor in shown[:MOST_ROWS]:
            rows.add_row(_short(tensor), f"{tensor.sparsity:.1%}", *_bytes(tensor), tensor.kept or f"now {how}")
        console.print(rows)
    if len(shown) > MOST_ROWS:
        console.print(f"{len(shown) - MOST_ROWS} smaller ones are not shown; --json has them all.")
    if not made.changed:
        console.print(f"{unchanged}: {made.made.name} is a copy of {made.source.name}, {made.made.bytes:,} bytes.")
        return
    before, after = made.source.bytes, made.made.bytes
    console.print(
        f"{made.made.name}: {made.changed} of {len(made.tensors)} tensors now {how}, {before:,} to {after:,} bytes "
        f"({after / before:.1%})."
    )


def _bytes(tensor: StoredTensor) -> tuple[str, str]:
    return f"{tensor.bytes_before:,}", f"{tensor.bytes_after:,}"


def _short(tensor: StoredTensor) -> str:
    """The end of the first of the names that converters join."""
    return "/".join(tensor.name.split(";")[0].split("/")[-_NAME_PARTS:])[:_NAME_SIGNS]
