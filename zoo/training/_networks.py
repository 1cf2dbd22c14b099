"""The networks of a training: the imported student, and the same wrapped for pruning, both compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.spec import ModelSpec, Preset
from zoo.student import import_student, load_weights
from zoo.training._batches import Batch
from zoo.training._budget import SHARES
from zoo.training._checkpoint import Arrays
from zoo.training._lesson import LossFunction
from zoo.training._replicas import Replicas
from zoo.training._teacher import Floats

MOST_INPUTS = 128
"""Inputs on which a kernel is fitted only to learn what its zeros cost."""


@dataclass(frozen=True)
class Networks:
    """Builds them. `student` is a TFLite file, and `losses` are one an output, in the order of the file.

    `inputs_apart` draws inputs (n, side, side, 3) that no update sees. `updates` are those of the prune step.
    """

    spec: ModelSpec
    preset: Preset
    student: bytes
    losses: list[LossFunction]
    inputs_apart: Callable[[int], Floats]
    updates: int
    replicas: Replicas
    progress: Progress

    def imported(self) -> Any:
        """The student with the weights of its file."""
        return import_student(self.student, name=self.spec.student.start).model

    def dense(self) -> Any:
        """The student, compiled. Raises InputError where its outputs are not those of the spec."""
        return self._compiled(None, None)

    def sparse(self, shares: Mapping[str, float], *, start: Path | None) -> Any:
        """The student with the kernels in `shares`, by layer name, wrapped for pruning to these, compiled.

        `start`: the dense variant's weights, to start from by reconstruction where the preset says so; None where
        weights come from a checkpoint or from the chief.
        """
        # Made outside the replicas' scope, where every variable would be made on all workers at once.
        weights = None if start is None else self._first_weights(start, shares)
        return self._compiled(weights, shares)

    def uniform(self, sparsity: float) -> dict[str, float]:
        """The share of zeros of each kernel at one sparsity.

        Raises InputError where the network cannot be pruned for XNNPACK.
        """
        from zoo.training._policy import kernel_sparsities

        with self._explained():
            return kernel_sparsities(self.imported(), self.spec.training.pruning, sparsity=sparsity)

    def rises(self, layers: Sequence[str], *, start: Path, batches: Sequence[Batch]) -> dict[str, list[float]]:
        """How much the loss rises at each of the budgets' `SHARES` of zeros of each layer's kernel, alone.

        `start`: the dense variant's weights; `batches` judge. Raises InputError where a layer cannot be pruned.
        """
        from zoo.training._policy import check_budgeted
        from zoo.training._sensitivity import loss_rises, mean_loss

        model = self.imported()
        load_weights(model, start)
        with self._explained():
            check_budgeted(model, layers)
        with self.progress.task("train: what zeros cost", len(layers)) as ticker:
            above_zero = loss_rises(
                model,
                layers,
                SHARES[1:],
                inputs=self.inputs_apart(min(self.preset.reconstruction_inputs, MOST_INPUTS)),
                loss=mean_loss(model, self.losses, batches),
                ticker=ticker,
            )
        return {layer: [0.0, *above_zero[layer]] for layer in layers}

    def _compiled(self, weights: Arrays | None, shares: Mapping[str, float] | None) -> Any:
        from zoo.training._precision import with_precision
        from zoo.training._units import compile_model

        precision = self.spec.training.precision
        with self.replicas.scope():
            model = self.imported()
            self._check_outputs(model)
            if weights is not None:
                model.set_weights(weights)
            model = with_precision(model, precision)
            if shares is not None:
                model = self._wrapped(model, shares)
            compile_model(model, self.losses, precision=precision, averaging=self.spec.training.averaging)
        return model

    def _check_outputs(self, model: Any) -> None:
        found = [tuple(output.shape[1:]) for output in model.outputs]
        declared = [output.shape[1:] for output in self.spec.outputs]
        if found != declared:
            raise InputError(
                f"{self.spec.student.start} has outputs of shapes {found} and the spec declares {declared}; "
                "correct outputs in the spec."
            )

    def _first_weights(self, start: Path, shares: Mapping[str, float]) -> Arrays:
        model = self.imported()
        load_weights(model, start)
        if self.preset.reconstruction_inputs:
            self._reconstruct(model, shares)
        weights: Arrays = model.get_weights()
        return weights

    def _reconstruct(self, model: Any, shares: Mapping[str, float]) -> None:
        from zoo.training._reconstruction import reconstruct

        dense = self.imported()
        dense.set_weights(model.get_weights())
        inputs = self.inputs_apart(self.preset.reconstruction_inputs)
        with self.progress.task(f"train: reconstruct {len(shares)} kernels", len(dense.layers)) as ticker:
            reconstruct(model, dense, inputs, shares, ticker)

    def _wrapped(self, model: Any, shares: Mapping[str, float]) -> Any:
        from zoo.training._policy import wrap_for_pruning

        has_zeros = self.preset.reconstruction_inputs > 0
        return wrap_for_pruning(model, self.spec.training.pruning, shares, updates=self.updates, has_zeros=has_zeros)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise InputError(f"{self.spec.name} cannot be pruned for XNNPACK: {error}.") from error
