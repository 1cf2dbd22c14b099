"""Steps that a ladder and a table of combinations share: one folder held alone, files out of a store, timing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from zoo.files import hash_file
from zoo.pipeline._engine import full_disk_said, run_stages
from zoo.pipeline._folders import locked
from zoo.pipeline._ladder_plan import LadderPlan
from zoo.pipeline._provenance import provenance_of
from zoo.pipeline._stage import Stage
from zoo.pipeline._store import Store
from zoo.progress import Progress
from zoo.records import FileRef, TimedTogether

FILES_FOLDER = "files"
"""Below the ladder's folder: every `.tflite` file that was measured, to be inspected or timed again."""


@contextmanager
def at_work(plan: LadderPlan, progress: Progress) -> Iterator[None]:
    """Hold the ladder's folder alone. What keeps one from being complete is told where it lies."""
    with locked(plan.folder), full_disk_said(plan.folder.root):
        try:
            yield
        except KeyboardInterrupt:
            progress.say(f"ladder: what was finished is in {plan.folder.root}; files that are made are not made again.")
            raise


def time_together(
    plan: LadderPlan,
    name: str,
    models: Mapping[str, Path],
    *,
    ratios: Sequence[tuple[str, str]],
    controls: Sequence[tuple[str, str]],
    progress: Progress,
    keep: Callable[[TimedTogether], None],
) -> TimedTogether:
    """Time models interleaved on every target. After Ctrl-C `keep` gets what was timed, and KeyboardInterrupt goes on.

    Raises InputError as the bench does.
    """
    from zoo.bench import Effort, measure

    # Cold starts are a bench's affair: of a dozen files they would take longer than all that a ladder asks.
    effort = replace(Effort(), cold_starts=0)
    if plan.options.seconds is not None:
        effort = replace(effort, seconds=plan.options.seconds)
    progress.say(f"ladder: time {len(models)} {name} files on {', '.join(plan.options.targets)}")
    measured = measure(
        models,
        targets=plan.options.targets,
        ratios=ratios,
        controls=controls,
        effort=effort,
        progress=progress,
    )
    together = TimedTogether(name=name, targets=measured.targets, failed=measured.failed)
    if measured.interrupted:
        keep(together)
        raise KeyboardInterrupt
    return together


def make_files(plan: LadderPlan, stages: Sequence[Stage], progress: Progress) -> dict[str, Path]:
    """Run stages that are not in the ladder's store, and put their files into its folder; paths by their stems."""
    outcomes = run_stages(
        stages, store=Store(plan.folder.work), provenance=provenance_of(plan.options.command), progress=progress
    )
    return {
        Path(name).stem: place_file(plan, outcome.stored.path(name), name)
        for outcome in outcomes
        for name in outcome.stored.files
    }


def place_file(plan: LadderPlan, source: Path, name: str) -> Path:
    """Put a file of a store into the ladder's folder: as a second name for it where the system has such."""
    target = plan.folder.root / FILES_FOLDER / f"{plan.spec.name}_{name}"
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


def file_ref(path: Path) -> FileRef:
    """A file of the ladder's folder, by content."""
    return FileRef(name=f"{FILES_FOLDER}/{path.name}", sha256=hash_file(path), bytes=path.stat().st_size)
