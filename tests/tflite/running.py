"""Files through the LiteRT interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter


def outputs_of(data: bytes, *, seed: int = 7) -> list[npt.NDArray[Any]]:
    """The model's outputs, in the file's order, for one seeded input in [-1, 1]."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    noise = np.random.default_rng(seed).uniform(-1, 1, entry["shape"]).astype(np.float32)
    interpreter.set_tensor(entry["index"], noise)
    interpreter.invoke()
    return [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]
