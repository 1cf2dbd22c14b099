"""The teacher: a published file run by LiteRT, faster here than TensorFlow and free of its max-pool crash."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError

Floats = npt.NDArray[np.float32]


class Teacher:
    """Answers with the outputs of `shapes`, in their order; outputs of one shape keep the order of the file.

    Raises InputError where the file has no such outputs.
    """

    def __init__(self, model: Path, shapes: Sequence[tuple[int, ...]]) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(model), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        details: list[dict[str, Any]] = self._interpreter.get_output_details()
        left = [(tuple(int(size) for size in one["shape"]), one["index"]) for one in details]
        self._outputs = []
        for shape in shapes:
            found = next((one for one in left if one[0] == tuple(shape)), None)
            if found is None:
                raise InputError(
                    f"teacher {model.name} has no output of shape {list(shape)}; correct outputs in the spec"
                )
            left.remove(found)
            self._outputs.append(found[1])

    def __call__(self, inputs: Floats) -> tuple[Floats, ...]:
        """Answer a batch (n, height, width, 3): for each output an array (n, ...)."""
        answers: list[list[Floats]] = [[] for _ in self._outputs]
        for picture in inputs:
            self._interpreter.set_tensor(self._input, picture[None])
            self._interpreter.invoke()
            for kept, index in zip(answers, self._outputs, strict=True):
                kept.append(self._interpreter.get_tensor(index)[0])
        return tuple(np.stack(kept) for kept in answers)
