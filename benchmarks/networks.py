"""Networks of random weights that engage, for `prediction.py`: of many shapes, so that no cost hides behind another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod, sqrt

import numpy as np

from tests.xnnpack.graphs import Graph

NOT_ACTIVE = 0
Stage = tuple[int, int]
"""Channels, and number of blocks."""


@dataclass(frozen=True)
class Zeros:
    """Share of zeros in 1x1 kernels, in blocks of so many output channels, and that share in the heads."""

    share: float
    block: int = 1
    heads: float | None = None


class Net(Graph):
    """Weights of such size that values neither vanish nor overflow, the smallest of each 1x1 kernel set to zero."""

    def __init__(self, size: int, zeros: Zeros, seed: int) -> None:
        super().__init__((1, size, size, 3), seed=seed)
        self.zeros, self.block = zeros, zeros.block

    def weights(self, shape: tuple[int, ...], *, zeros: float = 0.0, stored: str = "dense") -> int:
        pointwise = len(shape) == 4 and shape[1:3] == (1, 1)
        share = self.zeros.share if pointwise else 0.0
        inputs = prod(shape[1:3]) if len(shape) == 4 and shape[0] == 1 else prod(shape[1:])
        spread = 0.05 if len(shape) == 1 else sqrt(2 / max(inputs * (1 - share), 1))
        values = self._random.normal(0, spread, shape).astype(np.float16)
        values[values == 0] = 0.001
        if share and self.block > 1 and shape[0] % self.block == 0:
            kept = self._random.random((shape[0] // self.block, shape[3])) >= share
            values *= np.repeat(kept, self.block, axis=0)[:, None, None, :].astype(np.float16)
        elif share:
            values.ravel()[np.argsort(np.abs(values), axis=None, kind="stable")[: round(share * values.size)]] = 0
        held = self._densified(values) if pointwise else self.constant(values)
        return self.apply("DEQUANTIZE", held)

    def moved(self, x: int, kernel: int, stride: int = 1) -> int:
        """A depthwise convolution as XNNPACK wants it."""
        padded = self.pad(x, before=kernel // 2, after=kernel // 2)
        return self.depthwise(padded, kernel=kernel, stride=stride, padding="VALID")

    def linear(self, x: int, filters: int) -> int:
        return self.conv(x, filters, activation=NOT_ACTIVE)

    def classes(self, x: int, number: int = 1000) -> bytes:
        return self.output(self.dense(self.mean(x), number))


def mobilenet_v1(size: int, zeros: Zeros, *, width: float = 1.0, kernel: int = 3, seed: int = 0) -> bytes:
    net = Net(size, zeros, seed)
    x = net.stem(int(32 * width))
    repeated = [(512, 1)] * 5
    for filters, stride in (
        *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
        *repeated,
        *((1024, 2), (1024, 1)),
    ):
        x = net.conv(net.moved(x, kernel, stride), int(filters * width))
    return net.classes(x)


def mobilenet_v2(
    size: int,
    zeros: Zeros,
    *,
    width: float = 1.0,
    kernel: int = 3,
    seed: int = 0,
    head: int = 1280,
    depth: float = 1.0,
    expand: int = 6,
) -> bytes:
    net = Net(size, zeros, seed)

    def filters(count: int) -> int:
        return max(8, int(count * width + 4) // 8 * 8)

    x = net.linear(net.moved(net.stem(filters(32)), kernel), filters(16))
    for count, blocks, stride in ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)):
        for place in range(max(1, round(blocks * depth))):
            wide = net.conv(x, net.shape(x)[3] * expand)
            y = net.linear(net.moved(wide, kernel, stride if place == 0 else 1), filters(count))
            x = net.add(x, y) if net.shape(x) == net.shape(y) else y
    return net.classes(net.conv(x, head) if head else x)


def mobilenet_v3_small(
    size: int, zeros: Zeros, *, width: float = 1.0, last: int = 1024, seed: int = 0, kernel: int = 3, flat: bool = False
) -> bytes:
    """The minimalistic one: the picture is halved four times before the first wide layer, so that late maps are small.

    Its last two layers are 1x1 convolutions on a map of one position, inside the region; `flat`: one dense layer
    outside instead.
    """
    net = Net(size, zeros, seed)

    def filters(count: float) -> int:
        return max(8, int(count * width + 4) // 8 * 8)

    x = net.stem(16)
    for expand, count, stride in (
        *((1, 16, 2), (4.5, 24, 2), (88 / 24, 24, 1), (4, 40, 2), (6, 40, 1), (6, 40, 1), (3, 48, 1), (3, 48, 1)),
        *((6, 96, 2), (6, 96, 1), (6, 96, 1)),
    ):
        wide = net.conv(x, filters(net.shape(x)[3] * expand / width)) if expand > 1 else x
        y = net.linear(net.moved(wide, kernel, stride), filters(count))
        x = net.add(x, y) if net.shape(x) == net.shape(y) else y
    x = net.conv(x, net.shape(x)[3] * 6)
    if flat:
        return net.classes(x, 100)
    x = net.conv(net.mean(x, keep_dims=True), last)
    return net.output(net.depth_to_space(net.linear(x, 16)))


def blocks(
    size: int, zeros: Zeros, stages: list[Stage], *, kernel: int = 3, seed: int = 0, classes: bool = False
) -> bytes:
    """Residual blocks of a depthwise and a 1x1 convolution; each stage halves the picture."""
    net = Net(size, zeros, seed)
    x = net.stem(stages[0][0])
    for number, (filters, count) in enumerate(stages):
        if number:
            x = net.conv(net.moved(x, kernel, 2), filters)
        for _ in range(count):
            x = net.add(x, net.linear(net.moved(x, kernel), filters))
    return net.classes(x, 100) if classes else net.output(net.depth_to_space(net.linear(x, 16)))


def pyramid(
    size: int, zeros: Zeros, filters: list[int], count: int, *, kernel: int = 3, seed: int = 0, tail: int = 0
) -> bytes:
    """Down and up again, with RESIZE_BILINEAR; `tail`: dense 3x3 convolutions after the region."""
    net = Net(size, zeros, seed)
    levels = _down(net, filters, count, 2.0, kernel)
    x = levels[-1]
    for level in range(len(filters) - 2, 0, -1):
        x = net.add(net.conv(levels[level], filters[level]), net.resize(net.conv(x, filters[level])))
        x = net.add(x, net.linear(net.moved(x, kernel), filters[level]))
    x = net.depth_to_space(net.linear(x, 64))
    for _ in range(tail):
        x = net.conv(x, 16, kernel=3)
    return net.output(x)


def heads(
    size: int,
    zeros: Zeros,
    filters: list[int],
    count: int,
    *,
    seed: int = 0,
    outputs: tuple[int, ...] = (16, 64),
    kernel: int = 3,
) -> bytes:
    """Down and up again, then heads with zeros of their own, as the published face detector has."""
    net = Net(size, zeros, seed)
    levels = _down(net, filters, count, 0.5, kernel)
    x = levels[-1]
    for level in range(len(filters) - 2, 0, -1):
        x = net.add(net.conv(levels[level], filters[level]), net.resize(net.conv(x, filters[level])))
    net.zeros = Zeros(zeros.share if zeros.heads is None else zeros.heads)
    return net.output(*(net.depth_to_space(net.moved(net.conv(x, wide), 3, 2)) for wide in outputs))


def _down(net: Net, filters: list[int], count: int, expand: float, kernel: int) -> list[int]:
    x, levels = net.stem(filters[0]), []
    for level, wide in enumerate(filters):
        if level:
            x = net.conv(net.moved(x, kernel, 2), wide)
        for _ in range(count):
            x = net.add(x, net.linear(net.moved(net.conv(x, int(wide * expand)), kernel), wide))
        levels.append(x)
    return levels


def _only(share: float) -> Zeros:
    return Zeros(share)


FITTED: dict[str, Callable[[], bytes]] = {
    "v1-128-half-75": lambda: mobilenet_v1(128, _only(0.75), width=0.5),
    "v1-160-80": lambda: mobilenet_v1(160, _only(0.8)),
    "v1-224-5x5-90": lambda: mobilenet_v1(224, _only(0.9), kernel=5),
    "v1-192-slim-85": lambda: mobilenet_v1(192, _only(0.85), width=0.75, seed=1),
    "v1-96-70": lambda: mobilenet_v1(96, _only(0.7)),
    "v1-256-half-83": lambda: mobilenet_v1(256, _only(0.83), width=0.5, seed=14),
    "v2-96-half-80": lambda: mobilenet_v2(96, _only(0.8), width=0.5),
    "v2-160-wide-85": lambda: mobilenet_v2(160, _only(0.85), width=1.4),
    "v2-192-thin-90": lambda: mobilenet_v2(192, _only(0.9), width=0.35),
    "v2-256-slim-72": lambda: mobilenet_v2(256, _only(0.72), width=0.75, expand=4, head=0),
    "v2-128-5x5-80": lambda: mobilenet_v2(128, _only(0.8), kernel=5),
    "v2-160-short-95": lambda: mobilenet_v2(160, _only(0.95), seed=3, depth=0.7),
    "v2-64-75": lambda: mobilenet_v2(64, _only(0.75), seed=8),
    "v2-208-78": lambda: mobilenet_v2(208, _only(0.78), seed=13),
    "v3-80-80": lambda: mobilenet_v3_small(80, _only(0.8)),
    "v3-112-slim-75": lambda: mobilenet_v3_small(112, _only(0.75), width=0.6, last=640, seed=1),
    "v3-128-90": lambda: mobilenet_v3_small(128, _only(0.9), width=0.8, seed=2),
    "v3-48-70": lambda: mobilenet_v3_small(48, _only(0.7), width=1.2, last=512, seed=3),
    "v3-64-wide-80": lambda: mobilenet_v3_small(64, _only(0.8), width=1.5, last=1280, seed=4),
    "v3-160-flat-85": lambda: mobilenet_v3_small(160, _only(0.85), flat=True, seed=5),
    "v3-32-75": lambda: mobilenet_v3_small(32, _only(0.75), width=2.0, last=768, seed=6),
    "v3-96-flat-5x5-80": lambda: mobilenet_v3_small(96, _only(0.8), kernel=5, flat=True, seed=7),
    "blocks-192-70": lambda: blocks(192, _only(0.7), [(16, 2), (32, 3), (64, 4), (96, 3)]),
    "blocks-256-80": lambda: blocks(256, _only(0.8), [(32, 2), (64, 2), (128, 4)]),
    "blocks-128-90": lambda: blocks(128, _only(0.9), [(24, 2), (48, 6), (96, 8), (192, 6)], seed=2, classes=True),
    "blocks-224-5x5-75": lambda: blocks(224, _only(0.75), [(16, 1), (40, 4), (80, 6)], kernel=5),
    "blocks-96-85": lambda: blocks(96, _only(0.85), [(64, 1), (128, 2), (256, 4), (512, 4)], seed=4, classes=True),
    "blocks-320-80": lambda: blocks(320, _only(0.8), [(8, 3), (16, 4), (32, 4)], seed=5),
    "blocks-160-5x5-92": lambda: blocks(160, _only(0.92), [(64, 3), (64, 6), (64, 8)], kernel=5, seed=6),
    "blocks-64-80": lambda: blocks(64, _only(0.8), [(16, 2), (24, 3), (32, 3)], seed=7),
    "blocks-240-82": lambda: blocks(240, _only(0.82), [(20, 2), (36, 3), (72, 4), (120, 4)], seed=12),
    "blocks-512-76": lambda: blocks(512, _only(0.76), [(16, 1), (24, 2), (48, 2)], seed=15),
    "pyramid-192-80": lambda: pyramid(192, _only(0.8), [24, 32, 64, 128], 2),
    "pyramid-256-88": lambda: pyramid(256, _only(0.88), [16, 32, 64, 96], 2, seed=1, tail=2),
    "pyramid-128-5x5-75": lambda: pyramid(128, _only(0.75), [32, 64, 96, 160], 3, kernel=5),
    "pyramid-224-70": lambda: pyramid(224, _only(0.7), [32, 48, 80], 2, seed=2, tail=1),
    "heads-192-85": lambda: heads(192, Zeros(0.85, heads=0.4), [32, 64, 96, 128], 2, seed=2, kernel=5),
    "unpruned-heads-160-80": lambda: heads(160, Zeros(0.8, heads=0.0), [24, 48, 96, 160], 2),
    "unpruned-heads-224-90": lambda: heads(
        224, Zeros(0.9, heads=0.05), [16, 32, 64, 128, 256], 3, seed=1, outputs=(32,)
    ),
    "unpruned-heads-128-75": lambda: heads(128, Zeros(0.75, heads=0.0), [32, 48, 64], 2, seed=25, outputs=(32, 16)),
    "of-4-v1-128-85": lambda: mobilenet_v1(128, Zeros(0.85, block=4), seed=5),
    "of-4-v2-160-85": lambda: mobilenet_v2(160, Zeros(0.85, block=4), seed=22),
    "of-4-blocks-144-90": lambda: blocks(
        144, Zeros(0.9, block=4), [(32, 2), (64, 3), (128, 4), (256, 3)], seed=24, classes=True
    ),
    "of-2-v2-192-80": lambda: mobilenet_v2(192, Zeros(0.8, block=2), seed=6),
    "of-2-v1-160-80": lambda: mobilenet_v1(160, Zeros(0.8, block=2), seed=21),
    "of-2-blocks-192-75": lambda: blocks(192, Zeros(0.75, block=2), [(32, 2), (48, 3), (96, 4)], seed=23),
}
"""What the constants are fitted on. Names with `of-N` have their zeros in blocks of N output channels."""

CHECKED: dict[str, Callable[[], bytes]] = {
    **{
        f"mobilenet-v2-224-{share}": (lambda share=share: mobilenet_v2(224, _only(share / 100), seed=11))  # type: ignore[misc]
        for share in (70, 75, 80, 85, 90)
    },
    "v3-64-85": lambda: mobilenet_v3_small(64, _only(0.85), width=0.75, seed=41),
    "v3-96-85": lambda: mobilenet_v3_small(96, _only(0.85), width=0.75, seed=42),
    "v3-72-slim-72": lambda: mobilenet_v3_small(72, _only(0.72), width=0.5, last=896, seed=43),
    "v3-128-flat-78": lambda: mobilenet_v3_small(128, _only(0.78), width=1.3, flat=True, seed=44),
    "v3-40-88": lambda: mobilenet_v3_small(40, _only(0.88), seed=45),
    "of-4-mobilenet-v2-224-80": lambda: mobilenet_v2(224, Zeros(0.8, block=4), seed=31),
    "of-2-mobilenet-v1-192-80": lambda: mobilenet_v1(192, Zeros(0.8, block=2), seed=32),
}
"""What they are checked on, beside published files."""
