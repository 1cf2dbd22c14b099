"""Work on a model that was built: evaluate it, drop it in, write its card again, without building."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.families import family_of
from zoo.files import check_writable, hash_file
from zoo.pipeline._catalogue import BUILD_AGAIN, built_file, built_model, read_records
from zoo.pipeline._folders import locked, replace_folder
from zoo.pipeline._labels import Annotations, labelled_sets
from zoo.pipeline._plan import card_templates
from zoo.pipeline._provenance import provenance_of
from zoo.pipeline._stages_measuring import artifact_name
from zoo.pipeline._store import DamagedStageError, Store
from zoo.progress import Progress
from zoo.records import RECORDS, DataRecord, DropinRecord, FairnessRecord, QualityRecord, WorksInRecord
from zoo.spec import ModelSpec, load_spec

if TYPE_CHECKING:
    from zoo.sources import Picture, PictureSet

FILE = "file"
"""The name of a file that a person gave."""


def evaluate_built(
    name: str,
    *,
    out: Path,
    file: Path | None,
    data: Path | None,
    annotations: Annotations | None = None,
    command: str,
    progress: Progress,
) -> tuple[QualityRecord, FairnessRecord]:
    """Quality and fairness of the built variants, or of `file`, beside the published models.

    Without `data`, annotations are taken with the pictures of their folder. No picture is judged that the build was
    trained or calibrated on, nor one that is nearly the same; where its list of pictures is not there, or for `file`,
    only pictures of the evaluation split are: the split follows from a picture's content. The record's notes say which.
    Raises InputError where there is no build, file, picture or fairness hook, or for annotations that cannot be read.
    """
    from zoo.evaluate import load_hook
    from zoo.sources import fetch_reference

    started = time.time()
    loaded = load_spec(name)
    spec = loaded.spec
    hook = load_hook(spec.fairness, beside=loaded.folder)
    folder = annotations.folder if annotations is not None and data is None else data
    models = _candidates(spec, out, file)
    found = _pictures(spec, folder, progress)
    taught = _taught(out, spec, file)
    judged = _judged(found, taught)
    if not judged.evaluation:
        raise InputError(f"{folder} has no picture that can judge the model ({judged.note}); give other pictures.")
    labels = labelled_sets(
        annotations,
        data=folder,
        listed=found.pictures if taught is None else taught,
        listed_is_all=taught is not None,
        split=spec.data.split,
        progress=progress,
    )
    for reference, declared in spec.references.items():
        models[str(reference)] = fetch_reference(reference, declared, progress=progress).path
    result = family_of(spec).evaluate(
        models,
        reference=spec.student.teacher,
        pictures=judged.evaluation,
        calibration=judged.calibration,
        labels=labels,
        hook=hook,
        progress=progress,
    )
    result = dataclasses.replace(result, notes=[*result.notes, judged.note])
    provenance = provenance_of(command)(started)
    return result.quality_record(provenance), result.fairness_record(provenance)


@dataclass(frozen=True)
class _Judged:
    """Pictures that judge, those that choose thresholds, and a sentence about what training saw."""

    evaluation: Sequence[Picture]
    calibration: Sequence[Picture]
    note: str


def _judged(found: PictureSet, taught: Sequence[Picture] | None) -> _Judged:
    """The pictures of `found` that `taught`, all that a training was given, does not rule out; None: not known."""
    from zoo.sources import Seen

    evaluation, calibration = found.of("evaluation"), found.of("calibration")
    if taught is None:
        return _Judged(
            evaluation,
            calibration,
            "Which pictures the model was trained on is not known: those are judged that their content gives to "
            "evaluation, on which no build with this spec's split trains.",
        )
    seen, _ = Seen(taught).among({one.sha256: one.look for one in found.pictures if one.look is not None})
    if not found.sample:
        # What the content gives to training was not trained on, unless the training was given it.
        evaluation = tuple(one for one in found.pictures if one.split != "calibration")
    evaluation = tuple(one for one in evaluation if one.sha256 not in seen)
    count = sum(one.split != "evaluation" for one in taught)
    if not taught:
        return _Judged(evaluation, calibration, "The file is a published one; which pictures made it is not known.")
    return _Judged(
        evaluation,
        calibration,
        f"None of the pictures judged, nor one nearly the same, is among the {count} that the build was trained or "
        f"calibrated on; {len(seen)} of the {len(found.pictures)} pictures given are, and were left out.",
    )


def _taught(out: Path, spec: ModelSpec, file: Path | None) -> Sequence[Picture] | None:
    """The pictures of the present build, none for a published file; None where they are not known."""
    from zoo.sources import read_picture_set

    if file is not None:
        published = {reference.sha256 for reference in spec.references.values()}
        return () if hash_file(file) in published else None
    folder = built_model(out, spec.name)
    record = read_records(folder.records).get("data")
    store = Store(folder.work)
    if not isinstance(record, DataRecord):
        return None
    for key in store.keys("data"):
        try:
            stored = store.find("data", key)
        except DamagedStageError:
            continue
        if stored and stored.path("pictures.sha256").read_text(encoding="ascii").strip() == record.pictures_sha256:
            return read_picture_set(stored.path("pictures.json")).pictures
    return None


def dropin_built(
    name: str,
    *,
    out: Path,
    file: Path | None,
    data: Path | None,
    runtime: str | None,
    command: str,
    progress: Progress,
) -> DropinRecord:
    """The built variants, or `file`, in the place of the original in every runtime, or in the one that is named.

    All variants in all runtimes are also kept in the build, as the record `works_in`, for its card.

    A `file` may be a `.task` bundle: Tasks get it as it is, all else the model in it. Raises InputError where there is
    no build, file or picture, or this tool cannot drive the runtime.
    """
    from zoo.families import places_of
    from zoo.sources import write_whole

    started = time.time()
    spec = load_spec(name).spec
    if file is None and runtime is None:
        check_writable(built_model(out, spec.name).records, folder=True)
    cells = family_of(spec).try_dropin(
        _dropin_candidates(spec, out, file),
        drops=places_of(spec, runtime),
        pictures=[picture.path for picture in pictures_to_judge(spec, data, progress)],
        progress=progress,
    )
    provenance = provenance_of(command)(started)
    if file is None and runtime is None:
        folder = built_model(out, spec.name)
        with locked(folder):
            record = WorksInRecord(provenance=provenance, cells=cells)
            write_whole(folder.records / f"{record.stage}.json", f"{record.model_dump_json(indent=2)}\n".encode())
    return DropinRecord(provenance=provenance, cells=cells)


def _dropin_candidates(spec: ModelSpec, out: Path, file: Path | None) -> dict[str, Path]:
    from zoo.runtimes import BUNDLE_SUFFIX, check_fits, model_in
    from zoo.tflite import read_model

    if file is not None and file.suffix == BUNDLE_SUFFIX and file.is_file() and spec.dropin:
        check_fits(read_model(model_in(file, spec.dropin[0].replaces), name=str(file)), spec)
        return {FILE: file}
    return _candidates(spec, out, file)


def write_card_again(name: str, *, out: Path, command: str, templates: Path | None = None) -> Path:
    """Write the card of a built model again, from its records and the spec's present words, and return the release.

    What was measured stays as it is; words and templates are the present ones, the folder `templates` first. Raises
    InputError where there is no build, or a template is wrong, and RefusedError where a file of the build was altered;
    the release then stays as it was.
    """
    from zoo.card import check_templates, render_card
    from zoo.release import read_manifest, read_release_records, write_manifest

    folder = built_model(out, name)
    with locked(folder):
        loaded = load_spec(name)
        words, own = loaded.spec, card_templates(loaded, templates)
        manifest = read_manifest(folder.release, advice=BUILD_AGAIN)
        spec = manifest.model_spec().model_copy(update={"title": words.title, "card": words.card})
        if own:
            check_templates(spec, own)
        # A new manifest would vouch for whatever lies there: only for what the build measured.
        of_build = {record: digest for record, digest in manifest.records.items() if record in RECORDS}
        read_release_records(
            folder.records, manifest.model_copy(update={"records": of_build}), advice=BUILD_AGAIN, whole=True
        )
        records = read_records(folder.records)
        made = folder.work / "release.new"
        if made.exists():
            shutil.rmtree(made)
        made.mkdir(parents=True)
        for variant in spec.variants:
            file = artifact_name(spec.name, variant.name)
            shutil.copyfile(folder.release / file, made / file)
        render_card(spec, records, made, templates=own)
        write_manifest(made, spec=spec, records=records, records_folder=folder.records, command=command)
        replace_folder(made, folder.release, work=folder.work)
    return folder.release


def _candidates(spec: ModelSpec, out: Path, file: Path | None) -> dict[str, Path]:
    if file is not None:
        from zoo.runtimes import check_fits
        from zoo.tflite import read_model

        if not file.is_file():
            raise InputError(f"--file: there is no file {file}.")
        # A file that is no model, or one of another task, is bad input, and not the answer that MediaPipe refuses it.
        check_fits(read_model(file), spec)
        return {FILE: file}
    folder = built_model(out, spec.name)
    built = {variant.name: built_file(folder, variant.name) for variant in spec.variants}
    found = {variant: path for variant, path in built.items() if path is not None}
    if not found:
        raise InputError(f"{folder.release} holds none of the model's files; build it again.")
    return found


def pictures_to_judge(spec: ModelSpec, data: Path | None, progress: Progress) -> Sequence[Picture]:
    """The evaluation split of `data`, or of the sample pictures. Raises InputError where there is none."""
    pictures = _pictures(spec, data, progress).of("evaluation")
    if not pictures:
        raise InputError(f"{data} has no picture in the evaluation split; give a folder with more pictures.")
    return pictures


def _pictures(spec: ModelSpec, data: Path | None, progress: Progress) -> PictureSet:
    from zoo.sources import sample_pictures, scan_pictures

    if data is None:
        return sample_pictures(spec.data.sample)
    return scan_pictures(data, spec.data.split, progress=progress)
