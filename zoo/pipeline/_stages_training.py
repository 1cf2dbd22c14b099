"""The stage that trains: pretrain, prune, fine-tune."""

from __future__ import annotations

import json
from collections.abc import Sequence

from zoo.errors import PartDone
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Reads, Stage, StageRun
from zoo.pipeline._stages_making import PICTURES, PLACES, student_file
from zoo.records import StageRecord, TrainRecord
from zoo.spec import Training


def train_stage(plan: Plan) -> Stage:
    """The trained weights, `VARIANT.npz`, and TensorBoard's logs. A killed training goes on at its last epoch."""
    spec, preset = plan.spec, plan.preset
    start, teacher = student_file(plan), f"{spec.student.teacher}.tflite"
    sparsities = {one.name: one.sparsity for one in spec.variants if one.sparsity is not None}

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.sources import read_picture, read_picture_set
        from zoo.training import PictureSource, Place, TrainingJob, train_student

        pictures = read_picture_set(run.path("data", "pictures.json")).of("train")
        places = json.loads(run.path("locate", PLACES).read_text(encoding="utf-8"))
        job = TrainingJob(
            spec=spec,
            preset=preset,
            student=run.path("adapt", start).read_bytes(),
            teacher=run.path("fetch", teacher),
            pictures=[
                PictureSource(path=picture.path, places=tuple(Place(*place) for place in places[picture.name]))
                for picture in pictures
            ],
            read_picture=read_picture,
            sparsities=sparsities,
            folder=run.folder,
            progress_folder=run.progress_folder,
        )
        trained = train_student(job, progress=run.progress)
        if trained is None:
            raise PartDone("This worker's part of the training is done; the chief, worker 0, goes on with the build.")
        return [
            TrainRecord(
                provenance=run.provenance(),
                preset=plan.preset_name,
                seed=spec.training.seed,
                batch_size=preset.batch_size,
                reconstruction_inputs=preset.reconstruction_inputs,
                target_sparsity=sparsities["sparse"],
                sparsity=trained.sparsity["sparse"],
                sparsity_by_layer=trained.sparsity_by_layer["sparse"],
                steps=trained.steps,
                curve=trained.curve,
                pictures=trained.pictures,
                updates_per_second=trained.updates_per_second,
                resumed_at_epochs=trained.resumed_at,
            )
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
        },
        reads=[Reads("adapt", start), Reads("fetch", teacher), PICTURES, Reads("locate", PLACES)],
        tools=["tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "opencv-contrib-python"],
        records=["train"],
    )


def _defaults(training: Training) -> set[str]:
    """Where and in what to compute, if left at its default: builds from before there was the choice stay valid."""
    choices = ("distribution", "precision")
    return {name for name in choices if getattr(training, name) == Training.model_fields[name].default}
