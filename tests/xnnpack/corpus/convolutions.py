"""Convolutions: kernels, strides, groups, dilation, activations, and the first one."""

from __future__ import annotations

from functools import partial

from tests.xnnpack.corpus._case import Case, body, ends
from tests.xnnpack.graphs import ACTIVATIONS, NONE, Graph


def _activated(g: Graph, operator: str, activation: int) -> int:
    if operator == "first":
        return ends(g, g.stem(activation=activation))
    x = g.stem()
    if operator == "pointwise":
        return ends(g, g.conv(x, 16, activation=activation))
    if operator == "depthwise":
        return ends(g, g.depthwise(x, activation=activation))
    x = g.conv(x, 16)
    return ends(g, (g.add if operator == "add" else g.multiply)(x, g.conv(x, 16), activation))


def _clamp_read_twice(g: Graph) -> int:
    x = g.conv(g.stem(), 16, activation=NONE)
    return g.mean(g.add(g.unary(x, "RELU"), x))


FUSED = [
    Case(f"{operator}_fused_{name}", partial(_activated, operator=operator, activation=ACTIVATIONS[name]))
    for operator in ("first", "pointwise", "depthwise", "add", "mul")
    for name in ("none", "relu6", "relu_n1_to_1", "tanh", "sign_bit")
]

CASES = [
    *FUSED,
    Case("separate_relu", lambda g: g.mean(g.unary(body(g, activation=NONE), "RELU"))),
    Case("separate_relu6_after_depthwise", lambda g: ends(g, g.unary(g.depthwise(g.stem(), activation=NONE), "RELU6"))),
    Case("separate_relu_of_a_value_read_twice", _clamp_read_twice),
    Case("one_channel", lambda g: g.depth_to_space(g.conv(g.conv(g.stem(), 1), 16))),
    Case(
        "first_convolution_at_stride_1",
        lambda g: ends(g, g.conv(g.input, 8, kernel=3)),
    ),
    Case(
        "first_convolution_at_stride_2x1",
        lambda g: ends(g, g.conv(g.pad(g.input), 8, kernel=3, stride=(2, 1), padding="VALID")),
    ),
    Case(
        "first_convolution_5x5",
        lambda g: ends(g, g.conv(g.pad(g.input, before=2, after=2), 8, kernel=5, stride=2, padding="VALID")),
    ),
    Case(
        "first_convolution_3x1",
        lambda g: ends(g, g.conv(g.pad(g.input), 8, kernel=(3, 1), stride=2, padding="VALID")),
    ),
    Case(
        "first_convolution_on_1_channel",
        lambda g: ends(g, g.stem()),
        size=(1, 40, 56, 1),
    ),
    Case(
        "first_convolution_on_4_channels",
        lambda g: ends(g, g.stem()),
        size=(1, 40, 56, 4),
    ),
    Case("first_convolution_of_7_filters", lambda g: ends(g, g.stem(7))),
    Case("first_convolution_grouped", lambda g: ends(g, g.stem(9, groups=3))),
    Case(
        "first_convolution_dilated",
        lambda g: ends(g, g.conv(g.pad(g.input), 8, kernel=3, dilation=2, padding="VALID")),
    ),
    Case("no_first_convolution", lambda g: g.mean(g.conv(g.conv(g.input, 8), 16))),
    Case("3x3_convolution_inside", lambda g: ends(g, g.conv(g.stem(), 8, kernel=3))),
    Case("5x5_convolution_inside", lambda g: ends(g, g.conv(g.stem(), 8, kernel=5))),
    Case(
        "3x3_stride_2_on_8_channels",
        lambda g: ends(g, g.conv(g.pad(g.stem()), 8, kernel=3, stride=2, padding="VALID")),
    ),
    Case(
        "3x3_stride_2_on_3_channels_inside",
        lambda g: ends(g, g.stem_of(g.conv(g.stem(), 3))),
    ),
    Case("1x1_at_stride_2", lambda g: g.mean(g.conv(g.stem(), 16, stride=2))),
    Case("1x1_grouped", lambda g: g.mean(g.conv(g.stem(), 16, groups=2))),
    Case("1x1_dilated", lambda g: g.mean(g.conv(g.stem(), 16, dilation=2))),
    Case("1x1_valid", lambda g: g.mean(g.conv(g.stem(), 16, padding="VALID"))),
    Case("depthwise_7x7", lambda g: ends(g, g.depthwise(g.stem(), kernel=7))),
    Case("depthwise_3x5", lambda g: ends(g, g.depthwise(g.stem(), kernel=(3, 5)))),
    Case("depthwise_1x1", lambda g: ends(g, g.depthwise(g.stem(), kernel=1))),
    Case("depthwise_multiplier_2", lambda g: ends(g, g.depthwise(g.stem(), multiplier=2))),
    Case("depthwise_dilation_2", lambda g: ends(g, g.depthwise(g.stem(), dilation=2))),
    Case(
        "depthwise_stride_3",
        lambda g: ends(g, g.depthwise(g.pad(g.stem()), stride=3, padding="VALID")),
    ),
    Case(
        "depthwise_stride_1x2",
        lambda g: ends(g, g.depthwise(g.pad(g.stem()), stride=(1, 2), padding="VALID")),
    ),
    Case(
        "transposed_convolution",
        lambda g: ends(g, _transposed(g, g.stem())),
    ),
]


def _transposed(g: Graph, x: int) -> int:
    batch, height, width, depth = g.shape(x)
    shape = (batch, height * 2, width * 2, depth)
    inputs = g.integers(*shape), g.weights((depth, 2, 2, depth)), x
    return g.apply("TRANSPOSE_CONV", *inputs, shape=shape, padding=1, strideH=2, strideW=2)
