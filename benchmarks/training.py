"""How much of the bare training step's rate the whole training loop reaches.

    .venv/bin/python benchmarks/training.py hand_landmark --data PICTURES
    .venv/bin/python benchmarks/training.py face_detector --data PICTURES --blocks 8
    .venv/bin/python benchmarks/training.py hand_landmark --data PICTURES --precision mixed_bfloat16

The bare step is forward and backward of the spec's network with its losses and optimizer, on one batch that stays in
memory. The loop draws, augments and asks the teacher besides. Both take turns in blocks of updates; the first updates
of a block, which find batches prepared while the other had its turn, are not counted. The bar is 85%.

With `--precision`, the bare step in that precision takes turns with the one in float32 instead.
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

from zoo.adapt import REWRITES, apply_rewrites, chosen_rewrites
from zoo.bench._statistics import median_estimate
from zoo.cli._progress import show_progress
from zoo.families import family_of
from zoo.progress import Progress
from zoo.sources import PictureSplit, fetch_reference, read_picture, scan_pictures
from zoo.spec import ComputePrecision, ModelSpec, load_spec
from zoo.student import import_student, start_tensorflow
from zoo.training import Batch, BatchSource, Lesson, PictureSource, make_lesson
from zoo.training._memory import keep_memory

BATCH_SIZE = 16
PICTURES = 300
UNCOUNTED = 6
"""First updates of a block; more than the batches that are prepared ahead."""


def lesson_of(spec: ModelSpec, folder: Path, progress: Progress, split: PictureSplit = "train") -> Lesson:
    teacher = fetch_reference(spec.student.teacher, spec.references[spec.student.teacher], progress=progress).path
    paths = [one.path for one in scan_pictures(folder, spec.data.split, progress=progress).of(split)][:PICTURES]
    places = family_of(spec).locate(teacher, paths, progress=progress)
    pictures = [PictureSource(path, tuple(there)) for path, there in zip(paths, places, strict=True)]
    return make_lesson(spec, teacher=teacher, pictures=pictures, read_picture=read_picture)


def student_of(spec: ModelSpec, lesson: Lesson, progress: Progress, precision: ComputePrecision = "float32") -> Any:
    from zoo.training._precision import with_precision
    from zoo.training._units import compile_model

    start = fetch_reference(spec.student.start, spec.references[spec.student.start], progress=progress).path
    rewrites = chosen_rewrites(list(spec.student.rewrites), REWRITES)
    adapted = apply_rewrites(start.read_bytes(), rewrites, name=spec.student.start).data
    model = with_precision(import_student(adapted, name=spec.student.start).model, precision)
    compile_model(model, lesson.losses(), precision=precision)
    return model


def updates_per_second(model: Any, batches: Iterator[Batch], counted: int) -> float:
    import tf_keras as keras

    from zoo.training._units import _dataset

    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_batch_end=lambda batch, logs: ends.append(time.monotonic()))
    model.fit(_dataset(batches, 1), steps_per_epoch=UNCOUNTED + counted, callbacks=[clock], verbose=0)
    return counted / (ends[-1] - ends[UNCOUNTED - 1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--updates", type=int, default=16, help="that are counted in a block")
    parser.add_argument("--precision", choices=["mixed_bfloat16", "mixed_float16"])
    given = parser.parse_args()
    keep_memory()
    start_tensorflow(seed=0)
    spec = load_spec(given.model).spec
    with show_progress() as progress:
        lesson = lesson_of(spec, given.data, progress)
        model = student_of(spec, lesson, progress)
        other = student_of(spec, lesson, progress, given.precision) if given.precision else model
    source = BatchSource(lesson, batch_size=BATCH_SIZE, seed=0)
    fixed = source.batch(0)
    for one in {id(each): each for each in (model, other)}.values():
        updates_per_second(one, itertools.repeat(fixed), 1)  # traces the graph
    name = given.precision or "loop"
    rates = []
    for block in range(given.blocks):
        bare = updates_per_second(model, itertools.repeat(fixed), given.updates)
        batches = itertools.repeat(fixed) if given.precision else source.batches(1000 * block)
        tried = updates_per_second(other, batches, given.updates)
        rates.append((bare, tried))
        print(f"block {block + 1}: bare {bare:.3f}, {name} {tried:.3f} updates of {BATCH_SIZE} a second", flush=True)
    bare_rates, tried_rates = np.array(rates).T
    share = median_estimate(list(tried_rates / bare_rates), seed=0)
    interval = f" ({share.interval.low:.3f} to {share.interval.high:.3f})" if share.interval else ""
    print(
        f"{given.model}: bare {np.median(bare_rates):.3f}, {name} {np.median(tried_rates):.3f} updates a second; "
        f"{name} / bare {share.value:.3f}{interval}, {share.n} blocks"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
