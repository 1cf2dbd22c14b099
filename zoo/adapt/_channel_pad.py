"""PAD over channels as a 1x1 convolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from zoo.adapt._layers import Layers, check_size, identity, is_a
from zoo.tflite import GraphEditor, ModelEditor, Operator


@dataclass(frozen=True)
class ChannelPadToConv:
    """PAD of channels as a 1x1 convolution whose kernel is the identity between rows of zeros.

    Proof: output channel `before + i` is 1 * x_i + 0, every other one is 0; 0 and 1 are exact in float16, and sums
    with zeros are exact. Where the same PAD also pads height or width, that part stays a PAD after the convolution
    (the bias is 0, so zeros around the map are what the convolution would have made of zeros), where XNNPACK can take
    it into the next layer. Sparse kernels multiply only the ones.
    """

    name: ClassVar[str] = "channel_pad_to_conv"
    exact: ClassVar[bool] = True
    purpose: ClassVar[str] = "Computes a PAD of channels by a 1x1 convolution with the identity as its kernel."
    needs: ClassVar[str] = "a PAD of the channels of float32 values of 4 dimensions, by constant amounts"

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every PAD of channels; returns how many. Raises InputError where the file is quantized."""
        graph, places = editor.main, 0
        layers = Layers(graph)
        for operator in graph.graph.operators:
            amounts = _channel_amounts(graph, operator)
            if amounts is None:
                continue
            layers.begin(operator)
            value = graph.inputs_of(operator)[0]
            before, after = (int(amount) for amount in amounts[3])
            channels = graph.shape(value)[3]
            check_size(graph, (before + channels + after) * channels)
            kernel = np.pad(identity(graph, channels), ((before, after), (0, 0)))
            widened = layers.pointwise(value, kernel)
            if amounts[1:3].any():
                widened = layers.pad(widened, amounts[1:3])
            graph.redirect(operator.outputs[0], widened)
            places += 1
        return places


def _channel_amounts(graph: GraphEditor, operator: Operator) -> npt.NDArray[np.int64] | None:
    """(4, 2): what PAD adds before and after each dimension; None where it is no PAD that this rewrite takes."""
    if not is_a(operator, "PAD", inputs=2):
        return None
    tensor, amounts = graph.graph.tensors[operator.inputs[0]], graph.value(operator.inputs[1])
    if amounts is None or amounts.shape != (4, 2) or tensor.dtype != "float32" or len(tensor.shape) != 4:
        return None
    if amounts[0].any() or not amounts[3].any() or amounts.min() < 0:
        return None
    return amounts.astype(np.int64)
