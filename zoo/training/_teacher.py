"""The teacher: a published file run by LiteRT, faster here than TensorFlow and free of its max-pool crash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

BOX_VALUES = 16
"""Values an anchor of the box output: centre, size and six key points, in pixels of the input."""


class Teacher:
    """Runs a detector with one box output (1, anchors, 16) and one score output (1, anchors, 1)."""

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(model), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        by_width = {int(d["shape"][-1]): int(d["index"]) for d in self._interpreter.get_output_details()}
        self._boxes, self._scores = by_width[BOX_VALUES], by_width[1]

    def __call__(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Answer a batch: boxes (n, anchors, 16) and score logits (n, anchors, 1)."""
        boxes, scores = [], []
        for picture in inputs:
            self._interpreter.set_tensor(self._input, picture[None])
            self._interpreter.invoke()
            boxes.append(self._interpreter.get_tensor(self._boxes)[0])
            scores.append(self._interpreter.get_tensor(self._scores)[0])
        return np.stack(boxes), np.stack(scores)
