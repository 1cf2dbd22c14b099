"""A changelog entry out of a comparison with the release before."""

from __future__ import annotations

from collections.abc import Iterable

from zoo.records import ReleaseChanges
from zoo.release._compare import Comparison, Difference

MOST_ENTRIES = 100
"""Entries that a release carries along; older ones stay in the releases before it."""


def changes_of(version: str, comparison: Comparison | None, *, since: str | None) -> ReleaseChanges:
    """What this version changed since the last; None of both for the first one."""
    if comparison is None:
        return ReleaseChanges(version=version, since=since)
    return ReleaseChanges(
        version=version,
        since=since,
        regressions=_sentences(comparison.regressions),
        improvements=_sentences(comparison.improvements),
        added=_lines(comparison.only_after),
        removed=_lines(comparison.only_before),
        unchanged=len(comparison.unchanged),
        notes=_lines(comparison.notes, most=50),
    )


def _sentences(differences: Iterable[Difference]) -> list[str]:
    return _lines(one.sentence for one in differences)


def _lines(texts: Iterable[str], most: int = 500) -> list[str]:
    return [text[:500] for text in texts][:most]
