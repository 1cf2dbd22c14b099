"""The densified twin: the same graph and weights, stored dense. It is the control that shows what sparse kernels do."""

from __future__ import annotations

from zoo.tflite._constants import constant
from zoo.tflite._edit import ModelEditor


def densified_twin(data: bytes, *, name: str | None = None) -> bytes:
    """The model with every sparse weight stored dense and DENSIFY taken out; all else stays, float16 storage included.

    `name` is what messages call it. Raises InputError where the bytes are no sound TFLite model.
    """
    editor = ModelEditor(data, name=name)
    for number, graph in enumerate(editor.graphs):
        for tensor in graph.graph.tensors:
            if tensor.sparsity is not None:
                dense = constant(editor.model, tensor.index, subgraph=number)
                graph.replace_constant(tensor.index, dense, shape=tensor.shape, sparsity=None)
        for operator in graph.graph.operators:
            if operator.name == "DENSIFY" and operator.inputs and operator.outputs:
                graph.redirect(operator.outputs[0], graph.inputs_of(operator)[0])
                graph.remove(operator)
    return editor.finish()
