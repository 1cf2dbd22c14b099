"""Constant operands where XNNPACK's sparse region takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zoo.adapt._layers import is_a
from zoo.tflite import GraphEditor, ModelEditor, Operator


@dataclass(frozen=True)
class ConstantFirst:
    """The constant of an ADD or MUL as its first operand, with four dimensions.

    Proof: a + b = b + a and a * b = b * a, rounding included, and leading dimensions of 1 change no broadcast.
    """

    name: ClassVar[str] = "constant_first"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Makes the constant of an ADD or MUL its first operand, with four dimensions."
    needs: ClassVar[str] = (
        "an ADD or MUL of a 4-dimensional value and a constant, one for all or one a channel, that comes second or has "
        "fewer dimensions"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every such ADD and MUL; returns how many. Raises InputError where the constant is quantized."""
        graph, places = editor.main, 0
        widened: dict[int, int] = {}
        for operator in graph.graph.operators:
            place = _constant_place(graph, operator)
            if place is None:
                continue
            operands = graph.inputs_of(operator)
            constant = operands[place]
            if constant not in widened:
                widened[constant] = _with_four_dimensions(graph, constant)
            graph.read(operator, 0, widened[constant])
            graph.read(operator, 1, operands[1 - place])
            places += 1
        return places


def _constant_place(graph: GraphEditor, operator: Operator) -> int | None:
    """Where the constant is, if it should be elsewhere or have more dimensions."""
    if not is_a(operator, "ADD", "MUL", inputs=2):
        return None
    constants = [graph.value(operand) for operand in operator.inputs]
    places = [place for place, constant in enumerate(constants) if constant is not None]
    if len(places) != 1:
        return None
    place, constant = places[0], constants[places[0]]
    value = graph.graph.tensors[operator.inputs[1 - place]]
    if constant is None or value.dtype != "float32" or constant.dtype.kind != "f" or len(value.shape) != 4:
        return None
    # A constant with rows or columns of its own has no place in the region, nor one that widens the value.
    channels = constant.shape[-1] if constant.ndim else 1
    if constant.ndim > 4 or constant.size != channels or channels not in (1, value.shape[3]):
        return None
    return None if place == 0 and constant.ndim == 4 else place


def _with_four_dimensions(graph: GraphEditor, constant: int) -> int:
    values = graph.value(constant)
    if values is None or values.ndim == 4:
        return constant
    return graph.weights(values.reshape(1, 1, 1, -1), like=constant, name=f"{graph.name(constant)}/four_dimensions")
