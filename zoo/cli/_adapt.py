"""`zoo adapt`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from zoo.adapt import AdaptedFile

EXAMPLES = """\
Examples:

\b
  zoo adapt model.tflite                                the cheapest exact rewrites, into model_adapted.tflite
  zoo adapt model.tflite --rewrite pad_symmetric --rewrite prelu_to_primitives --out ready.tflite
  zoo inspect model.tflite --suggest                    what would be done, and what it should gain

Exact rewrites keep all outputs but for float32 rounding; the others are a start for training, which recovers them.
The file is run beside its source before it is written, and refused where an output moves more than that.
"""


def adapt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .tflite model.")],
    rewrite: Annotated[
        list[str] | None,
        typer.Option("--rewrite", metavar="NAME", help="A rewrite, in this order; without any: the exact plan."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="OUT", help="The file to write.")] = None,
    slower: Annotated[
        bool, typer.Option("--slower", help="Write it also where the plan is predicted to gain nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT where it is there already.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Rewrite a model so that sparse kernels can take it."""
    from zoo.adapt import REWRITES, adapt_file

    made = adapt_file(file, out, REWRITES, names=rewrite or (), slower=slower, replace=force)
    made.write()
    if as_json:
        from zoo.cli._output import write_json

        write_json(
            {
                "source": made.source,
                "made": made.made,
                "rewrites": made.applied,
                "exact": made.exact,
                "ready": not made.breaks,
                "predicted_cost": None if made.cost is None else round(made.cost, 4),
                "breaks": made.breaks,
            }
        )
        return
    _show(made)


def _show(made: AdaptedFile) -> None:
    from zoo.cli._inspect_screen import Screen
    from zoo.cli._output import terminal
    from zoo.cli._suggest_screen import applied_in_words, show_breaks, show_prediction

    colour, width = terminal()
    screen = Screen(colour=colour, width=width)
    screen.add(made.made.name, bold=True)
    for line in applied_in_words(made.applied):
        screen.labelled("rewrite", line)
    if not made.applied:
        screen.labelled("rewrite", "none: it is ready as it is, and this is a copy")
    screen.labelled("bytes", f"{made.source.bytes:,} to {made.made.bytes:,}")
    if made.breaks:
        show_breaks(made.breaks, screen)
    else:
        screen.labelled("ready", "no structural rule is broken: prune it, then 'zoo sparsify' it", fg="green")
    if made.cost is not None:
        show_prediction(made.cost, screen)
    screen.add()
    sys.stdout.write("\n".join(screen.lines))
