"""What a case of the corpus is, and the parts that graphs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.xnnpack.graphs import Graph

Build = Callable[[Graph], "int | tuple[int, ...]"]
SPARSE, DENSE, WRONG = "sparse", "dense", "wrong"
EVEN = (1, 40, 56, 3)
"""Maps of 20x28 after the first convolution: no two sizes are alike, so no wrong layout can go unseen."""
SQUARE = (1, 40, 40, 3)
"""Maps of 20x20."""
ODD = (1, 42, 58, 3)
"""Maps of 21x29: at stride 2, TensorFlow's SAME pads both sides alike there."""


@dataclass(frozen=True)
class Case:
    """One graph. What the verdict says of it, and what the runtime does with it, is in `outcomes.json`.

    `because`: why the verdict keeps its word where the runtime does something else.
    """

    name: str
    build: Build
    size: tuple[int, int, int, int] = EVEN
    because: str = ""

    def file(self) -> bytes:
        graph = Graph(self.size)
        outputs = self.build(graph)
        return graph.output(*(outputs if isinstance(outputs, tuple) else (outputs,)))


def body(g: Graph, filters: int = 16, **options: object) -> int:
    """A start and a 1x1 convolution."""
    return g.conv(g.stem(), filters, **options)  # type: ignore[arg-type]


def ends(g: Graph, x: int, filters: int = 16) -> int:
    """A 1x1 convolution and a region's end."""
    return g.mean(g.conv(x, filters))


def residual(g: Graph, x: int) -> int:
    """A second value of the same size, in the region as `x` is."""
    return g.conv(x, g.shape(x)[-1])
