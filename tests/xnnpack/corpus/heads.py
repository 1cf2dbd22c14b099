"""How a region ends, and reductions and resizes inside it."""

from __future__ import annotations

from functools import partial

from tests.xnnpack.corpus._case import EVEN, SQUARE, Case, body, ends
from tests.xnnpack.graphs import Graph

ROW = (1, 2, 56, 3)
"""Maps of 1x28."""
COLUMN = (1, 40, 2, 3)
"""Maps of 20x1."""


def _squeeze_and_excite(g: Graph, **options: object) -> int:
    x = body(g)
    scale = g.unary(g.conv(g.conv(g.mean(x, keep_dims=True), 4), 16), "LOGISTIC")
    return ends(g, g.multiply(x, scale))


def _two_heads(g: Graph) -> tuple[int, int]:
    x = body(g)
    return g.mean(g.conv(x, 12)), g.depth_to_space(g.conv(x, 8))


def _classifier(g: Graph, channels: int) -> int:
    return g.reshape(g.conv(g.mean(body(g, channels), keep_dims=True), 8), (1, 8))


def _reduced(g: Graph, axes: tuple[int, ...], keep_dims: bool, kind: str = "MEAN") -> int:
    return g.mean(body(g), axes=axes, keep_dims=keep_dims, kind=kind)


def _reduced_inside(g: Graph, axes: tuple[int, ...], kind: str = "MEAN") -> int:
    x = body(g)
    return ends(g, g.multiply(x, g.mean(x, axes=axes, keep_dims=True, kind=kind)))


def _reduced_then_reshaped(g: Graph, axes: tuple[int, ...]) -> int:
    return g.flat(g.mean(body(g), axes=axes, keep_dims=True))


def _reduced_then_pointwise(g: Graph, axes: tuple[int, ...]) -> int:
    return ends(g, g.conv(g.mean(body(g), axes=axes, keep_dims=True), 16))


def _function_of_mean(g: Graph, kind: str, channels: int) -> int:
    return g.unary(g.mean(body(g, channels), keep_dims=True), kind)


def _gate(g: Graph, channels: int) -> int:
    return ends(g, g.conv(_function_of_mean(g, "LOGISTIC", channels), 8))


def _flat_dense(g: Graph, channels: int) -> int:
    """As Keras writes it: FULLY_CONNECTED that takes the mean for a list."""
    weights, bias = g.weights((8, channels), zeros=0.9, stored="sparse"), g.weights((8,))
    return g.apply("FULLY_CONNECTED", g.mean(body(g, channels), keep_dims=True), weights, bias, shape=(1, 8))


def _dense(g: Graph, channels: int) -> int:
    return g.dense(g.mean(body(g, channels), keep_dims=True), 8, zeros=0.9, stored="sparse")


AXES = {
    "1": (1,),
    "2": (2,),
    "3": (3,),
    "1_2": (1, 2),
    "2_1": (2, 1),
    "m3_m2": (-3, -2),
    "2_3": (2, 3),
    "1_3": (1, 3),
    "1_2_3": (1, 2, 3),
    "0": (0,),
    "0_1_2": (0, 1, 2),
    "0_1_2_3": (0, 1, 2, 3),
}
SIZES = {"": EVEN, "_square": SQUARE}
BY_CHANCE = "the map has 20 rows, for which XNNPACK takes the channels: with no more than 20 of them, none goes missing"
ONE_POSITION = "XNNPACK runs the last convolution dense; in a map of one position no layout is wrong"

