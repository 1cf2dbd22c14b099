"""Small graphs that meet all rules of sparse inference, or break exactly one, with what the runtime then does.

Every outcome was measured: the file and its densified twin through LiteRT's web runtime, outputs compared bit by bit
(`test_against_runtime.py` does it again where that runtime is at hand).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.xnnpack.graphs import NONE, Graph

Build = Callable[[Graph], "int | tuple[int, ...]"]
SPARSE, DENSE, WRONG = "sparse", "dense", "wrong"


@dataclass(frozen=True)
class Case:
    """`rule`: the one that is broken first, as the verdict names it; None where all hold."""

    name: str
    build: Build
    outcome: str
    rule: str | None = None

    def file(self) -> bytes:
        # 40x40, then 20x20: no size equals a channel count, so a wrong layout cannot go unseen.
        graph = Graph((1, 40, 40, 3))
        outputs = self.build(graph)
        return graph.output(*(outputs if isinstance(outputs, tuple) else (outputs,)))


def _body(g: Graph, filters: int = 16) -> int:
    return g.conv(g.stem(), filters)


def _ends(g: Graph, x: int, filters: int = 16) -> int:
    return g.mean(g.conv(x, filters))


def _leak(g: Graph, side: Callable[[int], int]) -> tuple[int, int]:
    x = _body(g)
    return g.depth_to_space(g.conv(x, 16)), side(x)


def _squeeze_and_excite(g: Graph) -> int:
    x = _body(g)
    scale = g.unary(g.conv(g.conv(g.mean(x, keep_dims=True), 4), 16), "LOGISTIC")
    return _ends(g, g.multiply(x, scale))


def _subtract(g: Graph) -> int:
    x = _body(g)
    return g.mean(g.subtract(x, g.conv(x, 16)))


def _residual(g: Graph) -> int:
    x = _body(g)
    return g.mean(g.add(x, g.conv(x, 16)))


def _concatenate(g: Graph) -> int:
    x = g.stem()
    return _ends(g, g.concatenate(g.conv(x, 8), g.conv(x, 8)))


def _read_by_reshape_too(g: Graph) -> tuple[int, int]:
    x = _body(g)
    return _ends(g, x), g.reshape(x, (1, 20 * 20 * 16))


def _output_inside(g: Graph) -> tuple[int, int]:
    x = _body(g)
    return _ends(g, x), x


def _shared_pad(g: Graph) -> int:
    pad = g.pad(g.stem())
    left, right = (g.conv(g.depthwise(pad, stride=2, padding="VALID"), 16) for _ in range(2))
    return g.mean(g.add(left, right))


CASES = [
    Case("ends_in_mean", lambda g: g.mean(_body(g)), SPARSE),
    Case("ends_in_mean_that_keeps_dims", lambda g: g.reshape(g.mean(_body(g), keep_dims=True), (1, 16)), SPARSE),
    Case("ends_in_mean_and_a_classifier", lambda g: g.dense(g.mean(_body(g)), 500), SPARSE),
    Case("ends_in_depth_to_space", lambda g: g.depth_to_space(_body(g)), SPARSE),
    Case("goes_on_densely_after_its_end", lambda g: g.conv(g.depth_to_space(_body(g)), 8), SPARSE),
    Case("depthwise_same_at_stride_1", lambda g: _ends(g, g.depthwise(g.stem())), SPARSE),
    Case(
        "depthwise_explicit_pad_at_stride_2",
        lambda g: _ends(g, g.depthwise(g.pad(g.stem()), stride=2, padding="VALID")),
        SPARSE,
    ),
    Case(
        "depthwise_5x5_explicit_pad_at_stride_2",
        lambda g: _ends(g, g.depthwise(g.pad(g.stem(), before=2, after=2), kernel=5, stride=2, padding="VALID")),
        SPARSE,
    ),
    Case("residual", _residual, SPARSE),
    Case("resize", lambda g: _ends(g, g.resize(_body(g))), SPARSE),
    Case("hard_swish", lambda g: _ends(g, g.unary(_body(g), "HARD_SWISH")), SPARSE),
    Case("squeeze_and_excite", _squeeze_and_excite, SPARSE),
    Case("constant_first", lambda g: g.mean(g.multiply(g.weights((1, 1, 1, 16)), _body(g))), SPARSE),
    Case("separate_relu", lambda g: g.mean(g.unary(g.conv(g.stem(), 16, activation=NONE), "RELU")), SPARSE),
    Case("picture_scaled_before_the_start", lambda g: g.mean(g.conv(g.stem_of(g.scaled_input()), 16)), SPARSE),
    Case("one_kernel_of_two_stored_sparse", lambda g: _ends(g, g.conv(g.stem(), 16, stored="dense")), SPARSE),
    Case("just_more_than_two_thirds", lambda g: g.mean(g.conv(g.stem(12), 12, zeros=97 / 144)), SPARSE),
    Case("exactly_two_thirds", lambda g: g.mean(g.conv(g.stem(12), 12, zeros=96 / 144)), DENSE, "zero_share"),
    Case("stored_dense", lambda g: g.mean(g.conv(g.stem(), 16, stored="dense")), DENSE, "weights_through_densify"),
    Case(
        "first_convolution_same",
        lambda g: g.mean(g.conv(g.conv(g.input, 8, kernel=3, stride=2), 16)),
        DENSE,
        "first_conv_padding",
    ),
    Case(
        "first_convolution_at_stride_1",
        lambda g: g.mean(g.conv(g.conv(g.input, 8, kernel=3), 16)),
        DENSE,
        "first_conv_stride",
    ),
    Case(
        "no_first_convolution",
        lambda g: g.mean(g.conv(g.conv(g.input, 8), 16)),
        DENSE,
        "region_start",
    ),
    Case("3x3_convolution_inside", lambda g: _ends(g, g.conv(g.stem(), 8, kernel=3)), DENSE, "first_conv_stride"),
    Case("5x5_convolution_inside", lambda g: _ends(g, g.conv(g.stem(), 8, kernel=5)), DENSE, "conv_kernel"),
    Case(
        "3x3_stride_2_on_8_channels",
        lambda g: _ends(g, g.conv(g.pad(g.stem()), 8, kernel=3, stride=2, padding="VALID")),
        DENSE,
        "first_conv_channels",
    ),
    Case("1x1_at_stride_2", lambda g: g.mean(g.conv(g.stem(), 16, stride=2)), DENSE, "pointwise_stride"),
    Case(
        "1x1_after_pad",
        lambda g: g.mean(g.conv(g.pad(g.stem()), 16, padding="VALID")),
        DENSE,
        "pointwise_padding",
    ),
    Case(
        "depthwise_same_at_stride_2",
        lambda g: _ends(g, g.depthwise(g.stem(), stride=2)),
        DENSE,
        "depthwise_same_padding",
    ),
    Case(
        "depthwise_pad_on_one_side",
        lambda g: _ends(g, g.depthwise(g.pad(g.stem(), before=0), stride=2, padding="VALID")),
        DENSE,
        "depthwise_padding",
    ),
    Case("depthwise_valid", lambda g: _ends(g, g.depthwise(g.stem(), padding="VALID")), DENSE, "depthwise_padding"),
    Case("depthwise_pad_and_same", lambda g: _ends(g, g.depthwise(g.pad(g.stem()))), DENSE, "depthwise_padding"),
    Case("depthwise_7x7", lambda g: _ends(g, g.depthwise(g.stem(), kernel=7)), DENSE, "depthwise_kernel"),
    Case(
        "depthwise_multiplier", lambda g: _ends(g, g.depthwise(g.stem(), multiplier=2)), DENSE, "depthwise_multiplier"
    ),
    Case("depthwise_dilation", lambda g: _ends(g, g.depthwise(g.stem(), dilation=2)), DENSE, "no_dilation"),
    Case(
        "depthwise_stride_3",
        lambda g: _ends(g, g.depthwise(g.pad(g.stem()), stride=3, padding="VALID")),
        DENSE,
        "depthwise_stride",
    ),
    Case("pad_read_twice", _shared_pad, DENSE, "operator_in_region"),
    Case(
        "channel_pad", lambda g: _ends(g, g.pad(g.stem(), before=0, after=0, channels=4)), DENSE, "operator_in_region"
    ),
    Case("prelu", lambda g: g.mean(g.prelu(_body(g))), DENSE, "operator_in_region"),
    Case("max_pool", lambda g: _ends(g, g.max_pool(g.stem())), DENSE, "operator_in_region"),
    Case("subtract", _subtract, DENSE, "operator_in_region"),
    Case("no_end", lambda g: g.reshape(_body(g), (1, 20 * 20 * 16)), DENSE, "region_end"),
    Case("read_outside_too", _read_by_reshape_too, DENSE, "read_inside_only"),
    Case(
        "constant_second",
        lambda g: g.mean(g.multiply(_body(g), g.weights((1, 1, 1, 16)))),
        DENSE,
        "constant_operand_first",
    ),
    Case("concatenate", _concatenate, WRONG, "leaves_only_through_end"),
    Case(
        "constant_second_inside",
        lambda g: _ends(g, g.multiply(_body(g), g.weights((1, 1, 1, 16)))),
        WRONG,
        "leaves_only_through_end",
    ),
    Case(
        "side_branch_without_end",
        lambda g: _leak(g, lambda x: g.reshape(g.conv(x, 4), (1, 20 * 20 * 4))),
        WRONG,
        "leaves_only_through_end",
    ),
    Case("side_output_without_end", lambda g: _leak(g, lambda x: g.conv(x, 4)), WRONG, "no_output_inside"),
    Case("output_inside", _output_inside, WRONG, "no_output_inside"),
    Case(
        "classifier_as_convolution",
        lambda g: g.reshape(g.conv(g.mean(_body(g, 64), keep_dims=True), 8), (1, 8)),
        WRONG,
        "leaves_only_through_end",
    ),
    Case(
        "sigmoid_after_mean_that_keeps_dims",
        lambda g: g.unary(g.mean(_body(g, 64), keep_dims=True), "LOGISTIC"),
        WRONG,
        "no_output_inside",
    ),
]
