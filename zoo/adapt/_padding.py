"""Padding that XNNPACK's sparse region takes: an explicit PAD, equal on all sides, that one convolution reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zoo.adapt._layers import Layers
from zoo.adapt._windows import Window, read_padded, window_of
from zoo.tflite import GraphEditor, ModelEditor

_SMALL, _LARGE = 3, 5
"""Depthwise kernels that XNNPACK's sparse region holds, padded by half their size."""
_COLOURS = 3


@dataclass(frozen=True)
class PadExplicit:
    """An explicit PAD for padding that is equal on all sides already, or as good as equal.

    Proof: SAME at stride 2 on an odd size pads as much before as behind, so PAD and VALID read the same numbers. Where
    an explicit PAD has one row less behind than before, the row that is added is read by no output. A PAD that several
    convolutions read is given to each of them.
    """

    name: ClassVar[str] = "pad_explicit"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Writes padding that is equal on all sides as an explicit PAD that one convolution reads."
    needs: ClassVar[str] = (
        "a convolution of stride 2 whose SAME padding is equal on all sides, as on odd sizes, or a PAD that several "
        "convolutions read"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every convolution that XNNPACK would misread only for how its padding is written; returns how many."""
        graph, layers, places = editor.main, Layers(editor.main), 0
        for window in _windows(graph):
            same_at_stride_1 = window.operator.options.padding == "SAME" and not window.padded
            if window.explicit or window.equal in (None, (0, 0)) or (same_at_stride_1 and window.strides == (1, 1)):
                continue
            read_padded(graph, layers, window, window.source, window.rows.sides, window.columns.sides)
            places += 1
        return places


@dataclass(frozen=True)
class PadSymmetric:
    """A depthwise 3x3 of stride 2, padded 0 before and 1 behind, as a 5x5 padded by 2.

    Proof: output i reads rows 2i to 2i + 2; a 5x5 padded by 2 reads 2i - 2 to 2i + 2. With the 3x3 kernel in its lower
    right corner and zeros elsewhere it adds up the same products. Padded by 1 before, the kernel sits in the middle.
    """

    name: ClassVar[str] = "pad_symmetric"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Makes a depthwise 3x3 of stride 2 with uneven padding a 5x5 padded by 2 on each side."
    needs: ClassVar[str] = "a DEPTHWISE_CONV_2D of 3x3 and stride 2 with uneven padding, such as SAME on an even size"

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every such layer; returns how many. Raises InputError where its kernel is quantized."""
        graph, layers, places = editor.main, Layers(editor.main), 0
        for window in _windows(graph):
            if not _uneven(window, "DEPTHWISE_CONV_2D", _SMALL):
                continue
            kernel = graph.value(window.operator.inputs[1])
            top, left = (_LARGE // 2 - before for before in window.before)
            room = _LARGE - _SMALL
            if kernel is None or not (0 <= top <= room and 0 <= left <= room) or not window.fits(_LARGE, _LARGE // 2):
                continue
            corner = np.pad(kernel, ((0, 0), (top, room - top), (left, room - left), (0, 0)))
            name = f"{graph.name(window.operator.inputs[1])}/5x5"
            graph.read(window.operator, 1, graph.weights(corner, like=window.operator.inputs[1], name=name))
            read_padded(graph, layers, window, window.source, (_LARGE // 2,) * 2, (_LARGE // 2,) * 2)
            places += 1
        return places


@dataclass(frozen=True)
class PadSymmetricInexact:
    """Equal padding where no exact form is: depthwise 5x5 of stride 2, and the first convolution, 3x3."""

    name: ClassVar[str] = "pad_symmetric_inexact"
    exact: ClassVar[bool] = False
    purpose: ClassVar[str] = "Pads a depthwise 5x5 of stride 2, and a 3x3 first convolution, equally on all sides."
    needs: ClassVar[str] = (
        "a DEPTHWISE_CONV_2D of 5x5, or a first CONV_2D of 3x3 on 3 channels, of stride 2 with uneven padding, such as "
        "SAME on an even size"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every such layer; returns how many."""
        graph, layers, places = editor.main, Layers(editor.main), 0
        for window in _windows(graph):
            first = _uneven(window, "CONV_2D", _SMALL) and graph.shape(window.operator.inputs[1])[3] == _COLOURS
            padding = window.rows.taps // 2
            if not (first or _uneven(window, "DEPTHWISE_CONV_2D", _LARGE)) or not window.fits(2 * padding + 1, padding):
                continue
            source = window.source
            read_padded(graph, layers, window, source, (padding,) * 2, (padding,) * 2)
            places += 1
        return places


def _windows(graph: GraphEditor) -> list[Window]:
    found = (window_of(graph, operator) for operator in graph.graph.operators)
    return [window for window in found if window is not None]


def _uneven(window: Window, kind: str, taps: int) -> bool:
    """Whether it is such a layer of stride 2, undilated, whose padding cannot be equal on all sides."""
    fits = window.operator.name == kind and window.taps == (taps, taps) and window.strides == (2, 2)
    return fits and window.dilation == (1, 1) and window.equal is None
