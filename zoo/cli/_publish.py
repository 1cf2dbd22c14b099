"""`zoo publish`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import DEFAULT_OUT, JsonOption, ModelArgument, OutOption

if TYPE_CHECKING:
    from zoo.release import Published, Wish

EXAMPLES = """\
Examples:

\b
  zoo publish face_detector --to dir:~/releases
  zoo publish face_detector --to catalogue:models                  beside its spec, the dense file left out
  zoo publish face_detector --to hf:ORG/NAME --dry-run             everything but the sending
  zoo publish face_detector --to hf:ORG/NAME --private --sign key.pem
  zoo publish face_detector --to dir:~/releases --override wasm_latency --reason "Measured on a busy machine."

Refuses (exit 1) what is not fit: a failed gate or a worse one than in the last release, an altered file, a version that
is published already.

A key is made by 'openssl ecparam -name prime256v1 -genkey -noout -out key.pem'.
"""


def publish(
    model: ModelArgument,
    to: Annotated[str, typer.Option("--to", metavar="PLACE", help="dir:PATH, hf:ORG/NAME, or catalogue:PATH.")],
    out: OutOption = DEFAULT_OUT,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="KEY",
            envvar="ZOO_SIGNING_KEY",
            help="Sign with this private key, an elliptic-curve one in PEM.",
        ),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository of the hub private.")] = False,
    override: Annotated[
        list[str] | None,
        typer.Option("--override", metavar="GATE", help="Publish in spite of this gate, with a --reason; repeatable."),
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option("--reason", metavar="TEXT", help="Why; one for each --override, in their order, or one for all."),
    ] = None,
    allow_sample: Annotated[
        bool, typer.Option("--allow-sample", help="Publish a model that was built on sample pictures, to try it out.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and list what would be sent; write and send nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Publish a release to a folder or the Hub.

    All of it or nothing; the Hub is that of Hugging Face."""
    from zoo.cli._output import write_json
    from zoo.cli._progress import show_progress
    from zoo.pipeline import built_model, card_templates, locked
    from zoo.release import publish as publish_release
    from zoo.spec import load_spec

    wishes = _wishes(override or [], reason or [])
    folder = built_model(out, model)
    with locked(folder), show_progress() as progress:
        published = publish_release(
            folder.release,
            to,
            records=folder.records,
            allow_sample=allow_sample,
            dry_run=dry_run,
            overrides=wishes,
            key=sign,
            private=private,
            templates=card_templates(load_spec(model), None),
            progress=progress,
        )
    if as_json:
        write_json(asdict(published))
    else:
        _show(published)


def _wishes(gates: list[str], reasons: list[str]) -> list[Wish]:
    """Each gate with its reason. Raises InputError where they do not match."""
    from zoo.errors import InputError
    from zoo.release import Wish

    if len(reasons) == 1:
        reasons = reasons * len(gates)
    if len(gates) != len(reasons):
        raise InputError(
            f"{len(gates)} --override and {len(reasons)} --reason do not match; give one reason for each gate."
        )
    return [Wish(gate, reason) for gate, reason in zip(gates, reasons, strict=True)]


def _show(published: Published) -> None:
    from zoo.cli._output import person, table

    console = person()
    if published.dry_run:
        rows = table("file", "bytes", right=("bytes",))
        for file in published.files:
            rows.add_row(file.path, f"{file.bytes:,}")
        console.print(rows)
        for name in published.removed:
            console.print(f"{name} of the last release would be removed.")
    for override in published.overrides:
        console.print(f"In spite of gate {override.gate}, which {override.stood.rstrip('.')}: {override.reason}")
    changes = published.changes
    if changes.since is not None:
        counts = f"{len(changes.regressions)} worse, {len(changes.improvements)} better, {changes.unchanged} as before"
        console.print(f"Since {changes.since}: {counts}; see CHANGELOG.md")
    signed = f", signed with the key {published.key[:16]}" if published.key else ", not signed"
    would = "Would publish" if published.dry_run else "Published"
    amount = f"{len(published.files)} files, {published.total_bytes:,} bytes{signed}"
    console.print(f"{would} {published.name} {published.version} ({amount}) at {published.location}")
