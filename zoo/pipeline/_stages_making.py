"""Stages that make the model: fetch, data, locate, adapt, import."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING

from zoo.errors import InputError, RefusedError
from zoo.families import family_of, noun_of
from zoo.pipeline._fingerprint import folder_fingerprint
from zoo.pipeline._keys import Json
from zoo.pipeline._labels import labelled_sets
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Reads, Stage, StageRun
from zoo.records import (
    AdaptRecord,
    AppliedRewrite,
    DataRecord,
    FetchedReference,
    FetchRecord,
    FileRef,
    ImportRecord,
    LocateRecord,
    SkippedPicture,
    StageRecord,
)

if TYPE_CHECKING:
    from zoo.sources import Picture, PictureSet, PictureSplit

SKIPPED_SHOWN = 50
"""Skipped pictures listed in the record, each with its reason; the count covers them all."""

PICTURES = Reads("data", "pictures.json", known_by="pictures.sha256")
"""The list of pictures; known by its digest, since the list holds the paths of this machine."""

LABELS = Reads("data", "labels.json", known_by="labels.sha256")
"""Annotated pictures that training does not see; known by a digest for the same reason."""

DECODERS = ("numpy", "pillow")
"""What turns a picture's file into pixels; a stage that reads pictures has their versions in its key."""

PLACES = "places.json"
"""The locate stage's file: by picture name, each place as the fields of `zoo.training.Place`."""


def listed_pictures(run: StageRun, split: PictureSplit) -> tuple[Picture, ...]:
    """The pictures of a split, to be read by path; each held against the content that it had in the data stage.

    The list is in the key, and the files behind its paths are not. Raises InputError where one was altered.
    """
    from zoo.sources import check_unaltered, read_picture_set

    pictures = read_picture_set(run.path("data", "pictures.json")).of(split)
    check_unaltered(pictures)
    return pictures


def fetch_stage(plan: Plan) -> Stage:
    """The published files, verified; `NAME.tflite` by the reference's name."""
    references = plan.spec.references

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.sources import fetch_reference

        fetched = []
        for name, reference in references.items():
            found = fetch_reference(name, reference, progress=run.progress)
            file = FileRef(name=f"{name}.tflite", sha256=found.sha256, bytes=found.bytes)
            shutil.copyfile(found.path, run.folder / file.name)
            fetched.append(FetchedReference(reference=name, file=file, source=found.source, licence=reference.licence))
        return [FetchRecord(provenance=run.provenance(), references=fetched)]

    return Stage(
        name="fetch",
        purpose="get the published models",
        version="1",
        run=run,
        parameters={name: reference.model_dump(mode="json") for name, reference in references.items()},
        records=["fetch"],
    )


def data_stage(plan: Plan) -> Stage:
    """The pictures and their splits, `pictures.json`, and labels of those not trained on, `labels.json`.

    The digests of both lie in `pictures.sha256` and `labels.sha256`.
    """
    data, folder, annotations = plan.spec.data, plan.data, plan.options.annotations

    def pictures(run: StageRun) -> PictureSet:
        from zoo.sources import sample_pictures, scan_pictures

        if folder is None:
            return sample_pictures(data.sample)
        return scan_pictures(folder, data.split, progress=run.progress)

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.sources import write_picture_set
        from zoo.sources.annotations import labelled_digest, write_labelled_sets

        found = pictures(run)
        for split in ("train", "evaluation"):
            # Said here, not after the training that would have been for nothing.
            if not found.of(split):
                raise InputError(
                    f"None of the {len(found.pictures)} usable pictures of {found.name} falls to {split};"
                    " give a folder with more pictures."
                )
        write_picture_set(found, run.folder / "pictures.json")
        (run.folder / "pictures.sha256").write_text(found.sha256 + "\n", encoding="ascii")
        labels = labelled_sets(
            annotations,
            data=folder,
            listed=found.pictures,
            listed_is_all=True,
            split=data.split,
            progress=run.progress,
        )
        write_labelled_sets(labels, run.folder / "labels.json")
        (run.folder / "labels.sha256").write_text(labelled_digest(labels) + "\n", encoding="ascii")
        return [_data_record(run, found)]

    parameters: dict[str, Json] = {"sample": [picture.model_dump(mode="json") for picture in data.sample]}
    if folder is not None:
        parameters = {
            "folder": str(folder.resolve()),
            "fingerprint": folder_fingerprint(folder),
            "split": data.split.model_dump(mode="json"),
        }
    if annotations is not None:
        parameters["annotations"] = {
            "place": str(annotations.place.resolve()),
            "format": annotations.format,
            "fingerprint": folder_fingerprint(annotations.folder),
        }
    return Stage(
        name="data",
        purpose="list the pictures, split them, and read what is labelled in them",
        version="5",
        run=run,
        parameters=parameters,
        tools=sorted({*DECODERS, *({picture.package for picture in data.sample} if folder is None else ())}),
        records=["data"],
    )


def _data_record(run: StageRun, found: PictureSet) -> DataRecord:
    return DataRecord(
        provenance=run.provenance(),
        name=found.name,
        sample=found.sample,
        pictures_sha256=found.sha256,
        found=found.found,
        used=len(found.pictures),
        duplicates=found.duplicates,
        skipped_count=len(found.skipped),
        skipped=[SkippedPicture(file=one.file, reason=one.reason) for one in found.skipped[:SKIPPED_SHOWN]],
        split={
            "train": len(found.of("train")),
            "calibration": len(found.of("calibration")),
            "evaluation": len(found.of("evaluation")),
        },
        group_columns=list(found.group_columns),
        sources=list(found.sources),
    )


