"""RELU as part of the operator before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zoo.adapt._layers import is_a
from zoo.tflite import GraphEditor, ModelEditor, Operator, Subgraph

_FUSES = ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MUL")
_CLAMPS = ("RELU", "RELU6")
_NEVER_NEGATIVE = (*_CLAMPS, "ABS", "LOGISTIC", "SQUARE")
_KEEPS_SIGN = ("DEPTH_TO_SPACE", "MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD", "RESHAPE", "RESIZE_BILINEAR")
"""Operators whose output is not negative where their first input is not."""
_KEEPS_SIGN_OF_ALL = ("ADD", "MUL", "CONCATENATION")
_DEEPEST = 16
"""Operators that the search for a sign goes back over."""


@dataclass(frozen=True)
class FoldRelu:
    """RELU or RELU6 as the fused activation of the operator before it; RELU of what is never negative taken out.

    Proof: a fused activation is the same clamp on the same number, and relu(x) = x for x >= 0. XNNPACK fuses a clamp
    itself; this is for other runtimes and for the student.
    """

    name: ClassVar[str] = "fold_relu"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Makes RELU and RELU6 the fused activation of the operator before them."
    needs: ClassVar[str] = (
        "a RELU or RELU6 that alone reads a convolution, ADD or MUL without an activation, or a RELU of what is never "
        "negative"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Take out every RELU and RELU6 that can be fused or does nothing; returns how many."""
        graph, places = editor.main, 0
        for clamp in graph.graph.operators:
            producer = _producer(graph.graph, clamp)
            if producer is None:
                continue
            (value,) = graph.inputs_of(clamp)
            if _can_fuse(graph, producer, clamp):
                graph.configure(producer, activation=clamp.name)
            elif not _does_nothing(graph, clamp, value):
                continue
            graph.redirect(clamp.outputs[0], value)
            graph.remove(clamp)
            places += 1
        return places


def _producer(graph: Subgraph, clamp: Operator) -> Operator | None:
    if not is_a(clamp, *_CLAMPS, inputs=1) or graph.tensors[clamp.outputs[0]].dtype != "float32":
        return None
    return graph.producers.get(clamp.inputs[0])


def _can_fuse(graph: GraphEditor, producer: Operator, clamp: Operator) -> bool:
    value = clamp.inputs[0]
    alone = len(graph.graph.consumers[value]) == 1 and value not in graph.outputs
    return producer.name in _FUSES and producer.options.activation == "NONE" and alone


def _does_nothing(graph: GraphEditor, clamp: Operator, value: int) -> bool:
    # Two outputs of the model cannot become one.
    both_given_back = clamp.outputs[0] in graph.outputs and value in graph.outputs
    return clamp.name == "RELU" and not both_given_back and _never_negative(graph.graph, clamp.inputs[0])


def _never_negative(graph: Subgraph, value: int, depth: int = 0) -> bool:
    operator = graph.producers.get(value)
    if operator is None or depth > _DEEPEST:
        return False
    if operator.name in _NEVER_NEGATIVE or operator.options.activation in _CLAMPS:
        return True
    read = operator.inputs[:1] if operator.name in _KEEPS_SIGN else operator.inputs
    known = operator.name in _KEEPS_SIGN or operator.name in _KEEPS_SIGN_OF_ALL
    return known and bool(read) and all(_never_negative(graph, each, depth + 1) for each in read)
