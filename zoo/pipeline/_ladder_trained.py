"""A ladder whose every rung is trained: a build's stages up to its quality, then the ladder's own measurement."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from zoo.errors import InputError
from zoo.pipeline._build import plan_stages
from zoo.pipeline._engine import run_stages
from zoo.pipeline._folders import locked
from zoo.pipeline._ladder import Climb, ladder_file, opening_record
from zoo.pipeline._ladder_files import TWIN_MARK
from zoo.pipeline._ladder_plan import TRAINED_PRECISION, LadderPlan, dense_name, model_spec, rung_name
from zoo.pipeline._ladder_steps import at_work, place_file
from zoo.pipeline._plan import BuildOptions, Plan, make_plan
from zoo.pipeline._provenance import provenance_of
from zoo.pipeline._stage import read_record
from zoo.pipeline._stages_measuring import artifact_name
from zoo.pipeline._store import Store, StoredStage
from zoo.progress import Progress
from zoo.records import LadderRecord, QualityRecord

TRAINED_FOLDER = "trained"
"""Below the ladder's folder: the build that trains the rungs, so that the model's own release stays as it is."""
_NEEDED = {"fetch", "data", "locate", "adapt", "import", "train", "calibrate", "convert", "quality"}
"""The stages of a build that a ladder needs; it measures latency itself and releases nothing."""


def make_training_plan(plan: LadderPlan, *, preset: str) -> Plan:
    """The build that trains the ladder's rungs.

    Raises InputError where the network cannot be trained, a precision is asked for that builds do not make, or the
    model has no such preset.
    """
    spec = model_spec(plan)
    if set(plan.precisions) != {TRAINED_PRECISION}:
        raise InputError(f"--train makes {TRAINED_PRECISION} files; leave --precision out.")
    return make_plan(
        BuildOptions(
            model=spec.name,
            out=plan.folder.root / TRAINED_FOLDER,
            command=plan.options.command,
            preset=preset,
            sparsities=plan.sparsities,
            data=plan.options.data,
        )
    )


def climb_trained_ladder(plan: LadderPlan, training: Plan, *, progress: Progress) -> LadderRecord:
    """Train every rung, measure it, write record, table and figures. `training`: see `make_training_plan`.

    A training that is stopped goes on where it stopped. What is raised is as for a build and for `climb_ladder`.
    """
    started = time.time()
    with at_work(plan, progress):
        with locked(training.folder):
            stages = [stage for stage in plan_stages(training, command=plan.options.command) if stage.name in _NEEDED]
            outcomes = run_stages(
                stages,
                store=Store(training.folder.work),
                provenance=provenance_of(plan.options.command),
                progress=progress,
            )
        stored = {outcome.name: outcome.stored for outcome in outcomes}
        names = _names(training)
        paths = _placed(plan, stored["convert"], names)
        shares = {names[one.name]: one.sparsity for one in training.spec.variants}
        ordered = sorted(shares, key=lambda name: -1.0 if shares[name] is None else shares[name] or 0.0)
        files = [ladder_file(name, paths[name], TRAINED_PRECISION, shares[name]) for name in ordered]
        paths[f"{ordered[-1]}{TWIN_MARK}"] = _twin(plan, paths[ordered[-1]])
        title = f"{training.spec.student.start}, trained with preset {training.preset_name}"
        opening = opening_record(
            plan, start=title, pruning="trained", files=files, left_out=[], limits=_limits(training), began=started
        )
        climb = Climb(plan, opening, paths=paths, progress=progress)
        quality = read_record(stored["quality"].record_path("quality"), QualityRecord)
        climb.judge(_renamed(quality, names))
        climb.time_precisions()
        return climb.finish()


def _names(training: Plan) -> dict[str, str]:
    """By variant, what the ladder calls it."""
    return {
        variant.name: dense_name(TRAINED_PRECISION)
        if variant.sparsity is None
        else rung_name(TRAINED_PRECISION, variant.sparsity)
        for variant in training.spec.variants
    }


def _placed(plan: LadderPlan, converted: StoredStage, names: Mapping[str, str]) -> dict[str, Path]:
    return {
        name: place_file(plan, converted.path(artifact_name(plan.spec.name, variant)), f"{name}.tflite")
        for variant, name in names.items()
    }


def _twin(plan: LadderPlan, sparsest: Path) -> Path:
    from zoo.tflite import densified_twin

    twin = sparsest.with_name(f"{sparsest.stem}{TWIN_MARK}.tflite")
    twin.unlink(missing_ok=True)
    twin.write_bytes(densified_twin(sparsest.read_bytes(), name=sparsest.name))
    return twin


def _renamed(quality: QualityRecord, names: Mapping[str, str]) -> QualityRecord:
    """The build's quality with the ladder's names for its variants."""
    variants = [one.model_copy(update={"name": names.get(one.name, one.name)}) for one in quality.variants]
    differences = [
        one.model_copy(update={"a": names.get(one.a, one.a), "b": names.get(one.b, one.b)})
        for one in quality.differences
    ]
    return quality.model_copy(update={"variants": variants, "differences": differences})


def _limits(training: Plan) -> list[str]:
    if training.data is None:
        return ["Trained and judged on a few sample pictures: quality says nothing, and more so at more zeros."]
    return [f"Trained with preset {training.preset_name}; more training raises quality most where zeros are many."]
