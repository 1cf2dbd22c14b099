"""The three-step training: pretrain, prune, fine-tune, taught by a published model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from typing import Any

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.records import CurvePoint, TrainedStep
from zoo.spec import ModelSpec, Preset
from zoo.student import import_student, load_weights, save_weights
from zoo.training._batches import BatchSource
from zoo.training._checkpoint import Standing, load_standing, save_standing
from zoo.training._lesson import Lesson, LossFunction, make_lesson
from zoo.training._memory import keep_memory
from zoo.training._pictures import PictureSource, Pixels
from zoo.training._plan import DENSE, plan_units


@dataclass(frozen=True)
class Trained:
    """What a training did; the fields of a TrainRecord. Weights are in `folder/VARIANT.npz`."""

    steps: list[TrainedStep]
    curve: list[CurvePoint]
    sparsity: dict[str, float]
    sparsity_by_layer: dict[str, dict[str, float]]
    pictures: int
    updates_per_second: float
    resumed_at: list[int]


def train_student(
    spec: ModelSpec,
    preset: Preset,
    *,
    student: bytes,
    teacher: Path,
    pictures: Sequence[PictureSource],
    read_picture: Callable[[Path], Pixels],
    sparsities: Mapping[str, float],
    folder: Path,
    progress_folder: Path,
    progress: Progress,
) -> Trained:
    """Train the dense variant and, from it, one pruned variant for each of `sparsities`.

    A checkpoint is left in `progress_folder` after every epoch; called again with the same arguments, the training goes
    on there and ends with the same weights as one that was never interrupted. Raises InputError where `pictures` is
    empty or the network cannot be pruned for XNNPACK.
    """
    keep_memory()
    lesson = make_lesson(spec, teacher=teacher, pictures=pictures, read_picture=read_picture)
    training = _Training(spec, preset, student, lesson, dict(sparsities), progress_folder, progress)
    return training.run(folder, len(pictures))


class _Training:
    def __init__(
        self,
        spec: ModelSpec,
        preset: Preset,
        student: bytes,
        lesson: Lesson,
        sparsities: dict[str, float],
        progress_folder: Path,
        progress: Progress,
    ) -> None:
        self._spec, self._student = spec, student
        self._lesson, self._sparsities = lesson, sparsities
        self._source = BatchSource(lesson, batch_size=preset.batch_size, seed=spec.training.seed)
        self._folder, self._progress = progress_folder, progress
        self._units = plan_units(spec.training, preset, list(sparsities))

    def run(self, folder: Path, pictures: int) -> Trained:
        self._folder.mkdir(parents=True, exist_ok=True)
        standing = load_standing(self._folder)
        if standing is None:
            standing = Standing(unit=0, epoch=0, model=[], optimizer=[], curve=())
        else:
            standing = replace(standing, resumed_at=(*standing.resumed_at, len(standing.curve)))
        model, variant_of_model = None, ""
        for index in range(standing.unit, len(self._units)):
            variant = self._units[index].variant
            if variant != variant_of_model:
                model, variant_of_model = self._fresh_model(variant), variant
            standing = self._run_unit(index, model, standing)
        return self._finish(folder, standing, pictures)

    def _fresh_model(self, variant: str) -> Any:
        """Build the network of a variant: the imported student, or the pretrained one wrapped for pruning."""
        from zoo.training._units import compile_model

        model = import_student(self._student, name=self._spec.student.start).model
        if variant != DENSE:
            load_weights(model, self._folder / f"{DENSE}.npz")
            model = self._wrapped(model, self._sparsities[variant])
        compile_model(model, self._losses(model))
        return model

    def _wrapped(self, model: Any, sparsity: float) -> Any:
        from zoo.training._policy import wrap_for_pruning

        updates = next(unit.updates for unit in self._units if unit.step.name == "prune")
        try:
            return wrap_for_pruning(model, self._spec.training.pruning, sparsity=sparsity, updates=updates)
        except ValueError as error:
            raise InputError(f"{self._spec.name} cannot be pruned for XNNPACK: {error}.") from error

    def _run_unit(self, index: int, model: Any, standing: Standing) -> Standing:
        from zoo.training._units import EpochEnd, run_unit

        unit = self._units[index]
        if standing.model:
            for weight, value in zip(model.weights, standing.model, strict=True):
                weight.assign(value)
        curve = list(standing.curve)
        seconds = standing.seconds
        last: list[EpochEnd] = []

        def keep(end: EpochEnd) -> None:
            nonlocal seconds
            curve.append(end.point)
            seconds += end.seconds
            last[:] = [end]
            save_standing(
                replace(
                    standing,
                    unit=index,
                    epoch=end.epochs_done,
                    model=end.model,
                    optimizer=end.optimizer,
                    curve=tuple(curve),
                    updates=standing.updates + (end.epochs_done - standing.epoch) * unit.updates_per_epoch,
                    seconds=seconds,
                ),
                self._folder,
            )

        if standing.epoch < unit.epochs:
            left = (unit.epochs - standing.epoch) * unit.updates_per_epoch
            with self._progress.task(f"train: {unit.label}", left) as ticker:
                run_unit(
                    model,
                    unit,
                    batches=self._source.batches(unit.first_update + standing.epoch * unit.updates_per_epoch),
                    first_epoch=standing.epoch,
                    optimizer_state=standing.optimizer,
                    logs=self._folder / "tensorboard",
                    ticker=ticker,
                    on_epoch=keep,
                )
        return self._next(index, model, standing, curve, seconds)

    def _next(self, index: int, model: Any, standing: Standing, curve: list[CurvePoint], seconds: float) -> Standing:
        """Close a unit: keep the variant's weights where it was its last, and set the standing on the next unit."""
        unit = self._units[index]
        ends = index + 1 == len(self._units) or self._units[index + 1].variant != unit.variant
        if ends:
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
        save_standing(following, self._folder)
        return following

    def _losses(self, model: Any) -> list[LossFunction]:
        """One loss an output, in the order of the file, which the import kept."""
        found = [tuple(output.shape[1:]) for output in model.outputs]
        declared = [output.shape[1:] for output in self._spec.outputs]
        if found != declared:
            raise InputError(
                f"{self._spec.student.start} has outputs of shapes {found} and the spec declares {declared}; "
                "correct outputs in the spec."
            )
        return self._lesson.losses()

    def _finish(self, folder: Path, standing: Standing, pictures: int) -> Trained:
        folder.mkdir(parents=True, exist_ok=True)
        by_layer: dict[str, dict[str, float]] = {}
        total: dict[str, float] = {}
        model = import_student(self._student, name=self._spec.student.start).model
        for variant in (DENSE, *self._sparsities):
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
            pictures=pictures,
            updates_per_second=standing.updates / standing.seconds if standing.seconds else 0.0,
            resumed_at=list(standing.resumed_at),
        )


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
