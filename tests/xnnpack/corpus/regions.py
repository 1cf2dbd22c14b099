"""Several regions, values that come from outside or are read there, and operators that cut the graph."""

from __future__ import annotations

from functools import partial

from tests.xnnpack.corpus._case import Case, body, ends
from tests.xnnpack.graphs import Graph


def _two(g: Graph, second: dict[str, object]) -> tuple[int, int]:
    return ends(g, body(g)), g.mean(g.conv(g.stem(12), 24, **second))  # type: ignore[arg-type]


def _second_broken(g: Graph) -> tuple[int, int]:
    return ends(g, body(g)), ends(g, g.max_pool(g.stem(12)), 24)


def _one_after_the_other(g: Graph) -> int:
    picture = g.depth_to_space(g.conv(body(g), 12))
    return ends(g, g.conv(g.stem_of(picture, 12), 24))


def _leak(g: Graph, side: str) -> tuple[int, ...]:
    x = body(g)
    main = g.depth_to_space(g.conv(x, 16))
    if side == "itself":
        return main, x
    if side == "reshape":
        return main, g.flat(x)
    if side == "conv":
        return main, g.conv(x, 4)
    if side == "conv_reshape":
        return main, g.flat(g.conv(x, 4))
    if side == "max_pool":
        return main, g.max_pool(x)
    if side == "relu":
        return main, g.unary(x, "LOGISTIC")
    return main, g.apply(side, x)


def _concatenate(g: Graph) -> int:
    x = g.stem()
    return ends(g, g.concatenate(g.conv(x, 8), g.conv(x, 8)))


def _concatenate_at_the_end(g: Graph) -> int:
    x = body(g)
    return g.concatenate(g.mean(x), g.mean(g.conv(x, 12)))


def _from_outside(g: Graph, origin: str) -> int:
    x = body(g)
    other = {
        "input": lambda: g.new_input("other", g.shape(x)),
        "branch": lambda: g.conv(g.max_pool(g.input), 16),
        "space_to_depth": lambda: g.apply("SPACE_TO_DEPTH", g.conv(g.input, 4), shape=(1, 20, 28, 16), blockSize=2),
    }[origin]()
    return ends(g, g.add(x, other))


def _other_input_first(g: Graph) -> int:
    x = body(g)
    return ends(g, g.add(g.new_input("other", g.shape(x)), x))


def _unused_branch(g: Graph) -> int:
    x = body(g)
    g.conv(x, 4)
    return ends(g, x)


def _unused_branch_with_reader(g: Graph) -> int:
    x = body(g)
    g.flat(x)
    return ends(g, x)


