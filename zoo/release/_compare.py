"""The difference of two releases, or of two variants of one, in buckets: regressions first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from zoo.records import BenchRecord, PairedDifference, QualityRecord, StageRecord, VariantQuality, better_of
from zoo.release._measures import Measure, Measured, measures_of, record_of
from zoo.release._words import brief

Bucket = Literal["regression", "improvement", "unchanged"]


@dataclass(frozen=True)
class Difference:
    """One number before and after. `low`, `high`: a 95% interval of `change`, None where it has none.

    A regression or improvement is one beyond that interval: it lies on one side of zero. Counts have no interval and
    need none.
    """

    field: str
    what: str
    before: str
    after: str
    change: float
    low: float | None
    high: float | None
    bucket: Bucket

    @property
    def sentence(self) -> str:
        """The difference in words, such as `sparse: bytes 482,244 -> 470,000 (-12,244)`."""
        span = "" if self.low is None or self.high is None else f", 95% interval {self.low:+.4g} to {self.high:+.4g}"
        moved = f"{self.change:+,.0f}" if self.change.is_integer() else f"{self.change:+.4g}"
        numeric = any(letter.isdigit() for letter in self.before)
        return f"{self.what} {self.before} -> {self.after}" + (f" ({moved}{span})" if numeric else "")


@dataclass(frozen=True)
class Comparison:
    """Two releases, or two variants of one. `only_before`, `only_after`: what one alone has, in words."""

    before: str
    after: str
    regressions: tuple[Difference, ...]
    improvements: tuple[Difference, ...]
    unchanged: tuple[Difference, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    notes: tuple[str, ...]


def compare_releases(before: Measured, after: Measured, *, names: tuple[str, str]) -> Comparison:
    """The difference of two releases; `names` is what a reader calls them."""
    old, new = (measures_of(one.records, one.variants) for one in (before, after))
    notes = [*_notes(before.records, after.records)]
    differences = []
    for field in [name for name in new if name in old]:
        if old[field].basis != new[field].basis:
            notes.append(
                f"{new[field].what} is left out, for it was measured against something else "
                f"({old[field].basis}, then {new[field].basis})."
            )
        else:
            differences.append(difference(old[field], new[field]))
    return _sorted(
        names,
        differences,
        only_before=[f"{one.what} {one.shown}" for name, one in old.items() if name not in new],
        only_after=[f"{one.what} {one.shown}" for name, one in new.items() if name not in old],
        notes=notes,
    )


def compare_variants(records: Mapping[str, StageRecord], before: str, after: str) -> Comparison:
    """The difference of two variants of one release, by the records' own paired differences where there are such."""
    old, new = (_anonymous(measures_of(records, {before, after}), name) for name in (before, after))
    paired = {one.field: one for one in _paired(records, before, after)}
    differences = [difference(old[field], new[field]) for field in new if field in old and field not in paired]
    differences += paired.values()
    return _sorted(
        (before, after),
        differences,
        only_before=[f"{one.what} {one.shown}" for name, one in old.items() if name not in new],
        only_after=[f"{one.what} {one.shown}" for name, one in new.items() if name not in old],
        notes=[],
    )


def difference(old: Measure, new: Measure) -> Difference:
    """Hold one number against what it was.

    The interval of the change is that of two independent estimates, recovered from the interval of each (MOVER: Zou
    and Donner, Statistics in Medicine 27, 2008). On the same pictures it is wider than a paired one would be.
    """
    change = new.value - old.value
    low = high = None
    if old.interval is not None and new.interval is not None:
        low = change - math.hypot(new.value - new.interval.low, old.interval.high - old.value)
        high = change + math.hypot(new.interval.high - new.value, old.value - old.interval.low)
    certain = old.exact and new.exact
    return Difference(
        field=new.field,
        what=new.what,
        before=_with_interval(old),
        after=_with_interval(new),
        change=change,
        low=low,
        high=high,
        bucket=bucket(change, low, high, better=new.better, certain=certain),
    )


def bucket(
    change: float, low: float | None, high: float | None, *, better: Literal["lower", "higher"], certain: bool
) -> Bucket:
    """Where a change belongs; one that neither was counted nor has an interval is taken as it is."""
    if low is None or high is None or certain:
        low = high = change
    if low <= 0 <= high:
        return "unchanged"
    return "improvement" if (change < 0) == (better == "lower") else "regression"


def _with_interval(one: Measure) -> str:
    if one.interval is None:
        return one.shown
    return f"{one.shown} [{brief(one.interval.low)} to {brief(one.interval.high)}]"


