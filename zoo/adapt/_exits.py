"""Ways out of XNNPACK's sparse region, which ends in DEPTH_TO_SPACE or MEAN and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zoo.adapt._layers import Layers, identity
from zoo.tflite import GraphEditor, ModelEditor, Operator, Tensor
from zoo.xnnpack import Leaving, values_leaving

_BLOCK = 2
"""The smallest that XNNPACK takes."""
_QUARTERS = _BLOCK**2


@dataclass(frozen=True)
class ExitThroughDepthToSpace:
    """DEPTH_TO_SPACE, then SPACE_TO_DEPTH: each value that leaves the region ends it and comes out as it was.

    Proof: for blocks of one size SPACE_TO_DEPTH is the inverse of DEPTH_TO_SPACE, and both only move numbers; only the
    first is in the region. Any height and width will do. Channels have to come in fours: a 1x1 convolution that nothing
    else reads gets rows of zeros (free in sparse kernels), any other value goes through a 1x1 convolution with the
    identity and rows of zeros; SLICE takes the zeros off outside. A MEAN ends the region itself; where its readers
    mind that XNNPACK gives it another shape, RESHAPE gives it the right one.
    """

    name: ClassVar[str] = "exit_through_depth_to_space"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Lets values leave the sparse region by DEPTH_TO_SPACE, undone outside by SPACE_TO_DEPTH."
    needs: ClassVar[str] = (
        "a first convolution and 1x1 convolutions after it that XNNPACK can run sparse, and a value that leaves them "
        "other than through DEPTH_TO_SPACE or MEAN"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Give every value that leaves an exit; returns how many. Raises InputError where the file is quantized."""
        graph, layers = editor.main, Layers(editor.main)
        places = _places(editor)
        for leaving in places:
            producer = graph.graph.producers[leaving.value]
            layers.begin(producer)
            if leaving.mean and not leaving.kept:
                outside = layers.reshape(leaving.value, graph.shape(leaving.value))
            else:
                outside = _out_and_back(graph, layers, leaving, producer)
            graph.redirect(leaving.value, outside, only=leaving.readers)
        return len(places)


@dataclass(frozen=True)
class HeadToDepthToSpace:
    """The published sparse face detector's head: 1x1 to 4 C channels, depthwise of stride 2, DEPTH_TO_SPACE.

    Proof: every row of the kernel is there four times, once for each place in a block of 2 by 2; the depthwise kernel
    of a copy has a single 1, at its place; DEPTH_TO_SPACE puts the four back where they were. It takes four times the
    multiply-adds of the head, and training may use the copies apart. For runtimes that lack SPACE_TO_DEPTH.
    """

    name: ClassVar[str] = "head_to_depth_to_space"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Ends a 1x1 convolution at the region's edge in a stride-2 depthwise and DEPTH_TO_SPACE."
    needs: ClassVar[str] = (
        "a 1x1 convolution on an even height and width whose value leaves what XNNPACK can run sparse and is not read "
        "inside"
    )

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every such head; returns how many. Raises InputError where the file is quantized."""
        graph, places = editor.main, 0
        layers = Layers(graph)
        for leaving in _places(editor):
            producer = graph.graph.producers[leaving.value]
            head = _Head.of(graph, leaving, producer)
            if head is None or any(size % _BLOCK for size in graph.shape(leaving.value)[1:3]):
                continue
            layers.begin(producer)
            channels = len(head.bias)
            kernel, bias = np.tile(head.kernel, (_QUARTERS, 1)), np.tile(head.bias, _QUARTERS)
            copies = layers.pointwise(head.source, kernel, bias=bias, activation=head.activation)
            taps = np.zeros((3, 3, _QUARTERS * channels), np.float32)
            for quarter in range(_QUARTERS):
                row, column = divmod(quarter, _BLOCK)
                taps[1 + row, 1 + column, quarter * channels : (quarter + 1) * channels] = 1
            ended = layers.depth_to_space(layers.halve(copies, taps), _BLOCK)
            graph.redirect(leaving.value, ended, only=leaving.readers)
            places += 1
        return places


def _places(editor: ModelEditor) -> list[Leaving]:
    tensors = editor.main.graph.tensors
    return [leaving for leaving in values_leaving(editor.model) if _is_map(tensors[leaving.value])]


def _is_map(tensor: Tensor) -> bool:
    return len(tensor.shape) == 4 and min(tensor.shape) > 0 and tensor.dtype == "float32"


@dataclass(frozen=True, eq=False)
class _Head:
    """A 1x1 convolution whose value nothing in the region reads. `kernel`: (out, in), `bias`: (out,)."""

    source: int
    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    activation: str

    @classmethod
    def of(cls, graph: GraphEditor, leaving: Leaving, producer: Operator) -> _Head | None:
        """The head that makes the value; None where something else does."""
        if producer.name != "CONV_2D" or leaving.kept or producer.options.activation is None:
            return None
        source, *constants = graph.inputs_of(producer)
        kernel, bias = (graph.value(constant) if constant >= 0 else None for constant in (*constants, -1, -1)[:2])
        channels = graph.shape(leaving.value)[3]
        if kernel is None or kernel.dtype != np.float32 or kernel.shape[:3] != (channels, 1, 1) or kernel.ndim != 4:
            return None
        if bias is None:
            bias = np.zeros(channels, np.float32)
        if bias.shape != (channels,):
            return None
        return cls(source, kernel[:, 0, 0, :], bias, producer.options.activation)


def _out_and_back(graph: GraphEditor, layers: Layers, leaving: Leaving, producer: Operator) -> int:
    """The value behind the region's end."""
    shape = graph.shape(leaving.value)
    channels = shape[3]
    missing = -channels % _QUARTERS
    value = leaving.value
    # A mean needs the convolution in any case, as XNNPACK gives it another shape.
    if missing or leaving.mean:
        head = _Head.of(graph, leaving, producer)
        rows = ((0, missing), (0, 0))
        if head is None:
            value = layers.pointwise(value, np.pad(identity(graph, channels), rows))
        else:
            kernel, bias = np.pad(head.kernel, rows), np.pad(head.bias, rows[0])
            value = layers.pointwise(head.source, kernel, bias=bias, activation=head.activation)
    outside = layers.space_to_depth(layers.depth_to_space(value, _BLOCK), _BLOCK)
    return layers.slice(outside, shape) if missing else outside
