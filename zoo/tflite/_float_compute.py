"""int8 weights that float layers compute with: dequantized once, when the model is loaded, not at each inference."""

from __future__ import annotations

from zoo.tflite._constants import constant_chain, is_constant
from zoo.tflite._edit import ModelEditor

_LAYERS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1}
"""The layers with kernels, and at which input they have them."""


def compute_in_float(data: bytes, *, name: str | None = None) -> bytes:
    """The model with a DEQUANTIZE between each int8 kernel and the float layer that reads it.

    TensorFlow's dynamic-range quantization stores such kernels, and LiteRT then quantizes the layer's input at every
    inference, in kernels that know neither sparsity nor XNNPACK's float ones. Outputs move by what that rounding did.
    Layers that compute in int8 stay as they are. Raises InputError where the bytes are no sound model.
    """
    editor = ModelEditor(data, name=name)
    for number, graph in enumerate(editor.graphs):
        tensors = graph.graph.tensors
        readers: dict[int, list[int]] = {}
        for operator in graph.graph.operators:
            place = _LAYERS.get(operator.name)
            if place is None or len(operator.inputs) <= place or tensors[operator.inputs[0]].dtype != "float32":
                continue
            kernel = operator.inputs[place]
            stored = constant_chain(graph.graph, kernel)[-1]
            if tensors[kernel].dtype == "int8" and is_constant(editor.model, stored, subgraph=number):
                readers.setdefault(kernel, []).append(operator.index)
        for kernel, layers in readers.items():
            real = graph.add("DEQUANTIZE", [kernel], tensors[kernel].shape, name=f"{tensors[kernel].name}_real")
            graph.redirect(kernel, real, only=layers, outputs=False)
    return editor.finish()
