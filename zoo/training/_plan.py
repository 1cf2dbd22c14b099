"""What a training consists of: the pretraining, then for each sparse variant its pruning and fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.spec import Preset, Training, TrainingStep
from zoo.training._schedules import Schedule, resolve_schedule

DENSE = "dense"
"""The variant that pretraining makes; every sparse variant starts from it."""
SPARSE = "sparse"
"""The variant whose units are labelled by their step alone."""


@dataclass(frozen=True)
class Unit:
    """A step of one variant: what runs, how long, and the data that it sees (`first_update` numbers its batches)."""

    variant: str
    label: str
    step: TrainingStep
    schedule: Schedule
    epochs: int
    updates_per_epoch: int
    first_update: int

    @property
    def updates(self) -> int:
        return self.epochs * self.updates_per_epoch


def plan_units(training: Training, preset: Preset, sparse_variants: Sequence[str]) -> list[Unit]:
    """All units in the order in which they run. Every variant's steps see the same batches as another's."""
    first = 0
    starts: list[tuple[TrainingStep, int]] = []
    for step in training.steps:
        starts.append((step, first))
        first += preset.epochs.get(step.name, step.epochs) * preset.updates_per_epoch

    def unit(variant: str, step: TrainingStep, first_update: int) -> Unit:
        return Unit(
            variant=variant,
            label=step.name if variant in (DENSE, SPARSE) else f"{step.name}-{variant}",
            step=step,
            schedule=resolve_schedule(step.learning_rate, training.steps),
            epochs=preset.epochs.get(step.name, step.epochs),
            updates_per_epoch=preset.updates_per_epoch,
            first_update=first_update,
        )

    pretrain, *pruning = starts
    return [unit(DENSE, *pretrain), *(unit(variant, *start) for variant in sparse_variants for start in pruning)]
