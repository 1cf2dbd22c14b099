"""Which rows and columns a convolution reads, whoever pads them: what rewrites of padding have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zoo.adapt._layers import Layers, is_a
from zoo.tflite import GraphEditor, Operator

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_REAL = "float32"
Sides = tuple[int, int]
"""Zeros before the first and behind the last row or column."""


@dataclass(frozen=True)
class Axis:
    """A convolution in one direction: output i reads the rows `stride * i - before + dilation * tap`, tap < taps.

    There are `length` rows; those outside are zeros.
    """

    length: int
    outputs: int
    taps: int
    stride: int
    dilation: int
    before: int

    @property
    def after(self) -> int:
        """Rows of zeros read behind the last one; negative: rows that nothing reads."""
        return (self.outputs - 1) * self.stride + self._reach - self.length - self.before

    @property
    def equal(self) -> int | None:
        """How many zeros on each side give the same outputs; None where the sides cannot be equal.

        Fewer than `stride` zeros more than needed behind the last row make no further output.
        """
        return self.before if 0 <= self.before - self.after < self.stride else None

    @property
    def sides(self) -> Sides:
        """The zeros that are needed, equal on both sides where they can be."""
        return (self.before, max(self.after, 0)) if self.equal is None else (self.equal, self.equal)

    @property
    def turned(self) -> Axis:
        """The same outputs, last first, of the rows, last first."""
        return replace(self, before=self.after)

    def outputs_with(self, taps: int, padding: int) -> int:
        """How many outputs another kernel would make with this padding on both sides."""
        return (self.length + 2 * padding - (taps - 1) * self.dilation - 1) // self.stride + 1

    @property
    def _reach(self) -> int:
        return (self.taps - 1) * self.dilation + 1


@dataclass(frozen=True)
class Window:
    """A convolution with a PAD before it, if there is one, taken in.

    `source`: what it reads, or what the PAD reads. `explicit`: padding on both sides is equal, stands in a PAD that
    nothing else reads or is none, and is not SAME; then XNNPACK finds it.
    """

    operator: Operator
    source: int
    rows: Axis
    columns: Axis
    padded: bool
    explicit: bool

    @property
    def taps(self) -> tuple[int, int]:
        return self.rows.taps, self.columns.taps

    @property
    def strides(self) -> tuple[int, int]:
        return self.rows.stride, self.columns.stride

    @property
    def dilation(self) -> tuple[int, int]:
        return self.rows.dilation, self.columns.dilation

    @property
    def before(self) -> tuple[int, int]:
        return self.rows.before, self.columns.before

    @property
    def equal(self) -> tuple[int, int] | None:
        """`Axis.equal` of rows and columns, where both can be equal."""
        if self.rows.equal is None or self.columns.equal is None:
            return None
        return self.rows.equal, self.columns.equal

    @property
    def turned(self) -> Window:
        """The window on the map turned by half a turn."""
        return replace(self, rows=self.rows.turned, columns=self.columns.turned)

    def fits(self, taps: int, padding: int) -> bool:
        """Whether another kernel with this padding on all sides would make as many outputs."""
        return all(axis.outputs_with(taps, padding) == axis.outputs for axis in (self.rows, self.columns))


def window_of(graph: GraphEditor, operator: Operator) -> Window | None:
    """How a convolution of float32 maps reads; None where it is none, or where its sizes are not fixed."""
    options = operator.options
    if operator.name not in _CONVOLUTIONS or len(operator.inputs) < 2 or -1 in operator.inputs[:2]:
        return None
    if options.strides is None or options.dilation is None or options.padding is None:
        return None
    source, (rows, columns), pad = _through_pad(graph, operator.inputs[0])
    tensors = [graph.graph.tensors[index] for index in (source, operator.inputs[1], operator.outputs[0])]
    if any(len(tensor.shape) != 4 or -1 in tensor.signature[1:3] or tensor.dtype != _REAL for tensor in tensors):
        return None
    if min(options.strides + options.dilation + tensors[1].shape) < 1:
        return None
    same = options.padding == "SAME"
    height, width = (
        _axis(tensors[0].shape[d], tensors[1].shape[d], options.strides[d - 1], options.dilation[d - 1], sides, same)
        for d, sides in ((1, rows), (2, columns))
    )
    if (height.outputs, width.outputs) != tensors[2].shape[1:3] or min(height.outputs, width.outputs) < 1:
        return None
    alone = pad is None or (len(graph.graph.consumers[pad.outputs[0]]) == 1 and pad.outputs[0] not in graph.outputs)
    equal = rows[0] == rows[1] and columns[0] == columns[1]
    return Window(operator, source, height, width, pad is not None, alone and equal and not same)


def read_padded(graph: GraphEditor, layers: Layers, window: Window, source: int, rows: Sides, columns: Sides) -> None:
    """Let the convolution read `source` with these zeros around it, from a PAD of its own, and pad nothing itself."""
    layers.begin(before=window.operator)
    value = layers.pad(source, np.array([rows, columns])) if any(rows + columns) else source
    graph.read(window.operator, 0, value)
    graph.configure(window.operator, padding="VALID")


def pad_amounts(graph: GraphEditor, operator: Operator) -> npt.NDArray[np.int64] | None:
    """(4, 2): what PAD adds before and after each dimension; None where that is not fixed, or negative."""
    amounts = graph.value(operator.inputs[1]) if len(operator.inputs) > 1 and operator.inputs[1] >= 0 else None
    if amounts is None or amounts.shape != (4, 2) or amounts.dtype.kind != "i" or amounts.min() < 0:
        return None
    return amounts.astype(np.int64)


def _through_pad(graph: GraphEditor, value: int) -> tuple[int, tuple[Sides, Sides], Operator | None]:
    """What a PAD of height and width reads, what it adds to rows and columns, and the PAD; else the value as it is."""
    pad = graph.graph.producers.get(value)
    if pad is not None and is_a(pad, "PAD", inputs=2):
        amounts = pad_amounts(graph, pad)
        if amounts is not None and not amounts[[0, 3]].any():
            (top, bottom), (left, right) = amounts[1:3].tolist()
            return pad.inputs[0], ((top, bottom), (left, right)), pad
    return value, ((0, 0), (0, 0)), None


def _axis(length: int, taps: int, stride: int, dilation: int, sides: Sides, same: bool) -> Axis:
    """`sides`: what a PAD adds. SAME as TensorFlow has it: as little as needed, the odd one behind."""
    padded, reach = length + sum(sides), (taps - 1) * dilation + 1
    if not same:
        return Axis(length, (padded - reach) // stride + 1, taps, stride, dilation, sides[0])
    outputs = -(-padded // stride)
    missing = max((outputs - 1) * stride + reach - padded, 0)
    return Axis(length, outputs, taps, stride, dilation, sides[0] + missing // 2)
