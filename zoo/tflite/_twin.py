"""The densified twin: the same graph and weights, stored dense. It is the control that shows what sparse kernels do."""

from __future__ import annotations

from zoo.errors import InputError
from zoo.files import MAX_WRITTEN_BYTES
from zoo.tflite._constants import constant
from zoo.tflite._edit import ModelEditor
from zoo.tflite._model import Model
from zoo.tflite._sound import dense_bytes


def densified_twin(data: bytes, *, name: str | None = None) -> bytes:
    """The model with every sparse weight stored dense and DENSIFY taken out; all else stays, float16 storage included.

    `name` is what messages call it. Raises InputError where the bytes are no sound TFLite model, or a bomb.
    """
    editor = ModelEditor(data, name=name)
    _check_size(editor.model)
    for number, graph in enumerate(editor.graphs):
        for tensor in graph.graph.tensors:
            if tensor.sparsity is not None:
                dense = constant(editor.model, tensor.index, subgraph=number)
                graph.replace_constant(tensor.index, dense, shape=tensor.shape, sparsity=None)
        unpacking = [operator for operator in graph.graph.operators if operator.name == "DENSIFY"]
        dense_already: dict[int, int] = {}
        for operator in unpacking:
            source = operator.inputs[0]
            dense_already[operator.outputs[0]] = dense_already.get(source, source)
        if unpacking:
            graph.redirect_all(dense_already)
            graph.remove(*unpacking)
    return editor.finish()


def _check_size(model: Model) -> None:
    """Before anything is decoded: a few bytes of sparse storage can ask for any memory."""
    sparse = [tensor for graph in model.subgraphs for tensor in graph.tensors if tensor.sparsity is not None]
    if sum(dense_bytes(tensor) for tensor in sparse) > MAX_WRITTEN_BYTES:
        raise InputError(
            f"{model.name}: its sparse weights would be more than the 128 MiB that this zoo writes, when dense; "
            "give a smaller model."
        )
