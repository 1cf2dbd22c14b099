"""How the model was made: data, import, training and calibration, as they were run."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.card._blocks import NotMeasured, Table, table
from zoo.card._budget_figure import asked_of
from zoo.card._format import decimals, duration, integer, listed, percent, plain, short, signed
from zoo.card._names import file_label, in_order, step_label
from zoo.card._records import CardRecords
from zoo.records import DataRecord, TrainRecord

MOST_SKIPPED = 10
"""Skipped pictures that a card names; the record counts them all and names more."""


@dataclass(frozen=True)
class TrainingView:
    """The three steps as run, and how far they got."""

    preset: str
    seed: str
    batch_size: str
    reconstruction_inputs: str
    pictures: str
    speed: str
    duration: str
    asked: str
    sparsity: str
    resumed: str
    steps: Table


@dataclass(frozen=True)
class DataView:
    """The pictures: what, how many, how split, whence, and which were left out."""

    name: str
    sample: bool
    found: str
    used: str
    duplicates: str
    skipped_count: str
    skipped: Table | None
    split: Table
    groups: str
    sources: list[str]
    sha256: str


def training_view(records: CardRecords) -> TrainingView | NotMeasured:
    """The training record in words."""
    record = records.train
    if record is None:
        return NotMeasured("Training", "this build has no train record")
    return TrainingView(
        preset=plain(record.preset),
        seed=str(record.seed),
        batch_size=integer(record.batch_size),
        reconstruction_inputs=integer(record.reconstruction_inputs) if record.reconstruction_inputs else "",
        pictures=integer(record.pictures),
        speed=short(record.updates_per_second),
        duration=duration(record.provenance.seconds),
        asked=asked_of(records.budget, record.target_sparsity),
        sparsity=percent(record.sparsity),
        resumed=listed([str(epoch) for epoch in record.resumed_at_epochs], empty=""),
        steps=_steps(record),
    )


def _steps(record: TrainRecord) -> Table:
    rows = [
        (
            step_label(step.name),
            plain(step.purpose),
            integer(step.epochs),
            integer(step.updates),
            plain(step.learning_rate),
            f"{step.weight_decay:g}",
        )
        for step in record.steps
    ]
    columns = "Step | Purpose | #Epochs | #Updates | Learning rate | #Weight decay"
    return table("The three steps as they were run", columns, rows)


def calibration_table(records: CardRecords) -> Table | NotMeasured:
    """What the shift of the scores did on calibration pictures."""
    if records.calibrate is None:
        return NotMeasured("Calibration", "this build has no calibrate record")
    if not records.calibrate.calibrations:
        return NotMeasured("Calibration", "no score of this model was moved")
    rows = [
        (
            file_label(one.variant),
            signed(one.shift),
            f"{one.best_threshold:g}",
            f"{one.graph_threshold:g}",
            decimals(one.f_before),
            decimals(one.f_after),
            integer(one.pictures),
        )
        for one in in_order(records.calibrate.calibrations, lambda one: one.variant)
    ]
    columns = (
        "File | #Shift of the logit | #Best threshold before | #Threshold of the graph | "
        "#F-score before | #F-score after | #Pictures"
    )
    return table("Scores shifted to the threshold of MediaPipe's graph", columns, rows)


def data_view(records: CardRecords) -> DataView | NotMeasured:
    """The data record in words."""
    record = records.data
    if record is None:
        return NotMeasured("Data", "this build has no data record")
    split = [(name, integer(count)) for name, count in record.split.items()]
    return DataView(
        name=plain(record.name),
        sample=record.sample,
        found=integer(record.found),
        used=integer(record.used),
        duplicates=integer(record.duplicates),
        skipped_count=integer(record.skipped_count),
        skipped=_skipped(record),
        split=table("Pictures by use", "Use | #Pictures", split),
        groups=listed([plain(column) for column in record.group_columns]),
        sources=[plain(source) for source in record.sources],
        sha256=record.pictures_sha256,
    )


def _skipped(record: DataRecord) -> Table | None:
    if not record.skipped:
        return None
    rows = [(plain(one.file), plain(one.reason)) for one in record.skipped[:MOST_SKIPPED]]
    caption = f"Pictures that were skipped, {integer(len(rows))} of {integer(record.skipped_count)}"
    return table(caption, "File | Reason", rows)


def import_sentences(records: CardRecords) -> list[str]:
    """How the student came to be, a sentence a record."""
    sentences = []
    if records.importing is not None:
        one = records.importing
        sentences.append(
            f"The published file {plain(one.source.name)} was turned into a trainable network of "
            f"{integer(one.parameters)} parameters; its outputs differ by at most {short(one.max_abs_difference)} "
            f"on {integer(one.inputs_tried)} random inputs (values to {short(one.output_magnitude)})."
        )
    if records.adapt is not None:
        applied = [
            f"{plain(one.name)} on {integer(one.layers)} layers ({'exact' if one.exact else 'recovered by training'})"
            for one in records.adapt.rewrites
        ]
        ready = "engage" if records.adapt.ready else f"not engage: {'; '.join(map(plain, records.adapt.reasons))}"
        sentences.append(f"Rewrites: {listed(applied)}. Once pruned, its sparse kernels can {ready}.")
    if records.locate is not None:
        found = records.locate
        where = f"{integer(found.pictures_with_objects)} of {integer(found.pictures)} pictures"
        sentences.append(
            f"The teacher found {integer(found.objects)} {plain(found.noun)} in {where}; these aim the training crops."
        )
    return sentences
