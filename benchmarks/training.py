"""How much of the bare training step's rate the whole training loop reaches.

    .venv/bin/python benchmarks/training.py hand_landmark --data PICTURES
    .venv/bin/python benchmarks/training.py face_detector --data PICTURES --blocks 8

The bare step is forward and backward of the spec's network with its losses and optimizer, on one batch that stays in
memory. The loop draws, augments and asks the teacher besides. Both take turns in blocks of updates; the first updates
of a block, which find batches prepared while the other had its turn, are not counted. The bar is 85%.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from zoo.adapt import REWRITES, apply_rewrites, chosen_rewrites
from zoo.cli._progress import show_progress
from zoo.families import family_of
from zoo.progress import Progress
from zoo.sources import fetch_reference, read_picture, scan_pictures
from zoo.spec import ModelSpec, load_spec
from zoo.student import import_student, start_tensorflow
from zoo.training import Batch, BatchSource, Lesson, PictureSource, make_lesson
from zoo.training._memory import keep_memory

BATCH_SIZE = 16
PICTURES = 300
COUNTED, UNCOUNTED = 16, 6
"""Updates of a block. Uncounted are more than the batches that are prepared ahead."""


def lesson_of(spec: ModelSpec, folder: Path, progress: Progress) -> Lesson:
    teacher = fetch_reference(spec.student.teacher, spec.references[spec.student.teacher], progress=progress).path
    paths = [one.path for one in scan_pictures(folder, spec.data.split, progress=progress).of("train")][:PICTURES]
    places = family_of(spec).locate(teacher, paths, progress=progress)
    pictures = [PictureSource(path, tuple(there)) for path, there in zip(paths, places, strict=True)]
    return make_lesson(spec, teacher=teacher, pictures=pictures, read_picture=read_picture)


def student_of(spec: ModelSpec, lesson: Lesson, progress: Progress) -> Any:
    from zoo.training._units import compile_model

    start = fetch_reference(spec.student.start, spec.references[spec.student.start], progress=progress).path
    rewrites = chosen_rewrites(list(spec.student.rewrites), REWRITES)
    adapted = apply_rewrites(start.read_bytes(), rewrites, name=spec.student.start).data
    model = import_student(adapted, name=spec.student.start).model
    compile_model(model, lesson.losses())
    return model


def updates_per_second(model: Any, batches: Iterator[Batch]) -> float:
    import tf_keras as keras

    from zoo.training._units import _dataset

    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_batch_end=lambda batch, logs: ends.append(time.monotonic()))
    model.fit(_dataset(batches, 1), steps_per_epoch=UNCOUNTED + COUNTED, callbacks=[clock], verbose=0)
    return COUNTED / (ends[-1] - ends[UNCOUNTED - 1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=6)
    given = parser.parse_args()
    keep_memory()
    start_tensorflow(seed=0)
    spec = load_spec(given.model).spec
    with show_progress() as progress:
        lesson = lesson_of(spec, given.data, progress)
        model = student_of(spec, lesson, progress)
    source = BatchSource(lesson, batch_size=BATCH_SIZE, seed=0)
    fixed = source.batch(0)
    updates_per_second(model, itertools.repeat(fixed))  # traces the graph
    rates = []
    for block in range(given.blocks):
        bare = updates_per_second(model, itertools.repeat(fixed))
        loop = updates_per_second(model, source.batches(1000 * block))
        rates.append((bare, loop))
        print(f"block {block + 1}: bare {bare:.3f}, loop {loop:.3f} updates of {BATCH_SIZE} a second", flush=True)
    bare_rates, loop_rates = np.array(rates).T
    shares = loop_rates / bare_rates
    low, high = bootstrap((shares,), np.median, rng=np.random.default_rng(0), method="percentile").confidence_interval
    print(
        f"{given.model}: bare {np.median(bare_rates):.3f}, loop {np.median(loop_rates):.3f} updates a second; "
        f"loop / bare {np.median(shares):.3f} ({low:.3f} to {high:.3f}), {given.blocks} blocks"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
