"""Work on a model that was built: evaluate it, drop it in, write its card again, without building."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.families import family_of
from zoo.pipeline._catalogue import built_model, read_records
from zoo.pipeline._folders import locked, replace_folder
from zoo.pipeline._provenance import provenance_of
from zoo.pipeline._stages_measuring import artifact_name
from zoo.progress import Progress
from zoo.records import DropinRecord, FairnessRecord, QualityRecord
from zoo.spec import Drop, ModelSpec, load_spec

if TYPE_CHECKING:
    from zoo.sources import Picture

FILE = "file"
"""The name of a file that a person gave."""


def evaluate_built(
    name: str, *, out: Path, file: Path | None, data: Path | None, command: str, progress: Progress
) -> tuple[QualityRecord, FairnessRecord]:
    """Quality and fairness of the built variants, or of `file`, beside the published models.

    Only pictures of the evaluation split are taken: the split follows from a picture's content, so none of them was
    trained on. Raises InputError where there is no build, file, picture or fairness hook.
    """
    from zoo.evaluate import load_hook
    from zoo.sources import fetch_reference

    started = time.time()
    loaded = load_spec(name)
    spec = loaded.spec
    hook = load_hook(spec.fairness, beside=loaded.folder)
    models = _candidates(spec, out, file)
    for reference, declared in spec.references.items():
        models[str(reference)] = fetch_reference(reference, declared, progress=progress).path
    pictures = pictures_to_judge(spec, data, progress)
    result = family_of(spec).evaluate(
        models, reference=spec.student.teacher, pictures=pictures, hook=hook, progress=progress
    )
    provenance = provenance_of(command)(started)
    return result.quality_record(provenance), result.fairness_record(provenance)


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
    """The built sparse variant, or `file`, in the place of the original in each declared runtime.

    Raises InputError where there is no build, file or picture, or the runtime is not declared.
    """
    started = time.time()
    spec = load_spec(name).spec
    cells = family_of(spec).try_dropin(
        _candidates(spec, out, file),
        drops=_declared_drops(spec, runtime),
        pictures=[picture.path for picture in pictures_to_judge(spec, data, progress)],
        progress=progress,
    )
    return DropinRecord(provenance=provenance_of(command)(started), cells=cells)


def write_card_again(name: str, *, out: Path, command: str) -> Path:
    """Write the card of a built model again, from its records and the spec's present words, and return the release.

    What was measured stays as it is; words and templates are the present ones.
    """
    from zoo.card import render_card
    from zoo.release import read_manifest, write_manifest

    folder = built_model(out, name)
    with locked(folder):
        words = load_spec(name).spec
        spec = read_manifest(folder.release).spec.model_copy(update={"title": words.title, "card": words.card})
        records = read_records(folder.records)
        made = folder.work / "release.new"
        if made.exists():
            shutil.rmtree(made)
        made.mkdir(parents=True)
        for variant in spec.variants:
            file = artifact_name(spec.name, variant.name)
            shutil.copyfile(folder.release / file, made / file)
        render_card(spec, records, made)
        write_manifest(made, spec=spec, records=records, records_folder=folder.records, command=command)
        replace_folder(made, folder.release, work=folder.work)
    return folder.release


def _candidates(spec: ModelSpec, out: Path, file: Path | None) -> dict[str, Path]:
    if file is not None:
        from zoo.tflite import read_model

        if not file.is_file():
            raise InputError(f"--file: there is no file {file}.")
        # A file that is no model is bad input, and not the answer that MediaPipe does not take it.
        read_model(file)
        return {FILE: file}
    folder = built_model(out, spec.name)
    found = {
        variant.name: path
        for variant in spec.variants
        if (path := folder.release / artifact_name(spec.name, variant.name)).is_file()
    }
    if not found:
        raise InputError(f"{folder.release} holds none of the model's files; build it again.")
    return found


def _declared_drops(spec: ModelSpec, runtime: str | None) -> Sequence[Drop]:
    drops = [drop for drop in spec.dropin if runtime in (None, drop.runtime)]
    if not drops:
        declared = ", ".join(dict.fromkeys(drop.runtime for drop in spec.dropin)) or "none"
        raise InputError(f"{spec.name} declares no drop-in for {runtime}; declared are {declared}.")
    return drops


def pictures_to_judge(spec: ModelSpec, data: Path | None, progress: Progress) -> Sequence[Picture]:
    """The evaluation split of `data`, or of the sample pictures. Raises InputError where there is none."""
    from zoo.sources import sample_pictures, scan_pictures

    if data is None:
        found = sample_pictures(spec.data.sample)
    else:
        found = scan_pictures(data, spec.data.split, progress=progress)
    pictures = found.of("evaluation")
    if not pictures:
        raise InputError(f"{data} has no picture in the evaluation split; give a folder with more pictures.")
    return pictures
