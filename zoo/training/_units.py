"""Running one unit of training with Keras and tfmot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras
from tensorflow_model_optimization.python.core.sparsity.keras.pruning_wrapper import PruneLowMagnitude

from zoo.progress import Ticker
from zoo.records import CurvePoint
from zoo.spec import ComputePrecision
from zoo.training._batches import Batch
from zoo.training._checkpoint import Arrays
from zoo.training._lesson import LossFunction
from zoo.training._plan import Unit
from zoo.training._precision import optimizer_variables, with_loss_scale
from zoo.training._replicas import Replicas
from zoo.training._schedules import sample

CLIP_NORM = 5.0
"""Global gradient norm at which updates are clipped; a mosaic with many faces gives rare large ones."""


@dataclass(frozen=True)
class EpochEnd:
    """What is known when an epoch of a unit is over."""

    epochs_done: int
    model: Arrays
    optimizer: Arrays
    point: CurvePoint
    seconds: float


class _Rates(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
    """Sets the learning rate before each update; a variable, so that no unit traces the graph anew."""

    def __init__(self, rates: list[float], first_update: int) -> None:
        super().__init__()
        self._rates = iter(rates[first_update:])

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.model.optimizer.learning_rate.assign(next(self._rates))


class _Reporter(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
    """Tells progress by update and hands on the state after each epoch; the last callback, so that masks are set."""

    def __init__(self, unit: Unit, ticker: Ticker, on_epoch: Callable[[EpochEnd], None]) -> None:
        super().__init__()
        self._unit, self._ticker, self._on_epoch = unit, ticker, on_epoch
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._ticker.advance(1, f"loss {(logs or {}).get('loss', float('nan')):.4f}")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {})["loss"])
        if not np.isfinite(loss):
            raise FloatingPointError(f"the loss of {self._unit.label}, epoch {epoch + 1}, is {loss}")
        updates = (epoch + 1) * self._unit.updates_per_epoch
        point = CurvePoint(
            step=self._unit.label,
            epoch=epoch + 1,
            updates=self._unit.first_update + updates,
            learning_rate=self._unit.schedule.at(updates / self._unit.updates),
            loss=loss,
            sparsity=pruned_sparsity(self.model),
        )
        now = time.monotonic()
        self._on_epoch(
            EpochEnd(
                epochs_done=epoch + 1,
                model=[weight.numpy() for weight in self.model.weights],
                optimizer=[variable.numpy() for variable in optimizer_variables(self.model.optimizer)],
                point=point,
                seconds=now - self._started,
            )
        )
        self._started = now


def compile_model(
    model: Any, losses: list[LossFunction], *, precision: ComputePrecision = "float32", averaging: float = 0.0
) -> None:
    """Compile once a variant: its units differ only in rates and weight decay, which are variables.

    `averaging`: the decay of a moving average of the weights, which they become at the end of a unit; 0 for none.
    """
    optimizer = keras.optimizers.AdamW(
        learning_rate=1e-3,
        global_clipnorm=CLIP_NORM,
        jit_compile=False,
        use_ema=averaging > 0,
        ema_momentum=averaging,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.weight_decay = tf.Variable(0.0, trainable=False, dtype=tf.float32)
    optimizer = with_loss_scale(optimizer, precision)
    model.compile(optimizer=optimizer, loss=losses)
    optimizer.build(model.trainable_variables)


def run_unit(
    model: Any,
    unit: Unit,
    *,
    batches: Iterator[Batch],
    replicas: Replicas,
    first_epoch: int,
    optimizer_state: Arrays,
    logs: Path,
    ticker: Ticker,
    on_epoch: Callable[[EpochEnd], None],
) -> None:
    """Train a compiled `model` in place from `first_epoch` of the unit to its end, with `batches` of this process.

    `optimizer_state` is that of the checkpoint; empty at the start of a unit, whose moments then start from zero.
    Raises FloatingPointError where the loss stops being finite.
    """
    set_optimizer(model, optimizer_state, weight_decay=unit.step.weight_decay)
    replicas.copy_from_chief([*model.weights, *optimizer_variables(model.optimizer)])
    board = str(logs / unit.label)
    pruned = bool(tfmot_layers(model))
    logging = tfmot.sparsity.keras.PruningSummaries if pruned else keras.callbacks.TensorBoard
    model.fit(
        replicas.strategy.distribute_datasets_from_function(lambda _: _dataset(batches, replicas.here)),
        epochs=unit.epochs,
        initial_epoch=first_epoch,
        steps_per_epoch=unit.updates_per_epoch,
        callbacks=[
            _Rates(sample(unit.schedule, unit.updates), first_epoch * unit.updates_per_epoch),
            *([tfmot.sparsity.keras.UpdatePruningStep()] if pruned else []),
            *([logging(board, profile_batch=0)] if replicas.is_chief else []),
            _Reporter(unit, ticker, on_epoch),
        ],
        verbose=0,
    )


def set_optimizer(model: Any, state: Arrays, *, weight_decay: float) -> None:
    """Give a model's optimizer the state of a checkpoint, or where that is empty a fresh one.

    That is zeros but for the loss scale, and for averages of weights, which start at the weights.
    """
    optimizer = model.optimizer
    variables = optimizer_variables(optimizer)
    fresh = [np.zeros(variable.shape) for variable in optimizer.variables]
    if len(variables) > len(fresh):
        fresh += [np.asarray(optimizer.initial_scale), np.zeros(())]
    for variable, value in zip(variables, state or fresh, strict=True):
        variable.assign(value.astype(variable.dtype.as_numpy_dtype))
    if not state:
        for average, weight in _averages(model):
            average.assign(weight)
    _inner(optimizer).weight_decay.assign(weight_decay)


def take_averages(model: Any) -> None:
    """Set the weights to their averages, where the model was compiled with averaging; pruned weights stay zeros.

    An update moves pruned weights too, until the next one masks them, so their averages are not quite zeros.
    """
    averages = _averages(model)
    for average, weight in averages:
        weight.assign(average)
    for layer in tfmot_layers(model) if averages else []:
        layer.pruning_obj.weight_mask_op()


def _averages(model: Any) -> list[tuple[Any, Any]]:
    """Each average with its weight; none without averaging."""
    optimizer = _inner(model.optimizer)
    if not optimizer.use_ema:
        return []
    return list(zip(optimizer._model_variables_moving_average, model.trainable_variables, strict=True))


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)


def tfmot_layers(model: Any) -> list[Any]:
    """The layers that tfmot wrapped for pruning."""
    return [layer for layer in model.layers if isinstance(layer, PruneLowMagnitude)]


def pruned_sparsity(model: Any) -> float:
    """Share of zeros over all kernels that are being pruned; 0 where none is."""
    kernels = [layer.layer.kernel.numpy() for layer in tfmot_layers(model)]
    return float(sum((k == 0).sum() for k in kernels) / sum(k.size for k in kernels)) if kernels else 0.0


def _dataset(batches: Iterator[Batch], replicas_here: int) -> Any:
    """Batches as `tf.data` takes them, each in as many equal parts as there are replicas to take one each.

    The first batch tells the shapes.
    """
    first = next(batches)

    def parts(values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        return np.split(values, replicas_here)

    def examples() -> Iterator[Any]:
        for batch in chain([first], batches):
            targets, weights = (zip(*map(parts, several), strict=True) for several in (batch.targets, batch.weights))
            yield from zip(parts(batch.inputs), targets, weights, strict=True)

    def spec(values: npt.NDArray[Any]) -> Any:
        return tf.TensorSpec((None, *values.shape[1:]), tf.float32)

    signature = (spec(first.inputs), tuple(map(spec, first.targets)), tuple(map(spec, first.weights)))
    return tf.data.Dataset.from_generator(examples, output_signature=signature)
