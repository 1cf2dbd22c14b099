"""Operators that read a value of the region beside its end: outputs are wrong where XNNPACK's delegate leaves them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.xnnpack.corpus._case import Case, body, ends
from tests.xnnpack.graphs import ACTIVATIONS, Graph

Read = Callable[[Graph, int], int]
"""Of a value of 20x28x16."""


def _alike(kind: str, **options: object) -> Read:
    return lambda g, x: g.apply(kind, x, **options)  # type: ignore[arg-type]


def _together(kind: str) -> Read:
    return lambda g, x: g.binary(kind, x, x)


def _resized(kind: str) -> Read:
    return lambda g, x: g.apply(kind, x, g.integers(40, 56), shape=(1, 40, 56, 16))


def _transposed_convolution(g: Graph, x: int) -> int:
    shape, kernel = (1, 40, 56, 8), g.weights((8, 2, 2, 16))
    return g.apply("TRANSPOSE_CONV", g.integers(*shape), kernel, x, shape=shape, padding=1, strideH=2, strideW=2)


def _multiplied(g: Graph, x: int) -> int:
    return g.apply("BATCH_MATMUL", x, g.weights((1, 20, 16, 4), stored="float32"), shape=(1, 20, 28, 4))


def _cut(g: Graph, x: int) -> int:
    places = g.integers(0, 0, 0, 0), g.integers(1, 10, 10, 16), g.integers(1, 1, 1, 1)
    return g.apply("STRIDED_SLICE", x, *places, shape=(1, 10, 10, 16))


READERS: dict[str, Read] = {
    **{kind.lower(): _alike(kind) for kind in ("L2_NORMALIZATION", "LOG_SOFTMAX", "SIGN")},
    **{kind.lower(): _together(kind) for kind in ("DIV", "MAXIMUM", "MINIMUM", "POW", "SQUARED_DIFFERENCE", "SUB")},
    **{kind.lower(): partial(Graph.pad, kind=kind) for kind in ("MIRROR_PAD", "PAD", "PADV2")},
    **{kind.lower(): partial(Graph.pool, kind=kind) for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D")},
    **{kind.lower(): partial(Graph.mean, kind=kind) for kind in ("REDUCE_MAX", "REDUCE_MIN")},
    **{kind.lower(): _resized(kind) for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")},
    "batch_matmul": _multiplied,
    "cast": _alike("CAST", dtype="int32"),
    "channel_pad": lambda g, x: g.pad(x, before=0, after=0, channels=4),
    "concatenation": lambda g, x: g.concatenate(x, x),
    "conv_2d": lambda g, x: g.conv(x, 4, kernel=3),
    "conv_2d_with_tanh": lambda g, x: g.conv(x, 4, kernel=3, activation=ACTIVATIONS["tanh"]),
    "depthwise_conv_2d": lambda g, x: g.depthwise(x, kernel=7),
    "expand_dims": lambda g, x: g.apply("EXPAND_DIMS", x, g.integers(1), shape=(1, 1, 20, 28, 16)),
    "fully_connected": lambda g, x: g.apply(
        "FULLY_CONNECTED", x, g.weights((5, 20 * 28 * 16)), g.weights((5,)), shape=(1, 5)
    ),
    "leaky_relu": _alike("LEAKY_RELU", alpha=0.1),
    "leaky_relu_of_alpha_0": _alike("LEAKY_RELU", alpha=0.0),
    "prelu": Graph.prelu,
    "quantize": lambda g, x: g.apply("DEQUANTIZE", g.apply("QUANTIZE", x, dtype="int8")),
    "reshape": Graph.flat,
    "reverse_v2": lambda g, x: g.apply("REVERSE_V2", x, g.integers(1)),
    "slice": lambda g, x: g.apply("SLICE", x, g.integers(0, 0, 0, 0), g.integers(1, 9, 9, 16), shape=(1, 9, 9, 16)),
    "softmax": _alike("SOFTMAX", beta=1.0),
    "softmax_of_beta_half": _alike("SOFTMAX", beta=0.5),
    "space_to_depth": _alike("SPACE_TO_DEPTH", shape=(1, 10, 14, 64), blockSize=2),
    "squeeze": _alike("SQUEEZE", shape=(20, 28, 16), squeezeDims=[0]),
    "strided_slice": _cut,
    "tile": lambda g, x: g.apply("TILE", x, g.integers(1, 2, 1, 1), shape=(1, 40, 28, 16)),
    "transpose": lambda g, x: g.apply("TRANSPOSE", x, g.integers(0, 2, 1, 3), shape=(1, 28, 20, 16)),
    "transpose_conv": _transposed_convolution,
}


def _beside(g: Graph, read: Read) -> tuple[int, int]:
    x = body(g)
    return ends(g, x), read(g, x)


CASES = [Case(f"{name}_beside", partial(_beside, read=read)) for name, read in READERS.items()]
