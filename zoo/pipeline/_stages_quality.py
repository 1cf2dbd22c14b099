"""The stage that evaluates: quality and fairness through MediaPipe's own graph."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.families import family_of
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Stage, StageRun
from zoo.pipeline._stages_making import PICTURES
from zoo.pipeline._stages_measuring import MODELS, evaluation_pictures, reference_files, variant_files
from zoo.records import StageRecord


def quality_stage(plan: Plan) -> Stage:
    """Agreement with the teacher, and with labels where there are some, over all pictures and by group."""
    spec = plan.spec

    def run(run: StageRun) -> Sequence[StageRecord]:
        result = family_of(spec).evaluate(
            {**variant_files(plan, run), **reference_files(plan, run)},
            reference=spec.student.teacher,
            pictures=evaluation_pictures(plan, run),
            progress=run.progress,
            hook=plan.hook,
        )
        provenance = run.provenance()
        return [result.quality_record(provenance), result.fairness_record(provenance)]

    return Stage(
        name="quality",
        purpose="measure quality and fairness on pictures that training did not see",
        version="2",
        run=run,
        parameters={
            "reference": spec.student.teacher,
            "task": spec.task,
            "family": spec.family.model_dump(mode="json", exclude={"augmentation", "loss"}),
            "pictures": plan.preset.evaluation_pictures,
            "fairness": {
                "hook": spec.fairness.hook,
                "sha256": plan.own_hook.sha256 if plan.own_hook else None,
                "smallest_group": spec.fairness.smallest_group,
            },
        },
        reads=[*MODELS, PICTURES],
        tools=["mediapipe", "fairlearn", "scipy"],
        records=["quality", "fairness"],
    )
