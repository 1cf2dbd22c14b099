"""The whole network on the picture turned by half a turn: TensorFlow's uneven padding changes sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zoo.adapt._commuting import TOGETHER, commutes, has_positions, is_constant, is_map
from zoo.adapt._layers import Layers, identity
from zoo.adapt._windows import Window, pad_amounts, read_padded, window_of
from zoo.tflite import GraphEditor, ModelEditor, Operator

_HEIGHT, _WIDTH = 1, 2
_PADS = ("MIRROR_PAD", "PAD", "PADV2")
_WITH_CONSTANTS = (*TOGETHER, "CONCATENATION")


@dataclass(frozen=True)
class RotateHalfTurn:
    """The picture and all kernels turned by 180 degrees; maps are turned back where they leave the network.

    Proof: turned picture, turned kernels and padding with its sides swapped add up the same products, to turned maps.
    SAME at stride 2 on an even size pads a 3x3 kernel by 0 before and 1 behind (5x5: 1 and 2), turned by 1 and 0 (2
    and 1). One more row of zeros behind makes no further output at stride 2: so padding is 1 (2) on all sides. What
    else is on the way does the same to a turned map, or gets its map turned back.
    """

    name: ClassVar[str] = "rotate_half_turn"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Turns picture and kernels by 180 degrees, which makes uneven padding even at stride 2."
    needs: ClassVar[str] = (
        "a convolution of stride 2 with less padding before than behind, such as SAME on an even size, that reads the "
        "picture through operators that can be turned, and none there that is padded evenly only as it is"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Turn the network if that mends padding and spoils none; returns how many convolutions it mends.

        Raises InputError where a kernel is quantized.
        """
        turned = _Turned(editor.main)
        if not turned.mended or turned.spoilt:
            return 0
        turning = _Turning(editor.main, turned)
        for operator in editor.main.graph.operators:
            turning.change(operator)
        turning.change_outputs()
        return turned.mended


class _Turned:
    """How far the turn reaches.

    `operators`: the numbers of those that work on turned maps. `maps`: the values that are turned. `mended`, `spoilt`:
    how many convolutions can be padded equally only after, and only before the turn.
    """

    def __init__(self, graph: GraphEditor) -> None:
        self.operators: set[int] = set()
        self.maps: set[int] = set()
        self.mended = self.spoilt = 0
        pictures = {value for value in graph.graph.inputs if is_map(graph, value)}
        for operator in graph.graph.operators:
            read = {value for value in operator.inputs if value >= 0 and not is_constant(graph, value)}
            read = {value for value in read if is_map(graph, value)}
            if not read or not read <= self.maps | pictures or not commutes(graph, operator):
                continue
            self.operators.add(operator.index)
            self.maps |= read | {value for value in operator.outputs if is_map(graph, value)}
            self._judge(window_of(graph, operator))

    def _judge(self, window: Window | None) -> None:
        if window is not None:
            now, then = window.equal is not None, window.turned.equal is not None
            self.mended += then and not now
            self.spoilt += now and not then


class _Turning:
    """Changes one operator after the other, in the order of the graph."""

    def __init__(self, graph: GraphEditor, turned: _Turned) -> None:
        self._graph, self._turned = graph, turned
        self._layers = Layers(graph)
        self._kept: dict[int, int] = {}
        """The turned form of a value, where it is not in the value's own place."""
        self._back: dict[int, int] = {}
        """The value as it was, by the value that is turned now."""
        self._constants: dict[int, int] = {}

    def change(self, operator: Operator) -> None:
        """Let the operator read turned values and turn its constants; or give it its values turned back."""
        maps = [(place, value) for place, value in enumerate(operator.inputs) if value in self._turned.maps]
        self._layers.begin(before=operator)
        if operator.index not in self._turned.operators:
            for place, value in maps:
                self._graph.read(operator, place, self._turned_back(value))
            return
        for place, value in maps:
            self._graph.read(operator, place, self._turned_value(value))
        if (window := window_of(self._graph, operator)) is not None:
            self._turn_window(window)
        elif operator.name in _PADS:
            self._turn_pad(operator)
        elif operator.name == "DEPTH_TO_SPACE":
            self._graph.read(operator, 0, self._turn_blocks(self._turned_value(operator.inputs[0]), operator))
        elif operator.name == "SPACE_TO_DEPTH":
            self._layers.begin(operator)
            self._kept[operator.outputs[0]] = self._turn_blocks(operator.outputs[0], operator)
        elif operator.name in _WITH_CONSTANTS:
            for place, value in enumerate(operator.inputs):
                if is_constant(self._graph, value) and has_positions(self._graph.shape(value)):
                    self._graph.read(operator, place, self._turned_constant(value))

    def change_outputs(self) -> None:
        """Turn back the maps that the graph gives back."""
        for value in dict.fromkeys(self._graph.outputs):
            if value in self._turned.maps and value not in self._graph.graph.inputs:
                self._layers.begin(self._graph.graph.producers[value])
                self._graph.redirect(value, self._turned_back(value), only=())

    def _turned_value(self, value: int) -> int:
        if value in self._graph.graph.inputs and value not in self._kept:
            self._kept[value] = self._half_turn(value)
        return self._kept.get(value, value)

    def _turned_back(self, value: int) -> int:
        if value in self._graph.graph.inputs:
            return value
        if value not in self._back:
            self._back[value] = self._half_turn(self._kept.get(value, value))
        return self._back[value]

    def _half_turn(self, value: int) -> int:
        return self._layers.reverse(self._layers.reverse(value, _HEIGHT), _WIDTH)

    def _turn_window(self, window: Window) -> None:
        operator, kernel = window.operator, window.operator.inputs[1]
        if max(window.taps) > 1:
            self._graph.read(operator, 1, self._turned_constant(kernel))
        turned = window.turned
        if window.before != turned.before or (window.padded and not window.explicit):
            source = self._turned_value(window.source)
            read_padded(self._graph, self._layers, window, source, turned.rows.sides, turned.columns.sides)

    def _turn_pad(self, operator: Operator) -> None:
        amounts = pad_amounts(self._graph, operator)
        assert amounts is not None  # noqa: S101 - asked before
        turned = np.concatenate([amounts[:1], amounts[1:3, ::-1], amounts[3:]])
        if not np.array_equal(turned, amounts):
            name = f"{self._graph.name(operator.outputs[0])}/amounts"
            self._graph.read(operator, 1, self._graph.constant(turned.astype(np.int32), name=name))

    def _turn_blocks(self, value: int, operator: Operator) -> int:
        """A block's channels, the last position's first, by a 1x1 convolution that copies them."""
        channels, positions = self._graph.shape(value)[3], (operator.options.block_size or 1) ** 2
        copies = identity(self._graph, channels)
        return self._layers.pointwise(value, copies.reshape(positions, -1, channels)[::-1].reshape(copies.shape))

    def _turned_constant(self, tensor: int) -> int:
        """The constant with height and width, the last dimensions but one, the other way round."""
        if tensor not in self._constants:
            values = self._graph.value(tensor)
            assert values is not None  # noqa: S101 - asked before
            around = tuple(axis for axis in (values.ndim - 3, values.ndim - 2) if axis >= 0)
            name = f"{self._graph.name(tensor)}/turned"
            self._constants[tensor] = self._graph.weights(np.flip(values, around), like=tensor, name=name)
        return self._constants[tensor]
