"""How weights are stored, and how many of them are zero."""

from __future__ import annotations

from functools import partial

from tests.xnnpack.corpus._case import Case, body, ends
from tests.xnnpack.graphs import Graph


def _share(g: Graph, *zeros: float) -> int:
    """12 channels throughout, so that 144 weights a kernel can be two thirds zero exactly."""
    x = g.stem(12)
    for share in zeros:
        x = g.conv(x, 12, zeros=share)
    return g.mean(x)


def _stored(g: Graph, stored: str, zeros: float = 0.9) -> int:
    return g.mean(g.conv(g.stem(), 16, stored=stored, zeros=zeros))


def _biased(g: Graph, stored: str, bias: str) -> int:
    return g.mean(g.conv(body(g), 12, stored=stored, bias=bias))


def _beside_densify(g: Graph, stored: str) -> int:
    """Another kernel asks for sparse inference."""
    return g.mean(g.conv(g.conv(g.stem(), 16), 12, stored=stored))


CASES = [
    Case("just_more_than_two_thirds", lambda g: _share(g, 97 / 144)),
    Case("exactly_two_thirds", lambda g: _share(g, 96 / 144)),
    Case("just_more_than_two_thirds_of_two", lambda g: _share(g, 0.9, (193 - 130) / 144)),
    Case("exactly_two_thirds_of_two", lambda g: _share(g, 0.9, (192 - 130) / 144)),
    Case("one_weight_left", lambda g: _share(g, 143 / 144)),
    Case("none_zero", lambda g: _share(g, 0.0)),
    Case("zeros_of_depthwise_count_not", lambda g: _zero_depthwise(g)),
    Case("stored_dense", partial(_stored, stored="dense")),
    Case("stored_dense_in_float32", partial(_stored, stored="float32")),
    Case("stored_sparse_in_float32", partial(_stored, stored="sparse_float32")),
    Case("stored_in_blocks", partial(_stored, stored="blocks")),
    Case("stored_in_blocks_below", partial(_stored, stored="blocks", zeros=0.6)),
    Case("stored_in_blocks_above", partial(_stored, stored="blocks", zeros=0.7)),
    Case("stored_sparse_in_int8", partial(_stored, stored="sparse_int8")),
    Case("stored_dense_in_int8", partial(_stored, stored="int8")),
    *(
        Case(f"beside_densify_stored_{stored}", partial(_beside_densify, stored=stored))
        for stored in ("dense", "float32", "sparse_float32", "blocks", "int8", "sparse_int8")
    ),
    *(
        Case(f"{stored}_kernel_beside_a_{bias}_bias", partial(_biased, stored=stored, bias=bias))
        for stored, bias in (
            *(("dense", "float32"), ("sparse", "float32"), ("float32", "dense"), ("sparse_float32", "dense")),
            *(("int8", "dense"), ("sparse_int8", "dense"), ("blocks", "float32")),
        )
    ),
    Case(
        "only_the_classifier_stored_sparse",
        lambda g: g.dense(g.mean(body(g, stored="dense")), 500, zeros=0.9, stored="sparse"),
    ),
    Case("one_kernel_of_two_stored_sparse", lambda g: ends(g, body(g, stored="dense"))),
]


def _zero_depthwise(g: Graph) -> int:
    return g.mean(g.conv(g.depthwise(g.stem(12), zeros=0.9), 12, zeros=0.6))
