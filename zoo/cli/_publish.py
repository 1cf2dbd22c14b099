"""`zoo publish`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from zoo.cli._options import DEFAULT_OUT, JsonOption, ModelArgument, OutOption

EXAMPLES = """\
Examples:

\b
  zoo publish face_detector --to dir:~/releases
  zoo publish face_detector --to hf:ORG/NAME --dry-run      everything but the sending

Refuses (exit 1) what is not fit: a failed gate, an altered file, a version that is published already.
"""


def publish(
    model: ModelArgument,
    to: Annotated[str, typer.Option("--to", metavar="PLACE", help="dir:PATH or hf:ORG/NAME.")],
    out: OutOption = DEFAULT_OUT,
    allow_sample: Annotated[
        bool, typer.Option("--allow-sample", help="Publish a model that was built on sample pictures, to try it out.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write and send nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish a release to a folder or the Hub.

    All of it or nothing; the Hub is that of Hugging Face."""
    from zoo.cli._output import person, write_json
    from zoo.cli._progress import show_progress
    from zoo.pipeline import built_model
    from zoo.release import publish as publish_release

    release = built_model(out, model).release
    with show_progress() as progress:
        published = publish_release(release, to, allow_sample=allow_sample, dry_run=dry_run, progress=progress)
    if as_json:
        write_json(asdict(published))
        return
    would = "Would publish" if published.dry_run else "Published"
    amount = f"{len(published.files)} files, {published.total_bytes:,} bytes"
    person().print(f"{would} {published.name} {published.version} ({amount}) at {published.location}")
