"""`zoo inspect`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from zoo.adapt import Suggestion
    from zoo.records import InspectedFile

EXAMPLES = """\
Examples:

\b
  zoo inspect model.tflite                              will sparse kernels engage in WebAssembly?
  zoo inspect model.task --target arm64                 each model of a bundle, on a phone
  zoo inspect model.tflite --require sparse             exits 1, with the first reason, when they will not
  zoo inspect model.tflite --suggest                    which rewrites would make them engage, and the command
  zoo inspect model.tflite --html model.html            the graph layer by layer, as a page
"""


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .tflite model or a .task bundle.")],
    target: Annotated[
        str, typer.Option("--target", metavar="NAME", help="wasm, arm64, x86 (without AVX) or x86-avx.")
    ] = "wasm",
    require: Annotated[
        str | None, typer.Option("--require", metavar="sparse", help="Exit 1 unless sparse kernels engage.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="OUT", help="Write a page with the graph, layer by layer.")
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Look for rewrites that would make sparse kernels engage.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a file, and if it runs sparse."""
    from zoo.errors import InputError, RefusedError
    from zoo.files import check_writable
    from zoo.xnnpack import inspect_path, require_sparse

    if require not in (None, "sparse"):
        raise InputError(f"--require '{require}' is not known; the only answer that can be required is 'sparse'.")
    if html is not None:
        check_writable(html)
    inspected = inspect_path(file, targets=[target])
    suggested = _suggested(file) if suggest else None
    if html is not None:
        from zoo.card import write_inspection

        write_inspection(inspected, html)
    _tell(file, inspected, suggested, as_json=as_json)
    if require is None:
        return
    try:
        require_sparse(inspected)
    except RefusedError as error:
        # The document is the answer already, and under --json there is only one.
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error


def _suggested(file: Path) -> list[Suggestion]:
    from zoo.adapt import REWRITES, suggestions

    return suggestions(file, REWRITES)


def _tell(file: Path, inspected: list[InspectedFile], suggested: list[Suggestion] | None, *, as_json: bool) -> None:
    """`suggested`: one for each part of what was inspected, or None where none was asked for."""
    from zoo.cli._output import fields_of, terminal, write_json

    if as_json:
        if suggested is None:
            write_json(inspected)
            return
        from zoo.cli._suggest_screen import suggestion_document

        parts = zip(inspected, suggested, strict=True)
        write_json([{**fields_of(part), "suggestion": suggestion_document(found)} for part, found in parts])
        return
    from zoo.cli._inspect_screen import Screen, show

    colour, width = terminal()
    screen = Screen(colour=colour, width=width)
    for place, part in enumerate(inspected):
        show(part, screen)
        if suggested is not None:
            from zoo.cli._suggest_screen import show_suggestion
            from zoo.files import printable

            # A model inside a bundle has its member's name.
            show_suggestion(suggested[place], screen, file=file if part.name == printable(file.name) else None)
        screen.add()
    sys.stdout.write("\n".join(screen.lines))
