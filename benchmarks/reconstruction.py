"""What pruning at once costs before any training: by magnitude, and by layer-wise reconstruction.

    .venv/bin/python benchmarks/reconstruction.py hand_landmark --data PICTURES
    .venv/bin/python benchmarks/reconstruction.py face_detector --data PICTURES --sparsity 0.9 --inputs 64

The loss is the one that training lowers. Kernels are fitted on inputs drawn from pictures that train, and judged on
inputs drawn from pictures of the evaluation split; nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from training import BATCH_SIZE, lesson_of, student_of

from zoo.bench._statistics import median_estimate
from zoo.cli._progress import show_progress
from zoo.spec import load_spec
from zoo.student import start_tensorflow
from zoo.training import Batch, BatchSource
from zoo.training._lesson import LossFunction

JUDGED = 20
"""Batches."""


def losses_of(model: Any, functions: list[LossFunction], batches: list[Batch]) -> list[float]:
    losses = []
    for batch in batches:
        answers = model(batch.inputs)
        answers = answers if isinstance(answers, list) else [answers]
        parts = zip(functions, batch.targets, answers, batch.weights, strict=True)
        losses.append(sum(float(np.mean(function(t, answer) * w)) for function, t, answer, w in parts))
    return losses


def cut_smallest(model: Any, sparsities: dict[str, float]) -> None:
    for name, share in sparsities.items():
        kernel = model.get_layer(name).kernel
        values = kernel.numpy()
        smallest = np.argsort(np.abs(values), axis=None, kind="stable")[: round(share * values.size)]
        values.flat[smallest] = 0
        kernel.assign(values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sparsity", type=float, default=0.8)
    parser.add_argument("--inputs", type=int, default=256)
    given = parser.parse_args()
    start_tensorflow(seed=0)
    spec = load_spec(given.model).spec
    with show_progress() as progress:
        source = BatchSource(lesson_of(spec, given.data, progress), batch_size=BATCH_SIZE, seed=0)
        lesson = lesson_of(spec, given.data, progress, split="evaluation")
        dense, model = (student_of(spec, lesson, progress) for _ in range(2))
        judged = BatchSource(lesson, batch_size=BATCH_SIZE, seed=0)
        batches = [judged.batch(update) for update in range(JUDGED)]
        from zoo.training._policy import kernel_sparsities
        from zoo.training._reconstruction import reconstruct

        sparsities = kernel_sparsities(model, spec.training.pruning, sparsity=given.sparsity)
        functions = lesson.losses()
        say(f"{given.model}, as the spec's start", losses_of(dense, functions, batches))
        weights = model.get_weights()
        cut_smallest(model, sparsities)
        say(f"{given.sparsity:.0%} zeros, by magnitude", losses_of(model, functions, batches))
        model.set_weights(weights)
        started = time.monotonic()
        with progress.task("reconstruct", len(dense.layers)) as ticker:
            reconstruct(model, dense, source.inputs_apart(given.inputs), sparsities, ticker)
        seconds = time.monotonic() - started
        name = f"{given.sparsity:.0%} zeros, by reconstruction on {given.inputs} inputs in {seconds:.0f} s"
        say(name, losses_of(model, functions, batches))
    return 0


def say(name: str, losses: list[float]) -> None:
    found = median_estimate(losses, seed=0)
    interval = f" ({found.interval.low:.3f} to {found.interval.high:.3f})" if found.interval else ""
    print(f"{name}: median loss {found.value:.3f}{interval}, {found.n} batches of {BATCH_SIZE}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
