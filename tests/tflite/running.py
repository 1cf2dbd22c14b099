"""Files through the LiteRT interpreter, and what they say of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from zoo.tflite import read_model

WITH_XNNPACK, WITHOUT_XNNPACK = OpResolverType.AUTO, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def outputs_of(data: bytes, *, seed: int = 7, kernels: OpResolverType = WITH_XNNPACK) -> list[npt.NDArray[Any]]:
    """The model's outputs, in the file's order, for one seeded input in [-1, 1], or of bytes where it takes int8."""
    interpreter = Interpreter(model_content=data, num_threads=1, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    noise = np.random.default_rng(seed).uniform(-1, 1, entry["shape"])
    scale = 127 if entry["dtype"] == np.int8 else 1
    interpreter.set_tensor(entry["index"], (scale * noise).astype(entry["dtype"]))
    interpreter.invoke()
    return [interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()]


def metadata_of(data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the file's metadata, in its order."""
    model = read_model(data)
    spans = [(entry.name, model.buffers[entry.buffer]) for entry in model.metadata]
    return [(name, data[span.start : span.start + span.size]) for name, span in spans]
