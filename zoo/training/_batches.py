"""Batches of augmented inputs and the teacher's answers, each a function of the seed and the update's number alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from zoo.spec import Augmentation, InputTensor
from zoo.training._augment import MOSAIC_TILES, Box, Pixels, TrainingPicture, draw_input
from zoo.training._teacher import Teacher

Floats = npt.NDArray[np.float32]

AHEAD = 3
"""Batches prepared while one is trained on; more only costs memory."""
PICTURE_CACHE_BYTES = 3 << 30
"""Decoded pictures kept in memory; those beyond it are decoded anew each time."""
LARGEST_SIDE = 640
"""Larger pictures are shrunk when read: at a 192-pixel input nothing finer is seen."""


@dataclass(frozen=True)
class PictureSource:
    """A picture on disk and the faces that the teacher found in it."""

    path: Path
    faces: tuple[Box, ...]


@dataclass(frozen=True)
class Batch:
    """`inputs` (n, side, side, 3) in the model's range; `boxes` (n, anchors, 16); `scores` (n, anchors, 1), logits."""

    inputs: Floats
    boxes: Floats
    scores: Floats


class BatchSource:
    """Draws the batches of a training, in order from any update on.

    Determinism: one generator an update (Philox keyed by seed and update) and order kept by a queue of futures, so that
    neither threads nor a resumed training change what an update sees.
    """

    def __init__(
        self,
        pictures: Sequence[PictureSource],
        *,
        read_picture: Callable[[Path], Pixels],
        teacher: Path,
        model_input: InputTensor,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
    ) -> None:
        """Raises ValueError when `pictures` is empty."""
        if not pictures:
            raise ValueError("no pictures to train on")
        self._with_faces = [picture for picture in pictures if picture.faces]
        self._without = [picture for picture in pictures if not picture.faces]
        self._read = read_picture
        self._teacher = Teacher(teacher)
        self._input = model_input
        self._augmentation = augmentation
        self._batch_size = batch_size
        self._seed = seed
        self._cache: dict[Path, Pixels] = {}
        self._cached_bytes = 0

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

    def batch(self, update: int) -> Batch:
        """Make the batch of one update."""
        rng = np.random.Generator(np.random.Philox(key=[self._seed, update]))
        side = self._input.shape[1]
        drawn = [
            draw_input(rng, self._choose(rng), side=side, augmentation=self._augmentation)
            for _ in range(self._batch_size)
        ]
        inputs = (np.stack(drawn).astype(np.float32) - self._input.mean) / self._input.std
        boxes, scores = self._teacher(inputs)
        return Batch(inputs=inputs, boxes=boxes, scores=scores)

    def _choose(self, rng: np.random.Generator) -> list[TrainingPicture]:
        count = MOSAIC_TILES**2 if rng.random() < self._augmentation.mosaic_share else 1
        chosen = []
        for _ in range(count):
            negative = rng.random() < self._augmentation.negative_share
            pool = (self._without or self._with_faces) if negative else (self._with_faces or self._without)
            source = pool[int(rng.integers(len(pool)))]
            chosen.append(TrainingPicture(pixels=self._pixels(source.path), faces=source.faces))
        return chosen

    def _pixels(self, path: Path) -> Pixels:
        kept = self._cache.get(path)
        if kept is not None:
            return kept
        pixels = self._read(path)
        height, width = pixels.shape[:2]
        scale = LARGEST_SIDE / max(height, width)
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        if self._cached_bytes + pixels.nbytes <= PICTURE_CACHE_BYTES:
            self._cache[path] = pixels
            self._cached_bytes += pixels.nbytes
        return pixels
