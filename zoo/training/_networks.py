"""The networks of a training: the imported student, and the same wrapped for pruning, both compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.spec import ModelSpec, Preset
from zoo.student import import_student, load_weights
from zoo.training._checkpoint import Arrays
from zoo.training._lesson import LossFunction
from zoo.training._replicas import Replicas
from zoo.training._teacher import Floats


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

    def sparse(self, sparsity: float, *, start: Path | None) -> Any:
        """The student wrapped for pruning to `sparsity`, compiled.

        `start`: the dense variant's weights, to start from by reconstruction where the preset says so; None where
        weights come from a checkpoint or from the chief. Raises InputError where it cannot be pruned for XNNPACK.
        """
        # Made outside the replicas' scope, where every variable would be made on all workers at once.
        weights = None if start is None else self._first_weights(start, sparsity)
        return self._compiled(weights, sparsity)

    def _compiled(self, weights: Arrays | None, sparsity: float | None) -> Any:
        from zoo.training._precision import with_precision
        from zoo.training._units import compile_model

        precision = self.spec.training.precision
        with self.replicas.scope():
            model = self.imported()
            self._check_outputs(model)
            if weights is not None:
                model.set_weights(weights)
            model = with_precision(model, precision)
            if sparsity is not None:
                model = self._wrapped(model, sparsity)
            compile_model(model, self.losses, precision=precision)
        return model

    def _check_outputs(self, model: Any) -> None:
        found = [tuple(output.shape[1:]) for output in model.outputs]
        declared = [output.shape[1:] for output in self.spec.outputs]
        if found != declared:
            raise InputError(
                f"{self.spec.student.start} has outputs of shapes {found} and the spec declares {declared}; "
                "correct outputs in the spec."
            )

    def _first_weights(self, start: Path, sparsity: float) -> Arrays:
        model = self.imported()
        load_weights(model, start)
        if self.preset.reconstruction_inputs:
            self._reconstruct(model, sparsity)
        weights: Arrays = model.get_weights()
        return weights

    def _reconstruct(self, model: Any, sparsity: float) -> None:
        from zoo.training._policy import kernel_sparsities
        from zoo.training._reconstruction import reconstruct

        dense = self.imported()
        dense.set_weights(model.get_weights())
        with self._explained():
            shares = kernel_sparsities(model, self.spec.training.pruning, sparsity=sparsity)
        inputs = self.inputs_apart(self.preset.reconstruction_inputs)
        with self.progress.task(f"train: reconstruct at {sparsity:.0%}", len(dense.layers)) as ticker:
            reconstruct(model, dense, inputs, shares, ticker)

    def _wrapped(self, model: Any, sparsity: float) -> Any:
        from zoo.training._policy import wrap_for_pruning

        pruning, has_zeros = self.spec.training.pruning, self.preset.reconstruction_inputs > 0
        with self._explained():
            return wrap_for_pruning(model, pruning, sparsity=sparsity, updates=self.updates, has_zeros=has_zeros)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise InputError(f"{self.spec.name} cannot be pruned for XNNPACK: {error}.") from error
