"""One-shot magnitude pruning of a file's 1x1 kernels: what size and speed would be, without training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.tflite._constants import constant, constant_chain, is_constant
from zoo.tflite._edit import ModelEditor
from zoo.tflite._twin import densified_twin

_REAL = ("float16", "float32")


def prune_by_magnitude(data: bytes, share: float, *, name: str | None = None) -> bytes:
    """The model with at least `share` (0 to 1) of each 1x1 convolution's weights zero, the smallest ones, stored dense.

    Each kernel loses `floor(share * weights)` of them, layer by layer as tfmot's masks do; ties go in order.
    The outputs are of no use before training; size and latency are those of a trained model. Quantized kernels stay as
    they are. Raises InputError where the bytes are no sound model.
    """
    editor = ModelEditor(densified_twin(data, name=name), name=name)
    for number, graph in enumerate(editor.graphs):
        done = set()
        for operator in graph.graph.operators:
            if operator.name != "CONV_2D" or len(operator.inputs) < 2 or operator.inputs[1] < 0:
                continue
            kernel = constant_chain(graph.graph, operator.inputs[1])[-1]
            tensor = graph.graph.tensors[kernel]
            fits = len(tensor.shape) == 4 and tensor.shape[1:3] == (1, 1) and tensor.dtype in _REAL
            if kernel in done or not fits or not is_constant(editor.model, kernel, subgraph=number):
                continue
            done.add(kernel)
            pruned = _without_smallest(constant(editor.model, kernel, subgraph=number), share)
            graph.replace_constant(kernel, pruned, shape=tensor.shape, sparsity=None)
    return editor.finish()


def _without_smallest(values: npt.NDArray[Any], share: float) -> npt.NDArray[Any]:
    flat = values.ravel().copy()
    count = int(share * flat.size)
    if count:
        flat[np.argsort(np.abs(flat), kind="stable")[:count]] = 0
    return flat.reshape(values.shape)
