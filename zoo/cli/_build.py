"""`zoo build`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli._options import (
    DEFAULT_OUT,
    AnnotationsOption,
    DataOption,
    FormatOption,
    JsonOption,
    OutOption,
    TemplateOption,
)

EXAMPLES = """\
Examples:

\b
  zoo build face_detector                           a first build on free sample pictures, a few minutes
  zoo build face_detector --data ~/pictures         the same on your own pictures
  zoo build face_detector --data ~/pictures --preset standard    a model fit to publish, about an hour
  zoo build face_detector --data ~/pictures --annotations ~/faces/val.xml    measured against these labels too
  zoo build face_detector --sparsity 0.8,0.85       one sparse file for each share of zeros
  zoo build face_detector --from bench              measure again, and all that follows
  zoo build --all --data ~/pictures                 every model, side by side where the machine has the room

A build that was stopped goes on where it stopped when the same command is given again. What is unchanged is not made
again. Exits 1 when a gate fails; the release is still written, to be looked at. On sample pictures, gates on quality
say nothing and are not judged: the build exits 0 when the others hold, and its release can only be published with
--allow-sample.
"""


def build(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Name of a model; 'zoo list' shows them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Build every model, each in a process of its own.")] = False,
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", help="How much to train: smoke, quick, standard or paper.")
    ] = "quick",
    sparsity: Annotated[
        str | None,
        typer.Option("--sparsity", metavar="SHARE[,SHARE]", help="Share of zeros; the spec's own without it."),
    ] = None,
    data: DataOption = None,
    annotations: AnnotationsOption = None,
    form: FormatOption = None,
    template: TemplateOption = None,
    out: OutOption = DEFAULT_OUT,
    rerun_from: Annotated[
        str | None, typer.Option("--from", metavar="STAGE", help="Run this stage and all after it again.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a model, measure it, write its release."""
    from zoo.cli._command import command_line
    from zoo.cli._progress import show_progress
    from zoo.errors import InputError
    from zoo.files import check_writable
    from zoo.pipeline import BuildOptions, build_model, make_plan, named_annotations, parse_sparsities

    if every == (model is not None):
        raise InputError("zoo build takes the name of one model, or --all; 'zoo list' shows the names.")
    if model is None:
        given = {"--preset": preset, "--sparsity": sparsity, "--data": data, "--out": str(out), "--from": rerun_from}
        given |= {"--annotations": annotations, "--format": form}
        given |= {"--template": None if template is None else str(template)}
        raise typer.Exit(_build_all(given, as_json=as_json))
    options = BuildOptions(
        model=model,
        out=out,
        command=command_line(),
        preset=preset,
        sparsities=parse_sparsities(sparsity) if sparsity is not None else (),
        data=None if data is None else Path(data).expanduser(),
        annotations=named_annotations(annotations, form),
        templates=template,
        rerun_from=rerun_from,
    )
    # Checked before the log is opened, so that a build that cannot be leaves no folder behind.
    plan = make_plan(options)
    check_writable(plan.folder.root, folder=True)
    with show_progress(log=plan.folder.log) as progress:
        result = build_model(plan, progress=progress)
    if as_json:
        from zoo.cli._output import write_json

        write_json(result.document())
    else:
        from zoo.cli._build_screen import show_build

        show_build(result)
    if not result.accepted:
        raise typer.Exit(1)


def _build_all(given: Mapping[str, str | None], *, as_json: bool) -> int:
    """Build every model with the same options, and return the gravest exit code."""
    from zoo.cli._progress import show_progress
    from zoo.pipeline import build_all, buildable_models

    arguments = [word for option, value in given.items() if value is not None for word in (option, value)]
    with show_progress() as progress:
        built = build_all(buildable_models(), arguments=arguments, progress=progress)
    if as_json:
        from zoo.cli._output import write_json

        write_json({"models": built})
    else:
        from zoo.cli._build_screen import show_builds

        show_builds(built)
    return max((ended.exit_code for ended in built), default=0)
