"""One-shot magnitude pruning of a file's 1x1 kernels: what size and speed would be, without training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.tflite._constants import constant, constant_chain, is_constant
from zoo.tflite._edit import ModelEditor
from zoo.tflite._model import Tensor
from zoo.tflite._patterns import Keep, largest
from zoo.tflite._twin import densified_twin

_TYPES = ("float16", "float32", "int8")


def prune_by_magnitude(data: bytes, share: float, *, name: str | None = None) -> bytes:
    """The model with at least `share` (0 to 1) of each 1x1 convolution's weights zero, the smallest ones, stored dense.

    Each kernel loses `floor(share * weights)` of them, layer by layer as tfmot's masks do; ties go in order. Else as
    `prune_kernels`.
    """
    return prune_kernels(data, largest(share), name=name)


def prune_kernels(data: bytes, keep: Keep, *, name: str | None = None) -> bytes:
    """The model with only those weights of each 1x1 convolution that `keep` chooses; the others are zero, stored dense.

    Of an int8 kernel the magnitudes are those of the numbers that it stands for, and its scales stay. The outputs are
    of no use before training; size and latency are those of a trained model. Raises InputError where the bytes are no
    sound model, or the pattern does not fit a kernel.
    """
    editor = ModelEditor(densified_twin(data, name=name), name=name)
    for number, graph in enumerate(editor.graphs):
        done = set()
        for operator in graph.graph.operators:
            if operator.name != "CONV_2D" or len(operator.inputs) < 2 or operator.inputs[1] < 0:
                continue
            kernel = constant_chain(graph.graph, operator.inputs[1])[-1]
            tensor = graph.graph.tensors[kernel]
            if kernel in done or not _prunable(tensor) or not is_constant(editor.model, kernel, subgraph=number):
                continue
            done.add(kernel)
            values = constant(editor.model, kernel, subgraph=number)
            kept = keep(_magnitudes(values, tensor)).reshape(values.shape)
            pruned = np.where(kept, values, np.zeros((), values.dtype))
            graph.replace_constant(kernel, pruned, shape=tensor.shape, sparsity=None)
    return editor.finish()


def _prunable(tensor: Tensor) -> bool:
    if len(tensor.shape) != 4 or tensor.shape[1:3] != (1, 1) or tensor.dtype not in _TYPES:
        return False
    quantization = tensor.quantization
    if tensor.dtype != "int8":
        return True
    # Zeros must be zeros: TFLite's weights have a zero point of 0 and a scale for each output channel, or one for all.
    return (
        quantization is not None
        and not any(quantization.zero_point)
        and quantization.dimension == 0
        and len(quantization.scale) in (1, tensor.shape[0])
    )


def _magnitudes(values: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[Any]:
    """What the weights stand for, without sign: (outputs, inputs)."""
    flat: npt.NDArray[Any] = values.reshape(tensor.shape[0], -1)
    if tensor.dtype == "int8" and tensor.quantization is not None:
        # int8 has no 128: the magnitude of -128 needs a wider type.
        flat = flat.astype(np.float32) * np.asarray(tensor.quantization.scale)[:, None]
    magnitudes: npt.NDArray[Any] = np.abs(flat)
    return magnitudes
