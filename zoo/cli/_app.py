"""The `zoo` command and its sub-commands, in the order in which a person meets them."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo import __version__
from zoo.cli import (
    _adapt,
    _bench,
    _build,
    _card,
    _compare,
    _demo,
    _doctor,
    _dropin,
    _evaluate,
    _inspect,
    _ladder,
    _list,
    _publish,
    _pull,
    _repack,
)

EXIT_CODES = (
    "Exits 0 when done, 1 when the answer is no, 2 on bad input, 3 when something outside failed, 70 on a fault of zoo "
    "itself, 130 or 143 when stopped."
)

app = typer.Typer(
    name="zoo",
    add_completion=False,
    # Rich's help costs half a second at every start; the tables of the commands themselves are drawn by Rich.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog=EXIT_CODES,
)
app.command("build", epilog=_build.EXAMPLES)(_build.build)
app.command("list")(_list.list_models)
app.command("inspect", epilog=_inspect.EXAMPLES)(_inspect.inspect)
app.command("adapt", epilog=_adapt.EXAMPLES)(_adapt.adapt)
app.command("densify", epilog=_repack.DENSIFY_EXAMPLES)(_repack.densify)
app.command("sparsify", epilog=_repack.SPARSIFY_EXAMPLES)(_repack.sparsify)
app.command("bench", epilog=_bench.EXAMPLES)(_bench.bench)
app.command("ladder", epilog=_ladder.EXAMPLES)(_ladder.ladder)
app.command("evaluate", epilog=_evaluate.EXAMPLES)(_evaluate.evaluate)
app.command("dropin", epilog=_dropin.EXAMPLES)(_dropin.dropin)
app.command("demo", epilog=_demo.EXAMPLES)(_demo.demo)
app.command("card", epilog=_card.EXAMPLES)(_card.card)
app.command("compare", epilog=_compare.EXAMPLES)(_compare.compare)
app.command("publish", epilog=_publish.EXAMPLES)(_publish.publish)
app.command("pull", epilog=_pull.PULL_EXAMPLES)(_pull.pull)
app.command("verify-release", epilog=_pull.VERIFY_EXAMPLES)(_pull.verify)
app.command("doctor", epilog=_doctor.EXAMPLES)(_doctor.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zoo {__version__}")
        raise typer.Exit


@app.callback()
def zoo(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """From a declared spec to a verified release of dense and sparse MediaPipe models.

    Start with: zoo build face_detector
    """
