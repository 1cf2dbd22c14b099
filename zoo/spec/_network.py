"""The pydantic classes of a `spec.yaml` that declares a network for measuring alone: nothing learned or released."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from zoo.spec._model import Citation, Name
from zoo.spec._part import VERSION, Line, SpecPart
from zoo.spec._training import Share

Precision = Literal["float32", "float16", "int8"]
"""How weights are stored; `int8` also computes in int8, with ranges that were calibrated."""

MOST_RUNGS = 10
"""A rung each, the dense file and a densified twin are the 12 files that one bench times together."""


class Network(SpecPart):
    """A network of Keras's own applications with seeded weights, made ready for sparse kernels.

    `width` multiplies the channels of every layer; `side` is the height and width of the picture in pixels.
    """

    family: Literal["mobilenet_v2"]
    width: float = Field(gt=0, le=2)
    side: int = Field(ge=32, le=512, multiple_of=32)
    seed: int = Field(ge=0, lt=2**31)


class Rungs(SpecPart):
    """What `zoo ladder` climbs without other options: shares of zeros in each 1x1 kernel, ascending, and precisions."""

    sparsities: list[Share] = Field(min_length=1, max_length=MOST_RUNGS)
    precisions: list[Precision] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Rungs:
        if self.sparsities != sorted(set(self.sparsities)):
            raise ValueError("sparsities must ascend and name each share once")
        if len(set(self.precisions)) != len(self.precisions):
            raise ValueError("precisions must name each once")
        return self


class PublishedSpeed(SpecPart):
    """A speed-up that others published: dense time over sparse time, drawn as a line in the figures."""

    title: Line
    speedup: float = Field(gt=1)
    source: Citation


class NetworkSpec(SpecPart):
    """A network that is only measured, by `zoo ladder`: size and latency, never quality."""

    name: Name
    title: Line
    version: Annotated[str, Field(pattern=VERSION)]
    licence: Line
    task: Literal["measured_only"]
    network: Network
    ladder: Rungs
    published_speed: PublishedSpeed | None = None
    limits: list[str]