def locate_stage(plan: Plan) -> Stage:
    """What the teacher finds on the training pictures, by picture name: `places.json`."""
    teacher = f"{plan.spec.student.teacher}.tflite"

    noun = noun_of(plan.spec.task)

    def run(run: StageRun) -> Sequence[StageRecord]:
        pictures = listed_pictures(run, "train")
        found = family_of(plan.spec).locate(
            run.path("fetch", teacher), [one.path for one in pictures], progress=run.progress
        )
        places = {
            picture.name: [astuple(place) for place in there] for picture, there in zip(pictures, found, strict=True)
        }
        (run.folder / PLACES).write_text(json.dumps(places, indent=0) + "\n", encoding="utf-8")
        return [
            LocateRecord(
                provenance=run.provenance(),
                teacher=run.inputs["fetch"].files[teacher],
                pictures=len(pictures),
                noun=noun,
                pictures_with_objects=sum(bool(there) for there in places.values()),
                objects=sum(len(there) for there in places.values()),
            )
        ]

    return Stage(
        name="locate",
        purpose=f"find the {noun} to train on, with the teacher in MediaPipe's graph",
        version="2",
        run=run,
        parameters={"task": plan.spec.task},
        reads=[Reads("fetch", teacher), PICTURES],
        tools=["mediapipe", *DECODERS],
        records=["locate"],
    )


def adapt_stage(plan: Plan) -> Stage:
    """The network to be trained: the start file, rewritten as the spec declares, `START.tflite`.

    Refused where its outputs are not what the rewrites promise, or where XNNPACK's sparse kernels would not take it
    once it is pruned, before hours go into it.
    """
    spec, start, names = plan.spec, student_file(plan), list(plan.spec.student.rewrites)
    if names:
        from zoo.adapt import REWRITES, chosen_rewrites

        # A misspelt name is told before anything is fetched.
        chosen_rewrites(names, REWRITES)

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.adapt import REWRITES, apply_checked, chosen_rewrites
        from zoo.tflite import read_model
        from zoo.xnnpack import readiness

        source = run.path("fetch", start).read_bytes()
        adapted = apply_checked(source, chosen_rewrites(names, REWRITES), name=spec.student.start)
        breaks = readiness(read_model(adapted.data, name=spec.student.start))
        if breaks:
            raise RefusedError(
                f"{spec.student.start} cannot run sparse{' after its rewrites' if names else ''}: {breaks[0].where}, "
                f"{breaks[0].rule}; {breaks[0].advice}"
            )
        (run.folder / start).write_bytes(adapted.data)
        rewrites = [AppliedRewrite(name=one.name, exact=one.exact, layers=one.places) for one in adapted.applied]
        return [AdaptRecord(provenance=run.provenance(), rewrites=rewrites, ready=True, reasons=[])]

    return Stage(
        name="adapt",
        purpose="rewrite the network as declared, and check that sparse kernels will take it",
        version="3",
        run=run,
        parameters={"rewrites": list[Json](names)},
        reads=[Reads("fetch", start)],
        tools=["ai-edge-litert"],
        records=["adapt"],
    )


def student_file(plan: Plan) -> str:
    """The adapt stage's file, whose network is trained; named after the reference that it comes from."""
    return f"{plan.spec.student.start}.tflite"


def import_stage(plan: Plan) -> Stage:
    """The proof that the Keras network that is trained computes what the adapted file does, and can run sparse."""
    spec, start = plan.spec, student_file(plan)

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.convert import student_readiness
        from zoo.student import import_student, measure_parity

        source = run.path("adapt", start).read_bytes()
        student = import_student(source, name=spec.student.start, batch=1)
        parity = measure_parity(student.model, source)
        if not parity.agrees(spec.student.parity_tolerance):
            raise RefusedError(
                f"{spec.student.start}: the imported network's outputs differ from the file's by "
                f"{parity.relative_difference:.3g} of their magnitude, more than student.parity_tolerance "
                f"({spec.student.parity_tolerance:g}) allows, so it is not trained."
            )
        breaks = student_readiness(student.model)
        if breaks:
            raise RefusedError(
                f"{spec.student.start}: the file that conversion makes of the imported network could not run sparse: "
                f"{breaks[0].where}, {breaks[0].rule}; {breaks[0].advice}"
            )
        return [
            ImportRecord(
                provenance=run.provenance(),
                source=run.inputs["adapt"].files[start],
                operators=student.operators,
                parameters=student.parameters,
                max_abs_difference=parity.max_abs_difference,
                output_magnitude=parity.output_magnitude,
                relative_difference=parity.relative_difference,
                tolerance=spec.student.parity_tolerance,
                inputs_tried=parity.inputs_tried,
            )
        ]

    return Stage(
        name="import",
        purpose="turn the published network into one that can be trained, and prove that it is the same",
        version="2",
        run=run,
        parameters={"student": spec.student.model_dump(mode="json")},
        reads=[Reads("adapt", start)],
        tools=["tensorflow", "tf-keras", "ai-edge-litert"],
        records=["import"],
    )
