"""`zoo pull` and `zoo verify-release`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from zoo.card import Snippet
    from zoo.release import Verified

PULL_EXAMPLES = """\
Examples:

\b
  zoo pull face_detector                                 released with this package: no network
  zoo pull face_detector@1.0.0 --to models/face
  zoo pull hf:ORG/NAME                                   the newest version
  zoo pull hf:ORG/NAME@0.2.0 --key public.pem            that version, if this key signed it
  zoo pull dir:~/releases/face_detector --to models/face
"""
VERIFY_EXAMPLES = """\
Examples:

\b
  zoo verify-release face_detector-0.2.0 --key public.pem       needs no network
  zoo verify-release hf:ORG/NAME@0.2.0 --key public.pem

Exits 1 where a file was altered, is missing or is not listed, or the signature is missing or not by that key.
"""

KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="PUBLIC", help="The publisher's public key in PEM; it must have signed the release."),
]


def pull(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="MODEL[@VERSION], hf:ORG/NAME[@VERSION], or dir:PATH/MODEL[/VERSION].")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="The new folder for it. Without it: ./MODEL-VERSION.")
    ] = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a release, checked, and show how to use it."""
    from zoo.cli._output import person, write_json
    from zoo.cli._progress import show_progress
    from zoo.release import pull as pull_release

    with show_progress() as progress:
        pulled = pull_release(source, to=to, key=key, progress=progress)
    snippets = _snippets(pulled)
    if as_json:
        uses = [{"title": one.title, "needs": one.needs, "code": one.code} for one in snippets]
        write_json({**_document(pulled), "fetched": pulled.fetched, "use": uses})
        return
    console = person()
    known = "" if pulled.fetched else " already, whole, so nothing was fetched"
    console.print(f"{pulled.name} {pulled.version} is in {pulled.folder}{known}; its card is card.html.")
    _show_state(pulled)
    for one in snippets:
        shown = f"\n{one.title}, for {one.needs}, from that folder with your picture.jpg:\n\n{one.code.rstrip()}"
        # A release from elsewhere names its files itself, and shall not steer a terminal.
        console.print("".join(letter if letter.isprintable() or letter == "\n" else " " for letter in shown))


def _snippets(one: Verified) -> list[Snippet]:
    """The card's code; none where the release is of another version of this package, whose card has it all the same."""
    from zoo.card import use_snippets
    from zoo.errors import InputError

    try:
        return use_snippets(one.manifest.model_spec())
    except InputError:
        return []


def verify(
    release: Annotated[
        str,
        typer.Argument(
            metavar="RELEASE",
            help="A release's folder, MODEL[@VERSION], or hf:ORG/NAME[@VERSION], fetched to check it.",
        ),
    ],
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that a release is what was published.

    By its manifest, and with --key by its signature."""
    from zoo.cli._output import person, write_json
    from zoo.cli._progress import show_progress
    from zoo.release import release_at, verify_release

    with show_progress() as progress, release_at(release, progress=progress) as folder:
        verified = verify_release(folder, key=key)
    if as_json:
        write_json({**_document(verified), "folder": None if release.startswith("hf:") else verified.folder})
        return
    amount = f"{verified.files} files, {verified.total_bytes:,} bytes"
    held = "is as it was signed" if verified.key else "agrees with its manifest"
    person().print(f"{verified.name} {verified.version} ({amount}) {held}.")
    _show_state(verified)


def _show_state(one: Verified) -> None:
    """What was proven, and what a reader should know before using it."""
    from zoo.cli._output import person

    console = person()
    console.print(one.proves)
    if one.manifest.sample_data:
        console.print("It was made from sample data, to try publishing; its quality is not known.")
    for override in one.manifest.overrides:
        console.print(f"It was published in spite of gate {override.gate}: {override.reason}")


def _document(one: Verified) -> dict[str, object]:
    return {
        "model": one.name,
        "version": one.version,
        "folder": one.folder,
        "files": one.files,
        "total_bytes": one.total_bytes,
        "signed": one.signed,
        "key": one.key,
        "proves": one.proves,
        "sample_data": one.manifest.sample_data,
        "overrides": one.manifest.overrides,
    }
