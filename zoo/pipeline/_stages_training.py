"""The stage that trains: pretrain, prune, fine-tune."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.errors import PartDone
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Reads, Stage, StageRun
from zoo.pipeline._stages_making import DECODERS, PICTURES, PLACES, listed_pictures, student_file
from zoo.records import BudgetedKernel, BudgetedVariant, BudgetRecord, StageRecord, TrainRecord
from zoo.spec import ModelSpec, Training

if TYPE_CHECKING:
    from zoo.training import Allowance, Choice


def train_stage(plan: Plan) -> Stage:
    """The trained weights, `VARIANT.npz`, and TensorBoard's logs. A killed training goes on at its last epoch."""
    spec, preset = plan.spec, plan.preset
    start, teacher = student_file(plan), f"{spec.student.teacher}.tflite"
    sparsities = {variant.name: variant.sparsity for variant in spec.variants if variant.sparsity is not None}
    budgets = {variant.name: variant.budget for variant in spec.variants if variant.budget is not None}
    budget_reference = f"{spec.budget_reference}.tflite"

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.sources import read_picture
        from zoo.training import PictureSource, Place, TrainingJob, allow, train_student

        student = run.path("adapt", start).read_bytes()
        reference = run.path("fetch", budget_reference).read_bytes() if budgets else b""
        allowances = {
            name: allow(budget, student=student, reference=reference, variant=name) for name, budget in budgets.items()
        }
        pictures = listed_pictures(run, "train")
        places = json.loads(run.path("locate", PLACES).read_text(encoding="utf-8"))
        job = TrainingJob(
            spec=spec,
            preset=preset,
            student=student,
            teacher=run.path("fetch", teacher),
            pictures=[
                PictureSource(path=picture.path, places=tuple(Place(*place) for place in places[picture.name]))
                for picture in pictures
            ],
            read_picture=read_picture,
            sparsities=sparsities,
            folder=run.folder,
            progress_folder=run.progress_folder,
            budgets=allowances,
        )
        trained = train_student(job, progress=run.progress)
        if trained is None:
            raise PartDone("This worker's part of the training is done; the chief, worker 0, goes on with the build.")
        provenance = run.provenance()
        spent = [_budgeted(spec, name, allowances[name], choice) for name, choice in trained.budgets.items()]
        return [
            *([BudgetRecord(provenance=provenance, variants=spent)] if spent else []),
            TrainRecord(
                provenance=provenance,
                preset=plan.preset_name,
                seed=spec.training.seed,
                batch_size=preset.batch_size,
                reconstruction_inputs=preset.reconstruction_inputs,
                target_sparsity=sparsities.get("sparse"),
                sparsity=trained.sparsity["sparse"],
                sparsity_by_layer=trained.sparsity_by_layer["sparse"],
                steps=trained.steps,
                curve=trained.curve,
                pictures=trained.pictures,
                updates_per_second=trained.updates_per_second,
                resumed_at_epochs=trained.resumed_at,
            ),
        ]

    return Stage(
        name="train",
        purpose=f"pretrain, prune and fine-tune (preset {plan.preset_name})",
        version="2",
        run=run,
        parameters={
            "preset": {
                "epochs": {str(step): epochs for step, epochs in preset.epochs.items()},
                "updates_per_epoch": preset.updates_per_epoch,
                "batch_size": preset.batch_size,
                **({"reconstruction_inputs": preset.reconstruction_inputs} if preset.reconstruction_inputs else {}),
            },
            "training": spec.training.model_dump(mode="json", exclude={"presets", *_defaults(spec.training)}),
            "family": spec.family.model_dump(mode="json"),
            "input": spec.input.model_dump(mode="json"),
            "outputs": [output.model_dump(mode="json") for output in spec.outputs],
            "sparsities": sparsities,
            **({"budgets": {name: one.model_dump(mode="json") for name, one in budgets.items()}} if budgets else {}),
        },
        reads=[
            Reads("adapt", start),
            *(Reads("fetch", file) for file in sorted({teacher, *([budget_reference] if budgets else [])})),
            PICTURES,
            Reads("locate", PLACES),
        ],
        tools=[
            *("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "opencv-contrib-python"),
            *DECODERS,
        ],
        records=["budget", "train"] if budgets else ["train"],
    )


def _budgeted(spec: ModelSpec, variant: str, allowance: Allowance, choice: Choice) -> BudgetedVariant:
    """A choice as its record shows it."""
    from zoo.training import SHARES

    whole = allowance.reference_nanoseconds
    return BudgetedVariant(
        variant=variant,
        reference=spec.budget_reference,
        wasm_time_limit=allowance.budget.wasm_time,
        bytes_limit=allowance.budget.bytes,
        wasm_time=allowance.wasm_time(choice.chosen),
        bytes=allowance.file_bytes(choice.chosen) / allowance.reference_bytes,
        rest_time=allowance.rest_nanoseconds / whole,
        kernels=[
            BudgetedKernel(
                layer=kernel.layer,
                weights=kernel.weights,
                zeros=SHARES[index],
                rise=choice.rises[kernel.layer][index],
                time=kernel.nanoseconds[index] / whole,
                dense_time=kernel.dense_nanoseconds / whole,
                bytes=kernel.bytes[index],
                dense_bytes=kernel.bytes[0],
            )
            for kernel, index in zip(allowance.kernels, choice.chosen, strict=True)
        ],
    )


def _defaults(training: Training) -> set[str]:
    """What is left at its default of choices that came later: builds from before there was the choice stay valid."""
    choices = ("distribution", "precision", "averaging")
    return {name for name in choices if getattr(training, name) == Training.model_fields[name].default}
