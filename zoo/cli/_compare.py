"""`zoo compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli._options import JsonOption

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.records import StageRecord
    from zoo.release import Comparison, Difference, Manifest

EXAMPLES = """\
Examples:

\b
  zoo compare ~/releases/face_detector/0.1.0 build/face_detector       old and new
  zoo compare build/face_detector                                      its dense and its sparse variant
  zoo compare build/face_detector --variants sparse,sparse-85
  zoo compare OLD NEW --fail-on-regression                             exits 1 where a number got worse
"""


def compare(
    before: Annotated[
        str, typer.Argument(metavar="A", help="A release's folder, a build's (OUT/MODEL), or as for 'zoo pull'.")
    ],
    after: Annotated[
        str | None, typer.Argument(metavar="B", help="The one to hold against it. Without it: two variants of A.")
    ] = None,
    variants: Annotated[
        str | None, typer.Option("--variants", metavar="OLD,NEW", help="Which two, without B; dense,sparse by default.")
    ] = None,
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit 1 where a number is worse beyond its interval.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two releases.

    Or between two variants of one; what got worse comes first."""
    from zoo.cli._output import person, write_json

    found = _compared(before, after, variants)
    if as_json:
        write_json(vars(found))
    else:
        _show(found, person())
    if fail_on_regression and found.regressions:
        raise typer.Exit(1)


def _read(place: str) -> tuple[Manifest, dict[str, StageRecord]]:
    """Manifest and records of a release that is fetched first, or of a folder."""
    from zoo.cli._progress import show_progress
    from zoo.release import read_measured, release_at

    if not place.startswith(("dir:", "hf:")):
        return read_measured(Path(place))
    with show_progress() as progress, release_at(place, progress=progress) as folder:
        return read_measured(folder)


def _compared(before: str, after: str | None, variants: str | None) -> Comparison:
    from zoo.errors import InputError
    from zoo.release import Measured, compare_releases, compare_variants

    old, old_records = _read(before)
    if after is None:
        names = [name.strip() for name in (variants or "dense,sparse").split(",")]
        known = sorted(Measured.of(old, old_records).variants)
        if len(names) != 2 or not set(names) <= set(known):
            raise InputError(f"--variants takes two of {', '.join(known)}, such as dense,sparse.")
        return compare_variants(old_records, names[0], names[1])
    if variants is not None:
        raise InputError("--variants is for one release; leave B out, or take it away.")
    new, new_records = _read(after)
    if old.model != new.model:
        raise InputError(f"{before} is of {old.model} and {after} of {new.model}; compare releases of one model.")
    names = [f"{one.model} {one.version}" for one in (old, new)]
    if names[0] == names[1]:
        names = [before, after]
    return compare_releases(Measured.of(old, old_records), Measured.of(new, new_records), names=(names[0], names[1]))


def _show(found: Comparison, console: Console) -> None:
    from zoo.cli._output import table

    console.print(f"{found.before} -> {found.after}")
    buckets = (("worse", found.regressions), ("better", found.improvements), ("no difference to tell", found.unchanged))
    for title, differences in buckets:
        rows = table(title, "before", "after", "change", right=("before", "after", "change"))
        for one in differences:
            rows.add_row(one.what, one.before, one.after, _change(one))
        console.print(rows if differences else f"\n{title}: nothing")
    for title, texts in ((f"only in {found.before}", found.only_before), (f"only in {found.after}", found.only_after)):
        _show_texts(title, texts, console)
    _show_texts("to know", found.notes, console)


def _show_texts(title: str, texts: Sequence[str], console: Console) -> None:
    if texts:
        console.print("\n".join([f"\n{title}", *(f"  {text}" for text in texts)]))


def _change(one: Difference) -> str:
    if not any(letter.isdigit() for letter in one.before):
        return ""
    moved = f"{one.change:+,.0f}" if one.change.is_integer() else f"{one.change:+.3g}"
    return moved if one.low is None or one.high is None else f"{moved} [{one.low:+.3g} to {one.high:+.3g}]"
