"""How a region ends, and reductions and resizes inside it."""

from __future__ import annotations

from functools import partial

from tests.xnnpack.corpus._case import DENSE, SPARSE, WRONG, Case, body, ends
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
}

CASES = [
    *(
        Case(f"mean_over_{name}{'_keeping' if keep else ''}", partial(_reduced, axes=axes, keep_dims=keep))
        for name, axes in AXES.items()
        for keep in (False, True)
    ),
    *(
        Case(f"mean_over_{name}_keeping_then_reshape", partial(_reduced_then_reshaped, axes=axes))
        for name, axes in AXES.items()
    ),
    *(Case(f"mean_over_{name}_inside", partial(_reduced_inside, axes=axes)) for name, axes in AXES.items()),
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
    Case("no_end", lambda g: g.flat(body(g)), DENSE, "region_end"),
    Case("no_end_and_no_reader", lambda g: body(g), DENSE, "region_end"),
    Case("space_to_depth_at_the_end", lambda g: g.apply("SPACE_TO_DEPTH", body(g), shape=(1, 10, 14, 64), blockSize=2)),
    Case("squeeze_and_excite", _squeeze_and_excite),
    Case("mean_and_depth_to_space", _two_heads),
    *(
        Case(f"classifier_as_convolution_of_{channels}", partial(_classifier, channels=channels))
        for channels in (20, 28, 64)
    ),
    Case(
        "sigmoid_after_mean_that_keeps_dims",
        lambda g: g.unary(g.mean(body(g, 64), keep_dims=True), "LOGISTIC"),
        WRONG,
        "no_output_inside",
    ),
    Case("sigmoid_after_mean", lambda g: g.unary(g.mean(body(g, 64)), "LOGISTIC")),
    Case(
        "squeeze_after_mean_that_keeps_dims",
        lambda g: g.apply("SQUEEZE", g.mean(body(g), keep_dims=True), shape=(1, 16), squeezeDims=[1, 2]),
    ),
    Case("dense_after_mean_that_keeps_dims", lambda g: g.dense(g.mean(body(g), keep_dims=True), 8)),
    Case("dense_inside", lambda g: g.mean(g.dense(g.stem(), 16)), DENSE, "operator_in_region"),
    Case(
        "sparse_dense_inside",
        lambda g: g.mean(g.dense(g.stem(), 16, zeros=0.9, stored="sparse")),
        DENSE,
        "operator_in_region",
    ),
    Case(
        "sparse_dense_after_a_convolution",
        lambda g: g.mean(g.dense(body(g), 16, zeros=0.9, stored="sparse")),
        DENSE,
        "operator_in_region",
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
    Case("resize_at_the_end", lambda g: g.resize(body(g)), DENSE, "region_end"),
    Case("resize_from_height_1", lambda g: ends(g, g.resize(body(g))), size=ROW),
    Case("resize_from_width_1", lambda g: ends(g, g.resize(body(g))), size=COLUMN),
    Case("resize_from_height_2", lambda g: ends(g, g.resize(body(g))), size=(1, 4, 56, 3)),
    Case("map_of_height_1", lambda g: ends(g, body(g)), size=ROW),
    Case("map_of_width_1", lambda g: ends(g, body(g)), size=COLUMN),
    Case("map_of_1x1", lambda g: ends(g, body(g)), size=(1, 2, 2, 3)),
    Case("map_of_1x1_and_no_end", lambda g: (g.mean(g.conv(x := body(g), 12)), x), size=(1, 2, 2, 3)),
    Case(
        "nearest_neighbour_inside",
        lambda g: ends(g, g.apply("RESIZE_NEAREST_NEIGHBOR", body(g), g.integers(40, 56), shape=(1, 40, 56, 16))),
    ),
]


def _resized(g: Graph, x: int, size: tuple[int, int]) -> int:
    batch, _, _, depth = g.shape(x)
    return g.apply("RESIZE_BILINEAR", x, g.integers(*size), shape=(batch, *size, depth), halfPixelCenters=True)
