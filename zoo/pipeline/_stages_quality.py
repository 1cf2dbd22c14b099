"""The stage that evaluates: quality and fairness through MediaPipe's own graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from zoo.families import FEWEST_OBJECTS, LOW_THRESHOLD, family_of
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Stage, StageRun
from zoo.pipeline._stages_making import DECODERS, LABELS, PICTURES
from zoo.pipeline._stages_measuring import MODELS, chosen_pictures, evaluation_pictures, reference_files, variant_files
from zoo.records import StageRecord

if TYPE_CHECKING:
    from zoo.sources.annotations import LabelledSet


def quality_stage(plan: Plan) -> Stage:
    """Agreement with the teacher, over all pictures and by group; against labels; and at the best score threshold.

    Only pictures of the evaluation split are judged; thresholds are chosen on the calibration split.
    """
    spec = plan.spec

    def run(run: StageRun) -> Sequence[StageRecord]:
        result = family_of(spec).evaluate(
            {**variant_files(plan, run), **reference_files(plan, run)},
            reference=spec.student.teacher,
            pictures=evaluation_pictures(plan, run),
            calibration=chosen_pictures(plan, run, "calibration"),
            labels=_labels(plan, run),
            progress=run.progress,
            hook=plan.hook,
        )
        provenance = run.provenance()
        return [result.quality_record(provenance), result.fairness_record(provenance)]

    return Stage(
        name="quality",
        purpose="measure quality and fairness on pictures that training did not see",
        version="4",
        run=run,
        parameters={
            "reference": spec.student.teacher,
            "task": spec.task,
            "family": spec.family.model_dump(mode="json", exclude={"augmentation", "loss"}),
            "pictures": plan.preset.evaluation_pictures,
            "low_threshold": LOW_THRESHOLD,
            "fewest_objects": FEWEST_OBJECTS,
            "fairness": {
                "hook": spec.fairness.hook,
                "sha256": plan.own_hook.sha256 if plan.own_hook else None,
                "smallest_group": spec.fairness.smallest_group,
            },
        },
        reads=[*MODELS, PICTURES, LABELS],
        tools=["mediapipe", "fairlearn", "scipy", *DECODERS],
        records=["quality", "fairness"],
    )


def _labels(plan: Plan, run: StageRun) -> list[LabelledSet]:
    """The annotated sets, of each the preset's number of pictures, which lie in the order of their content hashes."""
    from zoo.sources import check_unaltered
    from zoo.sources.annotations import read_labelled_sets

    most = plan.preset.evaluation_pictures
    sets = [
        replace(one, evaluation=one.evaluation[:most], calibration=one.calibration[:most])
        for one in read_labelled_sets(run.path("data", "labels.json"))
    ]
    for one in sets:
        check_unaltered([*one.evaluation, *one.calibration])
    return sets