CASES = [
    *(
        Case(
            f"mean_over_{name}{'_keeping' if keep else ''}{square}", partial(_reduced, axes=axes, keep_dims=keep), size
        )
        for name, axes in AXES.items()
        for keep in (False, True)
        for square, size in SIZES.items()
    ),
    *(
        Case(f"mean_over_{name}_keeping_then_reshape{square}", partial(_reduced_then_reshaped, axes=axes), size)
        for name, axes in AXES.items()
        for square, size in SIZES.items()
    ),
    *(
        Case(f"mean_over_{name}_inside{square}", partial(_reduced_inside, axes=axes), size)
        for name, axes in AXES.items()
        for square, size in SIZES.items()
    ),
    *(
        Case(f"mean_over_{name}_then_1x1{square}", partial(_reduced_then_pointwise, axes=axes), size)
        for name, axes in AXES.items()
        for square, size in SIZES.items()
    ),
    *(
        Case(
            f"{kind.lower()}_of_a_mean_of_{channels}",
            partial(_function_of_mean, kind=kind, channels=channels),
            because=BY_CHANCE if channels <= 20 else "",
        )
        for kind in ("LOGISTIC", "RELU")
        for channels in (20, 64)
    ),
    *(
        Case(
            f"1x1_of_a_sigmoid_of_a_mean_of_{channels}",
            partial(_gate, channels=channels),
            because=BY_CHANCE if channels <= 20 else "",
        )
        for channels in (12, 20, 64)
    ),
    *(
        Case(
            f"{name}_of_a_mean_of_{channels}",
            partial(build, channels=channels),
            because=BY_CHANCE if (name, channels) == ("dense", 20) else "",
        )
        for name, build in (("flat_dense", _flat_dense), ("dense", _dense))
        for channels in (20, 64)
    ),
    Case("sum_at_the_end", partial(_reduced, axes=(1, 2), keep_dims=False, kind="SUM")),
    Case("sum_inside", partial(_reduced_inside, axes=(1, 2), kind="SUM")),
    Case("reduce_max_at_the_end", partial(_reduced, axes=(1, 2), keep_dims=False, kind="REDUCE_MAX")),
    Case("average_pool_at_the_end", lambda g: g.flat(g.pool(body(g), "AVERAGE_POOL_2D"))),
    Case("mean_and_a_classifier", lambda g: g.dense(g.mean(body(g)), 500)),
    Case("mean_and_a_sparse_classifier", lambda g: g.dense(g.mean(body(g)), 500, zeros=0.9, stored="sparse")),
    *(
        Case(f"depth_to_space_{block}", lambda g, block=block: g.depth_to_space(body(g, 4 * block**2), block))
        for block in (2, 3, 4)
    ),
    Case("depth_to_space_of_the_first_convolution", lambda g: g.depth_to_space(g.stem())),
    Case("depth_to_space_of_1_channel", lambda g: g.depth_to_space(body(g, 4))),
    Case("goes_on_densely_after_its_end", lambda g: g.conv(g.depth_to_space(body(g)), 8)),
    Case("no_end", lambda g: g.flat(body(g))),
    Case("no_end_and_no_reader", lambda g: body(g)),
    Case("space_to_depth_at_the_end", lambda g: g.apply("SPACE_TO_DEPTH", body(g), shape=(1, 10, 14, 64), blockSize=2)),
    Case("squeeze_and_excite", _squeeze_and_excite),
    Case("mean_and_depth_to_space", _two_heads),
    *(
        Case(
            f"classifier_as_convolution_of_{channels}",
            partial(_classifier, channels=channels),
            because=BY_CHANCE if channels <= 20 else "",
        )
        for channels in (20, 28, 64)
    ),
    Case(
        "sigmoid_after_mean_that_keeps_dims",
        lambda g: g.unary(g.mean(body(g, 64), keep_dims=True), "LOGISTIC"),
    ),
    Case("sigmoid_after_mean", lambda g: g.unary(g.mean(body(g, 64)), "LOGISTIC")),
    Case(
        "squeeze_after_mean_that_keeps_dims",
        lambda g: g.apply("SQUEEZE", g.mean(body(g), keep_dims=True), shape=(1, 16), squeezeDims=[1, 2]),
    ),
    Case("dense_inside", lambda g: g.mean(g.dense(g.stem(), 16))),
    Case(
        "sparse_dense_inside",
        lambda g: g.mean(g.dense(g.stem(), 16, zeros=0.9, stored="sparse")),
    ),
    Case(
        "sparse_dense_after_a_convolution",
        lambda g: g.mean(g.dense(body(g), 16, zeros=0.9, stored="sparse")),
    ),
    *(
        Case(f"resize_{name}", lambda g, options=options: ends(g, g.resize(body(g), **options)))
        for name, options in {
            "half_pixel": {"half_pixel": True},
            "legacy": {"half_pixel": False},
            "align_corners": {"half_pixel": False, "align": True},
            "align_corners_and_half_pixel": {"half_pixel": True, "align": True},
            "by_3": {"scale": 3},
            "by_1": {"scale": 1},
        }.items()
    ),
    Case("resize_smaller", lambda g: ends(g, _resized(g, body(g), (7, 9)))),
    Case("resize_to_1x1", lambda g: ends(g, _resized(g, body(g), (1, 1)))),
    Case("resize_to_height_1", lambda g: ends(g, _resized(g, body(g), (1, 28)))),
    Case("resize_at_the_end", lambda g: g.resize(body(g))),
    Case("resize_from_height_1", lambda g: ends(g, g.resize(body(g))), size=ROW),
    Case("resize_from_width_1", lambda g: ends(g, g.resize(body(g))), size=COLUMN),
    Case("resize_of_the_start_from_height_1", lambda g: ends(g, g.resize(g.stem())), size=ROW),
    Case("resize_from_height_2", lambda g: ends(g, g.resize(body(g))), size=(1, 4, 56, 3)),
    Case("map_of_height_1", lambda g: ends(g, body(g)), size=ROW),
    Case("map_of_width_1", lambda g: ends(g, body(g)), size=COLUMN),
    Case("map_of_1x1", lambda g: ends(g, body(g)), size=(1, 2, 2, 3)),
    Case(
        "map_of_1x1_and_no_end",
        lambda g: (g.mean(g.conv(x := body(g), 12)), x),
        size=(1, 2, 2, 3),
        because=ONE_POSITION,
    ),
    Case(
        "nearest_neighbour_inside",
        lambda g: ends(g, g.apply("RESIZE_NEAREST_NEIGHBOR", body(g), g.integers(40, 56), shape=(1, 40, 56, 16))),
    ),
]


def _resized(g: Graph, x: int, size: tuple[int, int]) -> int:
    batch, _, _, depth = g.shape(x)
    return g.apply("RESIZE_BILINEAR", x, g.integers(*size), shape=(batch, *size, depth), halfPixelCenters=True)
