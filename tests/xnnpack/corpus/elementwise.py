"""Elementwise operators: ADD and MUL with constants of every rank and place, and what else works value by value."""

from __future__ import annotations

from functools import partial

from tests.xnnpack.corpus._case import Case, body, ends, residual
from tests.xnnpack.graphs import Graph

CONSTANTS: dict[str, tuple[int, ...]] = {
    "scalar_rank_0": (),
    "scalar_rank_1": (1,),
    "scalar_rank_4": (1, 1, 1, 1),
    "vector_rank_1": (16,),
    "vector_rank_2": (1, 16),
    "vector_rank_3": (1, 1, 16),
    "vector_rank_4": (1, 1, 1, 16),
    "row_rank_4": (1, 1, 28, 1),
    "column_rank_4": (1, 20, 1, 1),
    "map_rank_4": (1, 20, 28, 1),
    "tensor_rank_3": (20, 28, 16),
    "tensor_rank_4": (1, 20, 28, 16),
}
UNARY = (
    *("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC", "NEG"),
    *("RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN", "SQRT", "SQUARE", "TANH", "SIGN"),
)


def _with_constant(g: Graph, kind: str, shape: tuple[int, ...], first: bool) -> int:
    x, constant = body(g), g.weights(shape, stored="float32")
    return g.mean(g.binary(kind, *((constant, x) if first else (x, constant))))


def _binary(g: Graph, kind: str) -> int:
    x = body(g)
    return g.mean(g.binary(kind, x, residual(g, x)))


def _broadcast(g: Graph, kind: str, shape: str) -> int:
    """With a value that the region computes, of fewer elements."""
    x = body(g)
    small = {
        "vector": lambda: g.conv(g.mean(x, keep_dims=True), 16),
        "map": lambda: g.conv(x, 1),
        "scalar": lambda: g.conv(g.mean(x, keep_dims=True), 1),
    }[shape]()
    return ends(g, g.binary(kind, x, small))


def _broadcast_first(g: Graph) -> int:
    x = body(g)
    return ends(g, g.multiply(g.conv(g.mean(x, keep_dims=True), 16), x))


def _unary(g: Graph, kind: str) -> int:
    x = body(g)
    if kind in ("LOG", "RSQRT"):
        # Of numbers above 0, so that both kernels give numbers.
        x = g.unary(x, "LOGISTIC")
    return ends(g, g.apply(kind, x, **({"alpha": 0.1} if kind == "LEAKY_RELU" else {})))


def _quantized(g: Graph, x: int) -> int:
    """RELU on int8."""
    return g.apply("DEQUANTIZE", g.apply("RELU", g.apply("QUANTIZE", x, dtype="int8"), dtype="int8"))


def _of_itself(g: Graph, kind: str) -> int:
    x = body(g)
    return g.mean(g.binary(kind, x, x))


def _constant_inside(g: Graph, first: bool) -> int:
    x, constant = body(g), g.weights((1, 1, 1, 16))
    return ends(g, g.multiply(*((constant, x) if first else (x, constant))))


CASES = [
    *(
        Case(
            f"{kind.lower()}_{name}_{'first' if first else 'second'}",
            partial(_with_constant, kind=kind, shape=shape, first=first),
        )
        for kind in ("ADD", "MUL")
        for name, shape in CONSTANTS.items()
        for first in (True, False)
    ),
    *(
        Case(
            f"{kind.lower()}_inside",
            partial(_binary, kind=kind),
        )
        for kind in ("ADD", "MUL", "SUB", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")
    ),
    *(
        Case(f"{kind.lower()}_broadcasts_a_{shape}", partial(_broadcast, kind=kind, shape=shape))
        for kind in ("ADD", "MUL")
        for shape in ("vector", "map", "scalar")
    ),
    Case("mul_broadcasts_its_first_operand", _broadcast_first),
    *(Case(f"{kind.lower()}_of_a_value_with_itself", partial(_of_itself, kind=kind)) for kind in ("ADD", "MUL")),
    Case("constant_first_inside", partial(_constant_inside, first=True)),
    Case("constant_second_inside", partial(_constant_inside, first=False)),
    *(Case(f"{kind.lower()}_inside", partial(_unary, kind=kind)) for kind in UNARY),
    Case("int8_between", lambda g: ends(g, _quantized(g, body(g)))),
    Case("int8_after_the_start", lambda g: ends(g, _quantized(g, g.stem()))),
    Case("prelu_inside", lambda g: g.mean(g.prelu(body(g)))),
    Case("softmax_inside", lambda g: g.mean(g.apply("SOFTMAX", body(g), beta=1.0))),
    Case("l2_normalization_inside", lambda g: g.mean(g.apply("L2_NORMALIZATION", body(g)))),
]
