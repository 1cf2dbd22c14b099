"""Batches of inputs and the teacher's answers, each a function of the seed and the update's number alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from zoo.training._lesson import Lesson
from zoo.training._teacher import Floats

WHOLE = slice(None)
"""All examples of a batch."""
NO_UPDATE = 2**63
"""Stands where an update's number does, for draws of another use."""
AHEAD = 3
"""Batches prepared while one is trained on; more only costs memory."""


@dataclass(frozen=True)
class Batch:
    """`inputs` (n, side, side, 3) in the model's range; `targets` and `weights` (n,) one an output, in its order."""

    inputs: Floats
    targets: tuple[Floats, ...]
    weights: tuple[Floats, ...]


class BatchSource:
    """Draws the batches of a training, in order from any update on.

    Determinism: one generator an update (Philox keyed by seed and update) and order kept by a queue of futures, so that
    neither threads nor a resumed training change what an update sees. A worker that trains on `part` of each batch
    draws all of it, which is cheap, and asks the teacher about its part.
    """

    def __init__(self, lesson: Lesson, *, batch_size: int, seed: int, part: slice = WHOLE) -> None:
        self._lesson = lesson
        self._batch_size, self._part = batch_size, part
        self._seed = seed

    def batches(self, first_update: int) -> Iterator[Batch]:
        """Yield the batch of `first_update`, then the next, without end."""
        # One worker: the teacher's interpreter is not shared between threads, and training takes the other core.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches") as pool:
            waiting: deque[Future[Batch]] = deque()
            update = first_update
            try:
                while True:
                    while len(waiting) < AHEAD:
                        waiting.append(pool.submit(self.batch, update))
                        update += 1
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def inputs_apart(self, count: int) -> Floats:
        """Draw inputs that no update sees, (count, side, side, 3)."""
        return self._lesson.inputs(self._generator(NO_UPDATE), count)

    def batch(self, update: int) -> Batch:
        """Make the batch of one update."""
        inputs = self._lesson.inputs(self._generator(update), self._batch_size)[self._part]
        targets, weights = self._lesson.answers(inputs)
        return Batch(inputs=inputs, targets=targets, weights=weights)

    def _generator(self, update: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[self._seed, update]))
