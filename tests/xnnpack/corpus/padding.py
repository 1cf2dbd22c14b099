"""Padding: SAME on even and odd sizes, explicit PAD alike on all sides or not, taken into its reader or not."""

from __future__ import annotations

from functools import partial

from tests.xnnpack.corpus._case import EVEN, ODD, Case, ends
from tests.xnnpack.graphs import Graph

SIZES = {"even": EVEN, "odd": ODD}
FIRST_SIZES = {"even": EVEN, "odd": (1, 41, 57, 3)}


def _depthwise(g: Graph, kernel: int, before: int, after: int, stride: int = 2) -> int:
    padded = g.pad(g.stem(), before=before, after=after)
    return ends(g, g.depthwise(padded, kernel=kernel, stride=stride, padding="VALID"))


def _same(g: Graph, kernel: int, stride: int) -> int:
    return ends(g, g.depthwise(g.stem(), kernel=kernel, stride=stride))


def _first(g: Graph, before: int, after: int) -> int:
    return ends(g, g.conv(g.pad(g.input, before=before, after=after), 8, kernel=3, stride=2, padding="VALID"))


def _two_readers(g: Graph) -> int:
    padded = g.pad(g.stem())
    left, right = (g.conv(g.depthwise(padded, stride=2, padding="VALID"), 16) for _ in range(2))
    return g.mean(g.add(left, right))


def _pad_is_output(g: Graph) -> tuple[int, int]:
    padded = g.pad(g.stem())
    return ends(g, g.depthwise(padded, stride=2, padding="VALID")), padded


def _two_first_convolutions(g: Graph) -> int:
    padded = g.pad(g.input)
    left, right = (g.conv(padded, 8, kernel=3, stride=2, padding="VALID") for _ in range(2))
    return ends(g, g.add(left, right))


CASES = [
    *(
        Case(f"depthwise_{kernel}x{kernel}_same_stride_1_{size}", partial(_same, kernel=kernel, stride=1), size=sizes)
        for kernel in (3, 5)
        for size, sizes in SIZES.items()
    ),
    *(
        Case(
            f"depthwise_{kernel}x{kernel}_same_stride_2_{size}",
            partial(_same, kernel=kernel, stride=2),
            size=sizes,
        )
        for kernel in (3, 5)
        for size, sizes in SIZES.items()
    ),
    *(
        Case(
            f"depthwise_{kernel}x{kernel}_pad_{before}_{after}_{size}",
            partial(_depthwise, kernel=kernel, before=before, after=after),
            size=sizes,
        )
        for kernel, pads in ((3, ((1, 1), (0, 1), (1, 0), (2, 2))), (5, ((2, 2), (1, 2), (2, 1), (1, 1))))
        for before, after in pads
        for size, sizes in SIZES.items()
    ),
    Case("depthwise_3x3_pad_1_stride_1", partial(_depthwise, kernel=3, before=1, after=1, stride=1)),
    Case("depthwise_5x5_pad_2_stride_1", partial(_depthwise, kernel=5, before=2, after=2, stride=1)),
    Case("depthwise_valid", lambda g: ends(g, g.depthwise(g.stem(), padding="VALID"))),
    Case("depthwise_pad_and_same", lambda g: ends(g, g.depthwise(g.pad(g.stem())))),
    Case(
        "depthwise_pad_and_same_stride_2",
        lambda g: ends(g, g.depthwise(g.pad(g.stem()), stride=2)),
    ),
    *(
        Case(
            f"first_convolution_same_{size}",
            lambda g: ends(g, g.conv(g.input, 8, kernel=3, stride=2)),
            size=sizes,
        )
        for size, sizes in FIRST_SIZES.items()
    ),
    *(
        Case(
            f"first_convolution_pad_{before}_{after}_{size}",
            partial(_first, before=before, after=after),
            size=sizes,
        )
        for before, after in ((1, 1), (0, 1), (1, 0), (2, 2), (0, 0))
        for size, sizes in FIRST_SIZES.items()
    ),
    Case("1x1_after_pad", lambda g: g.mean(g.conv(g.pad(g.stem()), 16, padding="VALID"))),
    Case("1x1_same_after_pad", lambda g: g.mean(g.conv(g.pad(g.stem()), 16))),
    Case("pad_read_twice", _two_readers),
    Case("pad_read_twice_before_the_start", _two_first_convolutions),
    Case("pad_that_is_an_output", _pad_is_output),
    Case("pad_of_pad", lambda g: _pad_of_pad(g)),
    Case("pad_before_mean", lambda g: g.mean(g.pad(g.conv(g.stem(), 16)))),
    Case("channel_pad", lambda g: ends(g, g.pad(g.stem(), before=0, after=0, channels=4))),
    Case(
        "spatial_and_channel_pad",
        lambda g: ends(g, g.depthwise(g.pad(g.stem(), channels=4), stride=2, padding="VALID")),
    ),
    *(
        Case(
            f"{kind.lower()}_inside",
            lambda g, kind=kind: ends(g, g.depthwise(g.pad(g.stem(), kind=kind), stride=2, padding="VALID")),
        )
        for kind in ("PADV2", "MIRROR_PAD")
    ),
    *(
        Case(
            f"{kind.lower()}_before_the_start",
            lambda g, kind=kind: ends(g, g.conv(g.pad(g.input, kind=kind), 8, kernel=3, stride=2, padding="VALID")),
        )
        for kind in ("PADV2", "MIRROR_PAD")
    ),
    Case("pad_of_pad_before_the_start", lambda g: ends(g, g.stem_of(g.pad(g.input)))),
]


def _pad_of_pad(g: Graph) -> int:
    padded = g.pad(g.pad(g.stem()))
    return ends(g, g.depthwise(padded, kernel=5, stride=2, padding="VALID"))
