"""New layers behind an operator of the file: what several rewrites are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.tflite import GraphEditor, Operator

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_MOST_WEIGHTS = 1 << 24
"""Of one new constant: 64 MiB, ten times the largest here. A file may claim a value of billions of channels."""
_MOST_LAYERS = 2_000
"""Of one rewrite, ten times the most here. A file may have any number of places to rewrite."""


def is_a(operator: Operator, *kinds: str, inputs: int) -> bool:
    """Whether the operator is one of these kinds, with this number of inputs, none left out, and one output."""
    counted = len(operator.inputs) == inputs and len(operator.outputs) == 1
    return operator.name in kinds and counted and -1 not in operator.inputs


def identity(graph: GraphEditor, channels: int) -> npt.NDArray[np.float32]:
    """(channels, channels) with ones on the diagonal. Raises InputError where that is too large."""
    check_size(graph, channels**2)
    return np.eye(channels, dtype=np.float32)


def check_size(graph: GraphEditor, weights: int) -> None:
    """Raise InputError where a new constant would have more weights than any network here."""
    if weights > _MOST_WEIGHTS:
        raise InputError(f"{graph.model.name}: a rewrite would add {weights:,} weights at once, which is too many.")


class Layers:
    """Adds layers to a graph, one after the other; every method returns the value that it makes.

    Kernels are stored as the file stores its convolutions' (float16 or float32); factors of MUL stay in float32, as
    they are few and rounding them would move the outputs. Equal constants are stored once. Kernels raise InputError
    where the file is quantized, and all layers do where they become too many.
    """

    def __init__(self, graph: GraphEditor) -> None:
        self._graph = graph
        self._like = _first_kernel(graph)
        self._stored: dict[tuple[str, tuple[int, ...], bytes], int] = {}
        self._after: Operator | None = None
        self._before: Operator | None = None
        self._name, self._made = "", 0
        self._added = 0

    def begin(self, after: Operator | None = None, *, before: Operator | None = None) -> None:
        """Put what is added from now on behind, or before, this operator of the file."""
        place = after or before
        name = "" if place is None else self._graph.name(place.outputs[0])
        self._made = self._made if name == self._name else 0
        self._after, self._before, self._name = after, before, name

    def pointwise(
        self, value: int, kernel: npt.NDArray[Any], *, bias: npt.NDArray[Any] | None = None, activation: str = "NONE"
    ) -> int:
        """A 1x1 convolution. `kernel`: (out, in); `bias`: (out,), else zeros."""
        filters = len(kernel)
        inputs = [value, self._weights(kernel[:, None, None, :]), self._bias(bias, filters)]
        shape = (*self._graph.shape(value)[:3], filters)
        options: dict[str, Any] = {"padding": "VALID", "strides": (1, 1), "dilation": (1, 1), "activation": activation}
        return self._add("CONV_2D", inputs, shape, **options)

    def halve(self, value: int, taps: npt.NDArray[Any], *, activation: str = "NONE") -> int:
        """A depthwise 3x3 convolution of stride 2 with an explicit PAD 1, the form that XNNPACK's sparse region takes.

        Output row i reads rows 2i - 1 to 2i + 1, the same for columns; height and width are even. `taps`: (3, 3), the
        same for every channel, or (3, 3, channels). Each call brings a PAD of its own: XNNPACK takes in a PAD that one
        convolution reads, and no other.
        """
        channels = self._graph.shape(value)[3]
        kernel = np.broadcast_to(taps if taps.ndim == 3 else taps[:, :, None], (3, 3, channels))[None]
        return self._halved("DEPTHWISE_CONV_2D", value, kernel, channels, activation=activation, depth_multiplier=1)

    def halve_picture(self, value: int, kernel: npt.NDArray[Any]) -> int:
        """The convolution that XNNPACK's sparse region starts with: PAD 1, 3x3, stride 2, on 3 channels.

        Half as many rows and columns, rounded up. `kernel`: (out, 3, 3, 3).
        """
        return self._halved("CONV_2D", value, kernel, len(kernel), activation="NONE")

    def shift(self, value: int, taps: npt.NDArray[Any]) -> int:
        """A depthwise convolution of stride 1 with zeros around the map. `taps`: (k, k, channels) for an odd k."""
        inputs = [value, self._weights(taps[None]), self._bias(None, taps.shape[2])]
        options: dict[str, Any] = {"padding": "SAME", "strides": (1, 1), "dilation": (1, 1), "activation": "NONE"}
        return self._add("DEPTHWISE_CONV_2D", inputs, self._graph.shape(value), depth_multiplier=1, **options)

    def pad(self, value: int, amounts: npt.NDArray[Any]) -> int:
        """Zeros around height and width. `amounts`: (2, 2), before and after the rows, before and after the columns."""
        batch, height, width, channels = self._graph.shape(value)
        rows, columns = (int(pair.sum()) for pair in amounts)
        shape = (batch, height + rows, width + columns, channels)
        return self._add("PAD", [value, self._integers(np.pad(amounts, ((1, 1), (0, 0))))], shape)

    def add(self, left: int, right: int, *, activation: str = "NONE") -> int:
        """The sum of two values of one shape."""
        return self._add("ADD", [left, right], self._graph.shape(left), activation=activation)

    def scale(self, value: int, factors: npt.NDArray[Any], *, activation: str = "NONE") -> int:
        """The value times one factor, or one factor a channel: the constant comes first and has four dimensions."""
        constant = self._constant("float32", factors.astype(np.float32).reshape(1, 1, 1, -1))
        return self._add("MUL", [constant, value], self._graph.shape(value), activation=activation)

    def depth_to_space(self, value: int, block: int) -> int:
        """(n, h, w, c * block**2) to (n, h * block, w * block, c)."""
        batch, height, width, channels = self._graph.shape(value)
        shape = (batch, height * block, width * block, channels // block**2)
        return self._add("DEPTH_TO_SPACE", [value], shape, block_size=block)

    def space_to_depth(self, value: int, block: int) -> int:
        """(n, h * block, w * block, c) to (n, h, w, c * block**2)."""
        batch, height, width, channels = self._graph.shape(value)
        shape = (batch, height // block, width // block, channels * block**2)
        return self._add("SPACE_TO_DEPTH", [value], shape, block_size=block)

    def slice(self, value: int, shape: Sequence[int]) -> int:
        """The value's first entries in each dimension."""
        inputs = [value, self._integers(np.zeros(len(shape))), self._integers(np.array(shape))]
        return self._add("SLICE", inputs, shape)

    def reverse(self, value: int, axis: int) -> int:
        """The value's entries the other way round in one dimension; older runtimes take no more at once."""
        return self._add("REVERSE_V2", [value, self._integers(np.array([axis]))], self._graph.shape(value))

    def reshape(self, value: int, shape: Sequence[int]) -> int:
        """The value in another shape."""
        return self._add("RESHAPE", [value, self._integers(np.array(shape))], shape, new_shape=shape)

    def _halved(self, kind: str, value: int, kernel: npt.NDArray[Any], channels: int, **options: Any) -> int:
        batch, height, width, _ = self._graph.shape(value)
        padded = self.pad(value, np.ones((2, 2), np.int64))
        inputs = [padded, self._weights(kernel), self._bias(None, channels)]
        shape = (batch, (height + 1) // 2, (width + 1) // 2, channels)
        return self._add(kind, inputs, shape, padding="VALID", strides=(2, 2), dilation=(1, 1), **options)

    def _add(self, kind: str, inputs: Sequence[int], shape: Sequence[int], **options: Any) -> int:
        self._added += 1
        if self._added > _MOST_LAYERS:
            raise InputError(f"{self._graph.model.name}: a rewrite would add more than {_MOST_LAYERS:,} operators.")
        name = self._next(kind.lower())
        return self._graph.add(kind, inputs, shape, name=name, before=self._before, after=self._after, **options)

    def _bias(self, values: npt.NDArray[Any] | None, filters: int) -> int:
        return self._weights(np.broadcast_to(np.float32(0), (filters,)) if values is None else values)

    def _weights(self, values: npt.NDArray[Any]) -> int:
        check_size(self._graph, values.size)
        return self._constant("weights", values.astype(np.float32))

    def _integers(self, values: npt.NDArray[Any]) -> int:
        return self._constant("integers", values.astype(np.int32))

    def _constant(self, kind: str, values: npt.NDArray[Any]) -> int:
        key = kind, values.shape, values.tobytes()
        if key not in self._stored:
            name = self._next(kind)
            if kind == "weights" and self._like is not None:
                self._stored[key] = self._graph.weights(values, like=self._like, name=name)
            else:
                self._stored[key] = self._graph.constant(values, name=name)
        return self._stored[key]

    def _next(self, what: str) -> str:
        self._made += 1
        return f"{self._name}/{what}_{self._made}"


def _first_kernel(graph: GraphEditor) -> int | None:
    """The first convolution's kernel that the file stores."""
    convolutions = (operator for operator in graph.graph.operators if operator.name in _CONVOLUTIONS)
    kernels = (kernel for operator in convolutions for kernel in operator.inputs[1:2] if kernel >= 0)
    return next((kernel for kernel in kernels if graph.stored_dtype(kernel) is not None), None)
