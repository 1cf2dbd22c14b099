"""Options and arguments that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model; 'zoo list' shows them.")]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of builds; a model is in DIR/MODEL.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output, nothing else.")]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of pictures (searched with its subfolders). Without it: a few free sample pictures.",
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="A .tflite file to take instead of the built sparse one."),
]
AnnotationsOption = Annotated[
    str | None,
    typer.Option(
        "--annotations",
        metavar="PLACE",
        help="Annotation file, its folder, or hub:ORG/NAME@COMMIT, to measure against labels. Without it: what --data "
        "holds.",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="How to read --annotations; detected without it."),
]

TemplateOption = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="DIR",
        help="Folder with templates of your own for the card; they come before the project's.",
    ),
]

DEFAULT_OUT = Path("build")
