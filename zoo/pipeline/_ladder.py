"""A ladder: files at ever more zeros, their sizes, latency and quality, into one record that grows as it is climbed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from zoo.families import family_of
from zoo.pipeline._built import pictures_to_judge
from zoo.pipeline._ladder_files import TWIN_MARK, climbable, find_start, ladder_stages
from zoo.pipeline._ladder_output import draw_ladder, write_ladder
from zoo.pipeline._ladder_plan import LadderPlan, dense_name, rung_name
from zoo.pipeline._ladder_steps import at_work, file_ref, make_files, time_together
from zoo.pipeline._provenance import provenance_of
from zoo.progress import Progress
from zoo.records import LadderFile, LadderRecord, PublishedLine, QualityRecord, TimedTogether
from zoo.spec import FairnessRules, ModelSpec, NetworkSpec


def climb_ladder(plan: LadderPlan, *, progress: Progress) -> LadderRecord:
    """Make every rung in one shot, by magnitude, and measure it; write record, table and figures.

    Files that the store holds are not made again; what is measured is measured anew. A ladder that is interrupted
    leaves the record of what was finished, marked as not complete.

    Raises InputError for what cannot be made or measured, OutsideError where disk, network or another ladder is in the
    way, and RefusedError where a conversion's own proof fails.
    """
    started = time.time()
    with at_work(plan, progress):
        start = find_start(plan, progress=progress)
        rungs, left_out = climbable(plan.sparsities, start)
        files: list[LadderFile] = []
        paths: dict[str, Path] = {}
        for precision in plan.precisions:
            made = make_files(plan, ladder_stages(start, precision, rungs), progress)
            paths |= made
            shares = {dense_name(precision): None, **{rung_name(precision, share): share for share in rungs}}
            files += [ladder_file(name, made[name], precision, share) for name, share in shares.items()]
        opening = opening_record(
            plan,
            start=start.title,
            pruning="one-shot",
            files=files,
            left_out=left_out,
            limits=plan.limits,
            began=started,
        )
        climb = Climb(plan, opening, paths=paths, progress=progress)
        climb.time_precisions()
        if plan.options.data is not None and isinstance(plan.spec, ModelSpec):
            climb.judge(_quality(plan, plan.spec, climb.timed_files, started, progress))
        return climb.finish()


class Climb:
    """The record of one ladder while it is climbed: written anew whenever a part is finished."""

    def __init__(
        self, plan: LadderPlan, opening: LadderRecord, *, paths: Mapping[str, Path], progress: Progress
    ) -> None:
        """`paths`: every file by its name, the twin of each precision's sparsest rung with `TWIN_MARK` behind it."""
        self._plan, self._record, self._paths, self._progress = plan, opening, paths, progress
        self._started = opening.provenance.started_at.timestamp()
        write_ladder(self._record, self._plan.folder.root)

    @property
    def timed_files(self) -> dict[str, Path]:
        """Every file but the twins, by its name."""
        return {file.name: self._paths[file.name] for file in self._record.files}

    def time_precisions(self) -> None:
        """Time each precision's rungs against its dense file, all of them interleaved. Raises as the bench does."""
        for precision in dict.fromkeys(file.precision for file in self._record.files):
            names = [file.name for file in self._record.files if file.precision == precision]
            twin = f"{names[-1]}{TWIN_MARK}"
            together = time_together(
                self._plan,
                precision,
                {name: self._paths[name] for name in (*names, twin)},
                ratios=[(name, names[0]) for name in names[1:]],
                controls=[(names[-1], twin)],
                progress=self._progress,
                keep=self._add,
            )
            self._add(together)

    def judge(self, quality: QualityRecord) -> None:
        """Add what evaluation found."""
        self._update(quality=quality)

    def finish(self) -> LadderRecord:
        """Mark the record as complete; write it, its table and its figures."""
        self._update(complete=True)
        draw_ladder(self._record, self._plan.folder.root)
        return self._record

    def _add(self, together: TimedTogether) -> None:
        self._update(timings=[*(one for one in self._record.timings if one.name != together.name), together])

    def _update(self, **changes: object) -> None:
        provenance = provenance_of(self._plan.options.command)(self._started)
        self._record = self._record.model_copy(update={**changes, "provenance": provenance})
        write_ladder(self._record, self._plan.folder.root)


def opening_record(
    plan: LadderPlan,
    *,
    start: str,
    pruning: Literal["one-shot", "trained"],
    files: Sequence[LadderFile],
    left_out: Sequence[str],
    limits: Sequence[str],
    began: float,
) -> LadderRecord:
    """The record before anything is measured. `began`: when, as `time.time()` tells it."""
    return LadderRecord(
        provenance=provenance_of(plan.options.command)(began),
        model=plan.spec.name,
        title=plan.spec.title,
        start=start,
        pruning=pruning,
        measured_only=plan.measured_only,
        complete=False,
        files=list(files),
        timings=[],
        quality=None,
        published=_published(plan),
        left_out=list(left_out),
        limits=list(limits),
    )


def _published(plan: LadderPlan) -> PublishedLine | None:
    known = plan.spec.published_speed if isinstance(plan.spec, NetworkSpec) else None
    if known is None:
        return None
    return PublishedLine(title=known.title, speedup=known.speedup, source=known.source.text, url=known.source.url)


def _quality(
    plan: LadderPlan, spec: ModelSpec, files: Mapping[str, Path], started: float, progress: Progress
) -> QualityRecord:
    from zoo.evaluate import load_hook
    from zoo.sources import fetch_reference

    published = {
        str(name): fetch_reference(name, declared, progress=progress).path for name, declared in spec.references.items()
    }
    result = family_of(spec).evaluate(
        {**files, **published},
        reference=spec.student.teacher,
        pictures=pictures_to_judge(spec, plan.options.data, progress),
        hook=load_hook(FairnessRules()),
        progress=progress,
    )
    return result.quality_record(provenance_of(plan.options.command)(started))


def ladder_file(name: str, path: Path, precision: str, sparsity: float | None) -> LadderFile:
    """What the record says of one file. Raises InputError where it is no sound model."""
    from zoo.tflite import gzip_bytes, inventory, read_model
    from zoo.xnnpack import engagement

    model = read_model(path)
    return LadderFile(
        name=name,
        precision=precision,
        sparsity=sparsity,
        zeros=inventory(model).pointwise_sparsity,
        file=file_ref(path),
        gzip_bytes=gzip_bytes(path.read_bytes()),
        verdict=engagement(model, "wasm"),
    )
