"""What a family of models learns: its inputs, the teacher's answers to them, and a loss for each output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from zoo.errors import InputError
from zoo.spec import Detector, ModelSpec
from zoo.training._pictures import PictureSource, Pixels
from zoo.training._teacher import Floats

LossFunction = Callable[[Any, Any], Any]
"""From target and answer (n, ...) to one number an example (n,)."""


class Lesson(Protocol):
    """One family's inputs, answers and losses; outputs are in the order of the student's file."""

    def inputs(self, rng: np.random.Generator, count: int) -> Floats:
        """Draw (count, side, side, 3) in the model's range."""

    def answers(self, inputs: Floats) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        """The target of each output, and its weight by example (n,)."""

    def losses(self) -> list[LossFunction]:
        """The loss of each output."""


def make_lesson(
    spec: ModelSpec, *, teacher: Path, pictures: Sequence[PictureSource], read_picture: Callable[[Path], Pixels]
) -> Lesson:
    """The lesson of the spec's family.

    Raises InputError where there is no picture, or the teacher has not the outputs of the spec.
    """
    if not pictures:
        raise InputError("There is no picture to train on; give a folder with more pictures by --data.")
    if isinstance(spec.family, Detector):
        from zoo.training._detection import DetectionLesson

        return DetectionLesson(spec, spec.family, teacher=teacher, pictures=pictures, read_picture=read_picture)
    from zoo.training._landmarks import LandmarkLesson

    return LandmarkLesson(spec, spec.family, teacher=teacher, pictures=pictures, read_picture=read_picture)