def _anonymous(found: Mapping[str, Measure], variant: str) -> dict[str, Measure]:
    """Measures of one variant under addresses that name no variant, so that another's fit beside them."""
    moved = {}
    for field, one in found.items():
        if one.what.startswith(f"{variant}: ") and not field.startswith("inspect."):
            what = one.what.removeprefix(f"{variant}: ")
            key = field.replace(f"={variant}]", "=*]").replace(f"={variant},", "=*,")
            moved[key] = Measure(key, what, one.better, one.value, one.shown, one.interval, one.n, one.exact, one.basis)
    return moved


def _paired(records: Mapping[str, StageRecord], before: str, after: str) -> Iterator[Difference]:
    """Differences that were measured as such: of time, in turns, and of quality, on the same pictures."""
    bench, quality = record_of(records, "bench", BenchRecord), record_of(records, "quality", QualityRecord)
    for target in bench.targets if bench else []:
        for ratio in target.ratios:
            if (ratio.numerator, ratio.denominator) == (after, before):
                ran = {True: "sparse kernels ran", False: "sparse kernels did not run", None: "kernels not known"}
                low, high = ratio.interval.low - 1, ratio.interval.high - 1
                yield Difference(
                    field=f"bench.targets[target={target.target}].ratios[numerator={after},denominator={before}].ratio",
                    what=f"time on {target.target} over that of {before} ({ran[target.engaged]})",
                    before="1",
                    after=brief(ratio.ratio),
                    change=ratio.ratio - 1,
                    low=low,
                    high=high,
                    bucket=bucket(ratio.ratio - 1, low, high, better="lower", certain=False),
                )
    for where, about, variants, differences in _paired_sets(quality) if quality else []:
        values = {(one.name, metric): each for one in variants for metric, each in one.metrics.items()}
        for one in differences:
            if {one.a, one.b} == {before, after}:
                sign = 1 if one.a == after else -1
                low, high = sorted((sign * one.interval.low, sign * one.interval.high))
                old, new = values.get((before, one.metric)), values.get((after, one.metric))
                yield Difference(
                    field=f"{where}.variants[name=*].metrics.{one.metric}.value",
                    what=one.metric.replace("_", " ") + about,
                    before=brief(old.value) if old else "0",
                    after=brief(new.value) if new else brief(sign * one.value),
                    change=sign * one.value,
                    low=low,
                    high=high,
                    bucket=bucket(sign * one.value, low, high, better=better_of(one.metric), certain=False),
                )


def _paired_sets(
    record: QualityRecord,
) -> Iterator[tuple[str, str, Sequence[VariantQuality], Sequence[PairedDifference]]]:
    """Where differences on the same pictures lie, and in words: against the reference, then each set of labels."""
    yield "quality", "", record.variants, record.differences
    for one in record.labels:
        where = f"quality.labels[file={one.file}]"
        yield where, f" on labels of {one.place}/{one.file}", one.variants, one.differences


def _sorted(
    names: tuple[str, str],
    differences: list[Difference],
    *,
    only_before: list[str],
    only_after: list[str],
    notes: list[str],
) -> Comparison:
    def of(wanted: Bucket) -> tuple[Difference, ...]:
        return tuple(one for one in differences if one.bucket == wanted)

    return Comparison(
        before=names[0],
        after=names[1],
        regressions=of("regression"),
        improvements=of("improvement"),
        unchanged=of("unchanged"),
        only_before=tuple(only_before),
        only_after=tuple(only_after),
        notes=tuple(notes),
    )


def _notes(before: Mapping[str, StageRecord], after: Mapping[str, StageRecord]) -> Iterator[str]:
    """What a reader must know before believing a difference."""
    for name in ("bench", "quality"):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            which = "first" if old is None else "second"
            yield f"The {which} has no {name} record that this version of the tool reads."
    old_bench, new_bench = record_of(before, "bench", BenchRecord), record_of(after, "bench", BenchRecord)
    if old_bench and new_bench:
        old_cpu, new_cpu = (one.provenance.machine.cpu_model for one in (old_bench, new_bench))
        if old_cpu != new_cpu:
            yield f"Latency was measured on different machines ({old_cpu}, then {new_cpu})."
    old_quality, new_quality = record_of(before, "quality", QualityRecord), record_of(after, "quality", QualityRecord)
    if old_quality and new_quality and old_quality.pictures_sha256 != new_quality.pictures_sha256:
        yield "Quality was judged on different pictures."
