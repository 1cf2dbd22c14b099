"""The three-step training: pretrain, prune, fine-tune, taught by a published model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copytree
from typing import Any

from zoo.errors import OutsideError
from zoo.progress import Progress
from zoo.records import CurvePoint, TrainedStep
from zoo.spec import ModelSpec, Preset
from zoo.student import load_weights, save_weights, start_tensorflow
from zoo.training._apart import run_apart
from zoo.training._batches import BatchSource
from zoo.training._budget import SHARES, Allowance, Choice, choose, load_choice, save_choice
from zoo.training._checkpoint import Standing, load_standing, save_standing
from zoo.training._cluster import read_cluster, wait_for_chief
from zoo.training._lesson import Lesson, make_lesson
from zoo.training._memory import keep_memory
from zoo.training._networks import Networks
from zoo.training._pictures import PictureSource, Pixels
from zoo.training._plan import DENSE, plan_units
from zoo.training._replicas import Replicas, start_replicas

JUDGED, JUDGING = 4, 2**62
"""Batches on which it is judged what zeros cost, and the number of the first: none that any update sees."""


@dataclass(frozen=True)
class Trained:
    """What a training did; the fields of a TrainRecord. Weights are in `folder/VARIANT.npz`."""

    steps: list[TrainedStep]
    curve: list[CurvePoint]
    sparsity: dict[str, float]
    sparsity_by_layer: dict[str, dict[str, float]]
    budgets: dict[str, Choice]
    pictures: int
    updates_per_second: float
    resumed_at: list[int]


@dataclass(frozen=True)
class TrainingJob:
    """What is trained, and where to.

    `student` is a TFLite file as it starts, `teacher` the path of one. All pruned variants start from the dense one:
    `sparsities` gives the share of zeros of each that has one, `budgets` what each other one may cost. Weights go to
    `folder`, checkpoints to `progress_folder`.
    """

    spec: ModelSpec
    preset: Preset
    student: bytes
    teacher: Path
    pictures: Sequence[PictureSource]
    read_picture: Callable[[Path], Pixels]
    sparsities: Mapping[str, float]
    folder: Path
    progress_folder: Path
    budgets: Mapping[str, Allowance] = field(default_factory=dict)

    @property
    def pruned(self) -> list[str]:
        """The pruned variants, in the order in which they train."""
        return [*self.sparsities, *self.budgets]


def train_student(job: TrainingJob, *, progress: Progress) -> Trained | None:
    """Train the dense variant and, from it, the pruned ones.

    A checkpoint is left in `progress_folder` after every epoch; called again with the same job, the training goes on
    there and ends with the same weights as one that was never interrupted. With `multi_worker`, all workers call this
    alike; the chief's checkpoint counts, and the others write nothing and get None.

    Raises InputError where there are no pictures, the network cannot be pruned for XNNPACK, the batch cannot be divided
    over the replicas or TF_CONFIG is wrong, and OutsideError where another worker is lost or the chief does not come.
    """
    if job.spec.training.distribution != "multi_worker":
        return _train(job, progress=progress)
    cluster = read_cluster()
    if len(cluster.workers) > 1:
        progress.say(f"train: worker {cluster.index} waits for all {len(cluster.workers)} workers")
    if not cluster.is_chief:
        wait_for_chief(cluster.chief)
    # TensorFlow joins workers before its first operation or not at all, and earlier stages have used it.
    return run_apart(_train_with_others, job=job, progress=progress)


def _train_with_others(job: TrainingJob, *, progress: Progress) -> Trained | None:
    start_tensorflow()
    import tensorflow as tf

    try:
        return _train(job, progress=progress)
    except tf.errors.OpError as error:
        raise OutsideError(
            f"A worker of the training was lost or out of reach ({error.__class__.__name__}: {_first_line(error)}); "
            "run the same command again on all of them, and it goes on after the last epoch."
        ) from None


def _train(job: TrainingJob, *, progress: Progress) -> Trained | None:
    keep_memory()
    lesson = make_lesson(job.spec, teacher=job.teacher, pictures=job.pictures, read_picture=job.read_picture)
    start_tensorflow()
    return _Training(job, lesson, start_replicas(job.spec.training.distribution), progress).run()


class _Training:
    def __init__(self, job: TrainingJob, lesson: Lesson, replicas: Replicas, progress: Progress) -> None:
        self._job, self._replicas, self._progress = job, replicas, progress
        self._folder = job.progress_folder
        spec, preset = job.spec, job.preset
        part = replicas.part_of(preset.batch_size)
        self._source = BatchSource(lesson, batch_size=preset.batch_size, seed=spec.training.seed, part=part)
        self._units = plan_units(spec.training, preset, job.pruned)
        self._networks = Networks(
            spec=spec,
            preset=preset,
            student=job.student,
            losses=lesson.losses(),
            inputs_apart=self._source.inputs_apart,
            updates=next((unit.updates for unit in self._units if unit.step.name == "prune"), 0),
            replicas=replicas,
            progress=progress,
        )

    def run(self) -> Trained | None:
        self._folder.mkdir(parents=True, exist_ok=True)
        standing = self._first_standing()
        model, variant_of_model = None, ""
        for index in range(standing.unit, len(self._units)):
            variant = self._units[index].variant
            if variant != variant_of_model:
                model, variant_of_model = self._network(variant, starts=not standing.model), variant
            standing = self._run_unit(index, model, standing)
        self._replicas.part()
        return self._finish(standing) if self._replicas.is_chief else None

    def _first_standing(self) -> Standing:
        """Where the chief's checkpoint stands; the weights of other workers come from the chief with the first unit."""
        standing = load_standing(self._folder) if self._replicas.is_chief else None
        if standing is None:
            standing = Standing(unit=0, epoch=0, model=[], optimizer=[], curve=())
        else:
            standing = replace(standing, resumed_at=(*standing.resumed_at, len(standing.curve)))
        unit, epoch = (self._replicas.number_from_chief(number) for number in (standing.unit, standing.epoch))
        return replace(standing, unit=unit, epoch=epoch)

    def _network(self, variant: str, *, starts: bool) -> Any:
        """A variant's network. `starts`: its weights count, and are not those of a checkpoint.

        Other workers' weights come from the chief when the unit starts.
        """
        if variant == DENSE:
            return self._networks.dense()
        start = self._folder / f"{DENSE}.npz" if starts and self._replicas.is_chief else None
        return self._networks.sparse(self._shares(variant), start=start)

    def _shares(self, variant: str) -> dict[str, float]:
        """The share of zeros of each kernel of a variant, by layer name."""
        if variant in self._job.sparsities:
            return self._networks.uniform(self._job.sparsities[variant])
        allowance = self._job.budgets[variant]
        chosen = self._choice(variant).chosen if self._replicas.is_chief else [0] * len(allowance.kernels)
        agreed = [self._replicas.number_from_chief(index) for index in chosen]
        shares = zip(allowance.kernels, agreed, strict=True)
        return {kernel.layer: SHARES[index] for kernel, index in shares if index}

    def _choice(self, variant: str) -> Choice:
        """What was chosen for a variant with a budget, once: what zeros cost takes minutes to measure."""
        file = self._folder / f"budget-{variant}.json"
        allowance = self._job.budgets[variant]
        stored = load_choice(file, allowance)
        if stored is not None:
            return stored
        rises = self._networks.rises(
            [kernel.layer for kernel in allowance.kernels],
            start=self._folder / f"{DENSE}.npz",
            batches=[self._source.batch(JUDGING + number) for number in range(JUDGED)],
        )
        choice = Choice(rises=rises, chosen=choose(allowance, rises))
        save_choice(choice, file)
        return choice

    def _run_unit(self, index: int, model: Any, standing: Standing) -> Standing:
        from zoo.training._units import EpochEnd, run_unit, set_optimizer, take_averages

        unit = self._units[index]
        if standing.model:
            for weight, value in zip(model.weights, standing.model, strict=True):
                weight.assign(value)
        curve = list(standing.curve)
        seconds = standing.seconds

        def keep(end: EpochEnd) -> None:
            nonlocal seconds
            curve.append(end.point)
            seconds += end.seconds
            self._save(
                replace(
                    standing,
                    unit=index,
                    epoch=end.epochs_done,
                    model=end.model,
                    optimizer=end.optimizer,
                    curve=tuple(curve),
                    updates=standing.updates + (end.epochs_done - standing.epoch) * unit.updates_per_epoch,
                    seconds=seconds,
                )
            )

        if standing.epoch < unit.epochs:
            left = (unit.epochs - standing.epoch) * unit.updates_per_epoch
            first_update = unit.first_update + standing.epoch * unit.updates_per_epoch
            with (
                self._progress.task(f"train: {unit.label}", left) as ticker,
                # Closed with the unit: the next one asks the same teacher, whose interpreter takes one thread.
                self._source.batches(first_update) as batches,
            ):
                run_unit(
                    model,
                    unit,
                    replicas=self._replicas,
                    batches=batches,
                    first_epoch=standing.epoch,
                    optimizer_state=standing.optimizer,
                    logs=self._folder / "tensorboard",
                    ticker=ticker,
                    on_epoch=keep,
                )
            take_averages(model)
        elif standing.optimizer:
            # Stopped between the last epoch's checkpoint and the end of the unit.
            set_optimizer(model, standing.optimizer, weight_decay=unit.step.weight_decay)
            take_averages(model)
        return self._next(index, model, standing, curve, seconds)

    def _next(self, index: int, model: Any, standing: Standing, curve: list[CurvePoint], seconds: float) -> Standing:
        """Close a unit: keep the variant's weights where it was its last, and set the standing on the next unit."""
        unit = self._units[index]
        ends = index + 1 == len(self._units) or self._units[index + 1].variant != unit.variant
        if ends and self._replicas.is_chief:
            save_weights(_stripped(model), self._folder / f"{unit.variant}.npz")
        following = Standing(
            unit=index + 1,
            epoch=0,
            model=[] if ends else [weight.numpy() for weight in model.weights],
            optimizer=[],
            curve=tuple(curve),
            updates=standing.updates + (unit.epochs - standing.epoch) * unit.updates_per_epoch,
            seconds=seconds,
            resumed_at=standing.resumed_at,
        )
        self._save(following)
        return following

    def _save(self, standing: Standing) -> None:
        if self._replicas.is_chief:
            save_standing(standing, self._folder)

    def _finish(self, standing: Standing) -> Trained:
        folder = self._job.folder
        folder.mkdir(parents=True, exist_ok=True)
        by_layer: dict[str, dict[str, float]] = {}
        total: dict[str, float] = {}
        model = self._networks.imported()
        for variant in (DENSE, *self._job.pruned):
            weights = self._folder / f"{variant}.npz"
            load_weights(model, weights)
            save_weights(model, folder / f"{variant}.npz")
            by_layer[variant], total[variant] = _pointwise_sparsity(model)
        if (self._folder / "tensorboard").is_dir():
            copytree(self._folder / "tensorboard", folder / "tensorboard", dirs_exist_ok=True)
        return Trained(
            steps=[
                TrainedStep(
                    name=unit.label,
                    purpose=unit.step.purpose,
                    epochs=unit.epochs,
                    updates=unit.updates,
                    learning_rate=unit.schedule.describe(),
                    weight_decay=unit.step.weight_decay,
                )
                for unit in self._units
            ],
            curve=list(standing.curve),
            sparsity=total,
            sparsity_by_layer=by_layer,
            budgets={variant: self._choice(variant) for variant in self._job.budgets},
            pictures=len(self._job.pictures),
            updates_per_second=standing.updates / standing.seconds if standing.seconds else 0.0,
            resumed_at=list(standing.resumed_at),
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300]


def _stripped(model: Any) -> Any:
    import tensorflow_model_optimization as tfmot

    return tfmot.sparsity.keras.strip_pruning(model)


def _pointwise_sparsity(model: Any) -> tuple[dict[str, float], float]:
    """Share of zeros of each 1x1 convolution kernel, by layer and over all."""
    kernels = {
        layer.name: layer.get_weights()[0]
        for layer in model.layers
        if layer.__class__.__name__ == "Conv2D" and tuple(layer.kernel_size) == (1, 1)
    }
    zeros = {name: float((kernel == 0).mean()) for name, kernel in kernels.items()}
    total = sum((kernel == 0).sum() for kernel in kernels.values()) / sum(k.size for k in kernels.values())
    return zeros, float(total)
