"""A build: the stages of a model in order, then its records and release, each replaced whole."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from zoo.errors import ZooError
from zoo.pipeline._catalogue import BUILD_AGAIN, read_records
from zoo.pipeline._engine import StageOutcome, full_disk_said, run_stages
from zoo.pipeline._folders import BuildFolder, locked, replace_folder, restore_folder
from zoo.pipeline._plan import Plan
from zoo.pipeline._provenance import provenance_of
from zoo.pipeline._stage import Stage
from zoo.pipeline._stages_converting import calibrate_stage, convert_stage
from zoo.pipeline._stages_making import adapt_stage, data_stage, fetch_stage, import_stage, locate_stage
from zoo.pipeline._stages_measuring import bench_stage, dropin_stage, inspect_stage
from zoo.pipeline._stages_quality import quality_stage
from zoo.pipeline._stages_release import card_stage, gates_stage, release_stage
from zoo.pipeline._stages_training import train_stage
from zoo.pipeline._store import RECORDS_FOLDER, Store
from zoo.pipeline._summary import BuildResult
from zoo.progress import Progress
from zoo.records import LATER_RECORDS

PLACED = "placed"
"""In the work folder: the key of the release stage whose release lies in its place, perhaps with another card."""


def build_model(plan: Plan, *, progress: Progress) -> BuildResult:
    """Build a model: run what is not in the store, and put records and release in place.

    Raises InputError for what cannot be built, OutsideError where network, disk or another build is in the way, and
    RefusedError where a step's own proof fails.
    """
    folder, options = plan.folder, plan.options
    with locked(folder), full_disk_said(folder.root):
        for final in (folder.records, folder.release):
            restore_folder(final, work=folder.work)
        if not folder.release.is_dir():
            _bring_tools(plan)
        outcomes = run_stages(
            plan_stages(plan, command=options.command),
            store=Store(folder.work),
            provenance=provenance_of(options.command),
            progress=progress,
            rerun_from=options.rerun_from,
        )
        _put_in_place(folder, outcomes)
    return BuildResult(
        model=plan.spec.name,
        preset=plan.preset_name,
        folder=folder,
        outcomes=tuple(outcomes),
        records=read_records(folder.records),
    )


def _bring_tools(plan: Plan) -> None:
    """Fetch what the first bench will need, so that a missing network is found out before the training and not after.

    Raises OutsideError where it is out of reach.
    """
    from zoo.sources import litertjs_package

    if "wasm" in plan.spec.targets:
        litertjs_package()


def plan_stages(plan: Plan, *, command: str) -> list[Stage]:
    """All stages of a build, in order."""
    makers: Sequence[Callable[[Plan], Stage]] = (
        fetch_stage,
        data_stage,
        locate_stage,
        adapt_stage,
        import_stage,
        train_stage,
        calibrate_stage,
        convert_stage,
        inspect_stage,
        bench_stage,
        quality_stage,
        dropin_stage,
    )
    stages = [make(plan) for make in makers]
    stages.append(gates_stage(plan, stages))
    stages.append(card_stage(plan, stages))
    stages.append(release_stage(plan, stages, command=command))
    return stages


def _put_in_place(folder: BuildFolder, outcomes: Sequence[StageOutcome]) -> None:
    """Copy records and release out of the store; what is the same already is left alone."""
    new_records = _fresh(folder.work / "records.new")
    for outcome in outcomes:
        for name in outcome.stored.files:
            if name.startswith(f"{RECORDS_FOLDER}/"):
                shutil.copyfile(outcome.stored.path(name), new_records / Path(name).name)
    new_release = _fresh(folder.work / "release.new")
    release = outcomes[-1].stored
    for name in release.files:
        target = new_release / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(release.path(name), target)
    if _same(new_release, folder.release, only="*.tflite"):
        # What a command found out about these files holds on.
        for later in LATER_RECORDS:
            if (folder.records / f"{later}.json").is_file():
                shutil.copy2(folder.records / f"{later}.json", new_records)
    marker = folder.work / PLACED
    kept = not outcomes[-1].ran and _text(marker) == release.key and _is_whole(folder.release)
    if not kept:
        # Removed first: a build that dies between the steps must not leave it beside another's release.
        marker.unlink(missing_ok=True)
    for new, final in ((new_records, folder.records), (new_release, folder.release)):
        if (final == folder.release and kept) or _same(new, final):
            shutil.rmtree(new)
        else:
            replace_folder(new, final, work=folder.work)
    if not kept:
        marker.write_text(release.key, encoding="ascii")


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace") if path.is_file() else ""


def _is_whole(release: Path) -> bool:
    """Whether a release holds what its own manifest lists, and no more: its card may have been written again since."""
    from zoo.release import check_listed, read_manifest

    try:
        listed = {file.path for file in read_manifest(release).files}
        for name in listed:
            check_listed(release, name, advice=BUILD_AGAIN)
    except (ZooError, OSError):
        return False
    there = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    return there - {"manifest.json"} == listed


def _fresh(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _same(new: Path, old: Path, *, only: str = "*") -> bool:
    """Whether two folders hold the same files, of those that match `only`, with the same content."""
    names = [{path.relative_to(root) for path in root.rglob(only) if path.is_file()} for root in (new, old)]
    return names[0] == names[1] and all(filecmp.cmp(new / name, old / name, shallow=False) for name in names[0])