def _kernel_output(g: Graph) -> tuple[int, int]:
    x = g.stem()
    kernel = g.weights((16, 1, 1, 8), zeros=0.9, stored="sparse")
    options = {"padding": 0, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    y = g.apply("CONV_2D", x, kernel, g.weights((16,)), shape=(*g.shape(x)[:3], 16), **options)
    return g.mean(y), kernel


def _middle(g: Graph, kind: str) -> int:
    """Between two 1x1 convolutions, so that there is a first and a second part."""
    return ends(g, _left_alone(g, body(g), kind))


def _left_alone(g: Graph, x: int, kind: str) -> int:
    """An operator that XNNPACK's delegate does not take."""
    if kind == "REVERSE_V2":
        return g.apply(kind, x, g.integers(1))
    if kind == "MIRROR_PAD":
        return g.pad(x, kind=kind)
    return g.apply(kind, x)


def _beside(g: Graph, kind: str) -> tuple[int, int]:
    x = body(g)
    return ends(g, x), _left_alone(g, x, kind)


def _after(g: Graph, kind: str) -> int:
    return _left_alone(g, g.depth_to_space(body(g)), kind)


def _beside_input(g: Graph) -> tuple[int, int]:
    return ends(g, body(g)), _left_alone(g, g.input, "REVERSE_V2")


CASES = [
    Case("two_regions", partial(_two, second={})),
    Case("two_regions_one_below_two_thirds", partial(_two, second={"zeros": 0.5})),
    Case("two_regions_one_stored_dense", partial(_two, second={"stored": "dense"})),
    Case("two_regions_one_stored_dense_below", partial(_two, second={"stored": "dense", "zeros": 0.5})),
    Case("two_regions_one_broken", _second_broken),
    Case("two_regions_one_after_the_other", _one_after_the_other),
    *(
        Case(f"read_outside_by_{side.lower()}", partial(_leak, side=side))
        for side in ("itself", "reshape", "conv", "conv_reshape", "max_pool", "relu", "SOFTMAX", "L2_NORMALIZATION")
    ),
    Case("concatenate", _concatenate),
    Case("concatenate_at_the_end", _concatenate_at_the_end),
    *(
        Case(f"adds_a_value_of_{origin}", partial(_from_outside, origin=origin))
        for origin in ("input", "branch", "space_to_depth")
    ),
    Case("adds_to_a_value_of_input", _other_input_first),
    Case("value_read_by_nobody", _unused_branch),
    Case("reshape_read_by_nobody", _unused_branch_with_reader),
    Case("output_inside", lambda g: (ends(g, x := body(g)), x)),
    Case("end_is_read_and_is_output", lambda g: (y := ends(g, body(g)), g.dense(y, 4))),
    Case("kernel_is_an_output", _kernel_output),
    Case("max_pool_inside", lambda g: ends(g, g.max_pool(g.stem()))),
    Case("max_pool_between", lambda g: ends(g, g.max_pool(body(g)))),
    Case("prelu_between", lambda g: ends(g, g.prelu(body(g)))),
    *(
        Case(f"{kind.lower()}_left_alone_between", partial(_middle, kind=kind))
        for kind in ("REVERSE_V2", "MIRROR_PAD", "L2_NORMALIZATION", "SIGN")
    ),
    *(
        Case(f"{kind.lower()}_left_alone_beside", partial(_beside, kind=kind))
        for kind in ("REVERSE_V2", "MIRROR_PAD", "L2_NORMALIZATION", "SIGN")
    ),
    *(
        Case(f"{kind.lower()}_left_alone_after", partial(_after, kind=kind))
        for kind in ("REVERSE_V2", "MIRROR_PAD", "L2_NORMALIZATION", "SIGN")
    ),
    Case("left_alone_beside_the_input", _beside_input),
    Case("picture_scaled_before_the_start", lambda g: ends(g, g.stem_of(g.scaled_input()))),
    Case(
        "picture_turned_before_the_start",
        lambda g: ends(g, g.stem_of(g.apply("REVERSE_V2", g.input, g.integers(1, 2)))),
    ),
    Case("picture_sliced_before_the_start", lambda g: ends(g, g.stem_of(_sliced(g)))),
    Case("picture_cut_before_the_start", lambda g: ends(g, g.stem_of(_cut(g)))),
    Case(
        "picture_turned_round_before_the_start",
        lambda g: ends(g, g.stem_of(g.apply("TRANSPOSE", g.input, g.integers(0, 2, 1, 3), shape=(1, 56, 40, 3)))),
    ),
    Case("batch_of_2", lambda g: ends(g, body(g)), size=(2, 40, 56, 3)),
    Case("batch_of_2_to_depth_to_space", lambda g: g.depth_to_space(body(g)), size=(2, 40, 56, 3)),
    Case("batch_of_2_squeeze_and_excite", lambda g: _excite(g), size=(2, 40, 56, 3)),
]


def _sliced(g: Graph) -> int:
    return g.apply("SLICE", g.input, g.integers(0, 1, 2, 0), g.integers(1, 38, 52, 3), shape=(1, 38, 52, 3))


def _cut(g: Graph) -> int:
    places = g.integers(0, 1, 2, 0), g.integers(1, 39, 54, 3), g.integers(1, 1, 1, 1)
    return g.apply("STRIDED_SLICE", g.input, *places, shape=(1, 38, 52, 3))


def _excite(g: Graph) -> int:
    x = body(g)
    return ends(g, g.multiply(x, g.unary(g.conv(g.mean(x, keep_dims=True), 16), "LOGISTIC")))
