"""`zoo ladder`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import DEFAULT_OUT, JsonOption, ModelArgument, OutOption

if TYPE_CHECKING:
    from zoo.records import TimedTogether

EXAMPLES = """\
Examples:

\b
  zoo ladder mobilenet_v2                              size and WebAssembly latency from 50% to 95% zeros, some minutes
  zoo ladder mobilenet_v2 --on host,wasm --precision float16
  zoo ladder face_detector --sparsity 0.7,0.8,0.9 --data ~/pictures      with quality, pruned in one shot
  zoo ladder face_detector --data ~/pictures --train --preset standard   each rung trained, hours
  zoo ladder mobilenet_v2 --combinations --on host,wasm                  sparsity with int8, 2:4, blocks

Writes OUT/MODEL/ladder/: ladder.json, ladder.csv, figures, and every file. Files that are made are not made again; what
is measured is measured anew. One that was stopped keeps what it finished. Exits 3 when a target or a model failed, 1
when a model gave wrong outputs on a target; the other numbers are there.
"""

DEFAULT_PRESET = "quick"


def ladder(
    model: ModelArgument,
    sparsity: Annotated[
        str | None,
        typer.Option(
            "--sparsity", metavar="SHARE[,SHARE]", help="Shares of zeros, ten at most; 0.5 to 0.95 without it."
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option("--precision", metavar="NAME[,NAME]", help="float32, float16, int8; the spec's own without it."),
    ] = None,
    on: Annotated[
        str, typer.Option("--on", metavar="TARGET[,TARGET]", help="Where to measure, as for zoo bench.")
    ] = "wasm",
    data: Annotated[
        str | None, typer.Option("--data", metavar="DIR", help="Folder of pictures; adds quality, where there is any.")
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="Train every rung instead of pruning in one shot.")] = False,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="With --train: how much, as for zoo build.")
    ] = None,
    combinations: Annotated[
        bool, typer.Option("--combinations", help="Instead: one share of zeros with each precision and pattern.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=1, max=3600, help="At most so long for one set of files on a target."),
    ] = None,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Measure a network at ever more zeros: size, latency, quality."""
    from zoo.cli._command import command_line
    from zoo.cli._output import write_json
    from zoo.cli._progress import show_progress
    from zoo.errors import InputError
    from zoo.files import check_writable
    from zoo.pipeline import (
        LadderOptions,
        climb_ladder,
        climb_trained_ladder,
        make_ladder_plan,
        make_training_plan,
        measure_combinations,
        parse_sparsities,
    )

    if train and combinations:
        raise InputError("--train and --combinations are two commands; give one of them.")
    if preset is not None and not train:
        raise InputError(f"--preset '{preset}' says how much to train; add --train, or leave it out.")
    plan = make_ladder_plan(
        LadderOptions(
            model=model,
            out=out,
            command=command_line(),
            sparsities=parse_sparsities(sparsity) if sparsity is not None else (),
            precisions=_names(precision) if precision is not None else (),
            targets=_names(on),
            data=None if data is None else Path(data).expanduser(),
            seconds=seconds,
        )
    )
    training = make_training_plan(plan, preset=preset or DEFAULT_PRESET) if train else None
    check_writable(plan.folder.root, folder=True)
    with show_progress(log=plan.folder.log) as progress:
        if combinations:
            table = measure_combinations(plan, progress=progress)
        elif training is not None:
            record = climb_trained_ladder(plan, training, progress=progress)
        else:
            record = climb_ladder(plan, progress=progress)
    if as_json:
        write_json(table if combinations else record)
    else:
        from zoo.cli._ladder_screen import show_combinations, show_ladder

        if combinations:
            show_combinations(table, plan.folder.root)
        else:
            show_ladder(record, plan.folder.root)
    raise typer.Exit(_exit_code((table if combinations else record).timings))


def _exit_code(timings: Sequence[TimedTogether]) -> int:
    """As a bench's: 3 where a target or a model failed, 1 where a model gave wrong outputs, else 0."""
    outcomes = {timing.outcome for together in timings for target in together.targets for timing in target.timings}
    if "failed" in outcomes or any(together.failed for together in timings):
        return 3
    return 1 if "differs" in outcomes else 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]
