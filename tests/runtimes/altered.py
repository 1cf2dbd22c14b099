"""Model files made on the spot from a published one, by scaling the layer that writes one output."""

from __future__ import annotations

import numpy as np

from zoo.tflite import Model, ModelEditor, Operator, read_model

BOXES, SCORES = 0, 1
"""Which output of the full-range face model is which."""

_PASS_THROUGH = {"RESHAPE", "DEPTH_TO_SPACE", "DEQUANTIZE", "LOGISTIC"}


def with_scaled_output(data: bytes, *, output: int, factor: float) -> bytes:
    """The model with weights and bias of the last layer before `output` multiplied: so is the output, or its logit."""
    model = read_model(data)
    changed = bytearray(data)
    for operand in _last_layer(model, model.outputs[output]).inputs[1:]:
        tensor = model.tensors[_stored(model, operand)]
        assert tensor.dtype.upper() == "FLOAT16"
        span = model.buffers[tensor.buffer]
        values = np.frombuffer(data, np.float16, span.size // 2, span.start).astype(np.float32) * factor
        with np.errstate(over="ignore"):
            changed[span.start : span.start + span.size] = values.astype(np.float16).tobytes()
    return bytes(changed)


def _last_layer(model: Model, tensor: int) -> Operator:
    producers = model.main.producers
    while producers[tensor].name in _PASS_THROUGH:
        tensor = producers[tensor].inputs[0]
    return producers[tensor]


def _stored(model: Model, tensor: int) -> int:
    producers = model.main.producers
    while tensor in producers:
        tensor = producers[tensor].inputs[0]
    return tensor


def with_scaled_input(data: bytes, *, factor: float) -> bytes:
    """The model with the weights of its first layer multiplied: one that was trained on pictures of another range."""
    model = read_model(data)
    changed = bytearray(data)
    first = next(one for one in model.main.operators if one.name == "CONV_2D")
    span = model.buffers[model.tensors[_stored(model, first.inputs[1])].buffer]
    values = np.frombuffer(data, np.float16, span.size // 2, span.start).astype(np.float32) * factor
    changed[span.start : span.start + span.size] = values.astype(np.float16).tobytes()
    return bytes(changed)


def with_swapped_outputs(data: bytes, one: int, other: int) -> bytes:
    """The model with two of its outputs in one another's place."""
    editor = ModelEditor(data, name="swapped")
    outputs = list(editor.tree.subgraphs[0].outputs)
    outputs[one], outputs[other] = outputs[other], outputs[one]
    editor.tree.subgraphs[0].outputs = outputs
    return editor.finish()
