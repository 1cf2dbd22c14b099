"""Batches of inputs and the teacher's answers, each a function of the seed and the update's number alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from types import TracebackType

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


class PreparedBatches(Iterator[Batch]):
    """Batches in order, a few of them made ahead by a thread that ends with `close`, or with the `with` block.

    TensorFlow asks for batches from threads of its own, and ahead of what is trained on, so one may be asking while
    this closes: it is told that there are no more. No generator, which could not be closed while it runs.
    """

    def __init__(self, make: Callable[[int], Batch], first_update: int) -> None:
        self._make = make
        self._update = first_update
        # One worker: the teacher's interpreter is not shared between threads, and training takes the other core.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches")
        self._waiting: deque[Future[Batch]] = deque()
        self._lock = Lock()
        self._closed = False

    def __next__(self) -> Batch:
        with self._lock:
            if self._closed:
                raise StopIteration
            while len(self._waiting) < AHEAD:
                self._waiting.append(self._pool.submit(self._make, self._update))
                self._update += 1
            batch = self._waiting.popleft()
        try:
            return batch.result()
        except CancelledError:
            raise StopIteration from None

    def close(self) -> None:
        """Make no more batches, and return when the thread is done with the one at work."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> PreparedBatches:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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

    def batches(self, first_update: int) -> PreparedBatches:
        """The batch of `first_update`, then the next, without end; to be closed before the lesson is used otherwise."""
        return PreparedBatches(self.batch, first_update)

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
