"""A first convolution of any size, by the one first convolution that XNNPACK's sparse region starts with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zoo.adapt._layers import Layers
from zoo.adapt._windows import Axis, Window, window_of
from zoo.tflite import GraphEditor, ModelEditor, Operator

_BLOCK = 2
_COLOURS = 3
_BLOCK_CHANNELS = _BLOCK * _BLOCK * _COLOURS
_REACHES = (1, 2)
"""Blocks that a depthwise kernel of 3x3, or of 5x5, sees on each side of its own."""


@dataclass(frozen=True)
class FirstConvByBlocks:
    """A 3x3 convolution that cuts the picture into 2x2 blocks; copies of these, shifted; the kernel as a 1x1 one.

    Proof: output i reads the rows 2i - before + tap, each of them a row p (0 or 1) of block i + d. A 3x3 kernel of
    stride 2, padded by 1, reads the rows 2i - 1 to 2i + 1, so 12 filters with a single 1 each, at taps 1 and 2, give
    every number of block i a channel of its own. A 1x1 convolution copies them once for each d that reads them; a
    depthwise kernel with a single 1 fetches a copy from block i + d; zeros around the blocks are zeros around the
    picture. What is left is the same sum of products for each output, a 1x1 convolution with the kernel's own values,
    bias and activation. Copies of one number by 1 are exact; the sum may run in another order.
    """

    name: ClassVar[str] = "first_conv_by_blocks"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Computes a first convolution of another size or padding from the picture's 2x2 blocks."
    needs: ClassVar[str] = (
        "a CONV_2D of stride 2 on 3 channels, not 3x3 padded by 1, that makes half as many rows and columns, rounded "
        "up, and reads no row before 2i - 4 or behind 2i + 5 for output row i, and the same for columns"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every such convolution; returns how many. Raises InputError where its kernel is quantized."""
        graph, layers, places = editor.main, Layers(editor.main), 0
        for operator in graph.graph.operators:
            window = window_of(graph, operator)
            kernel = graph.value(operator.inputs[1]) if window is not None and _fits(graph, operator, window) else None
            if window is None or kernel is None:
                continue
            copies = _Copies.of(window, kernel)
            layers.begin(before=operator)
            blocks = layers.halve_picture(window.source, _one_number_each())
            shifted = layers.shift(layers.pointwise(blocks, copies.selection), copies.taps)
            name = f"{graph.name(operator.inputs[1])}/1x1"
            graph.read(operator, 0, shifted)
            graph.read(operator, 1, graph.weights(copies.kernel, like=operator.inputs[1], name=name))
            graph.configure(operator, padding="VALID", strides=(1, 1))
            places += 1
        return places


@dataclass(frozen=True, eq=False)
class _Copies:
    """The numbers of the blocks that the kernel reads, in the order of its own values.

    `selection`: (copies, 12), which number of a block each copies. `taps`: (3, 3, copies) or (5, 5, copies), from
    which block. `kernel`: (filters, 1, 1, copies).
    """

    selection: npt.NDArray[np.float32]
    taps: npt.NDArray[np.float32]
    kernel: npt.NDArray[np.float32]

    @classmethod
    def of(cls, window: Window, kernel: npt.NDArray[np.float32]) -> _Copies:
        """`kernel`: (filters, height, width, 3). Numbers by which every filter multiplies with 0 are not copied."""
        found = [
            (row, column, colour)
            for row, column, colour in np.ndindex(kernel.shape[1:])
            if kernel[:, row, column, colour].any()
        ] or [(0, 0, 0)]
        reach = _reach(window)
        selection = np.zeros((len(found), _BLOCK_CHANNELS), np.float32)
        taps = np.zeros((2 * reach + 1, 2 * reach + 1, len(found)), np.float32)
        for copy, (row, column, colour) in enumerate(found):
            (down, p), (right, q) = _place(window.rows, row), _place(window.columns, column)
            selection[copy, (p * _BLOCK + q) * _COLOURS + colour] = 1
            taps[reach + down, reach + right, copy] = 1
        values = np.stack([kernel[:, row, column, colour] for row, column, colour in found], axis=-1)
        return cls(selection, taps, values[:, None, None, :])


def _fits(graph: GraphEditor, operator: Operator, window: Window) -> bool:
    channels = graph.shape(window.source)[3], graph.shape(operator.inputs[1])[3]
    plain = operator.name == "CONV_2D" and channels == (_COLOURS, _COLOURS) and window.dilation == (1, 1)
    if not plain or window.strides != (_BLOCK, _BLOCK):
        return False
    starts_region = window.taps == (3, 3) and window.equal == (1, 1)
    halves = all(axis.outputs == -(-axis.length // _BLOCK) for axis in (window.rows, window.columns))
    return halves and not starts_region and _reach(window) <= max(_REACHES)


def _reach(window: Window) -> int:
    """How many blocks on each side of its own an output reads, at least one."""
    ends = [_place(axis, tap)[0] for axis in (window.rows, window.columns) for tap in (0, axis.taps - 1)]
    return max(min(_REACHES), *(abs(end) for end in ends))


def _place(axis: Axis, tap: int) -> tuple[int, int]:
    """How many blocks from output i the row of this tap is, and which row of the block."""
    return divmod(tap - axis.before, _BLOCK)


def _one_number_each() -> npt.NDArray[np.float32]:
    """(12, 3, 3, 3): filter (2p + q) * 3 + c picks colour c at row p and column q of a block."""
    kernel = np.zeros((_BLOCK, _BLOCK, _COLOURS, 3, 3, _COLOURS), np.float32)
    for p, q, colour in np.ndindex(_BLOCK, _BLOCK, _COLOURS):
        kernel[p, q, colour, 1 + p, 1 + q, colour] = 1
    return kernel.reshape(_BLOCK_CHANNELS, 3, 3, _COLOURS)
