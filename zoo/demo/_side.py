"""One of the two models that are shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoo.runtimes import check_fits, model_in
from zoo.spec import ModelSpec
from zoo.tflite import inventory, read_model
from zoo.xnnpack import engagement

SideName = Literal["dense", "sparse"]


@dataclass(frozen=True)
class Side:
    """The left (`dense`) or right (`sparse`) model.

    `title` says where it comes from; `path` is a `.tflite` file, or a bundle with the model. `bytes` is the size of the
    model itself; `zeros` the share of zeros in [0, 1] among its 1x1 weights. `stored_sparse`: some weights are stored
    so; `engages`: XNNPACK's sparse kernels are expected to run in WebAssembly.
    """

    name: SideName
    title: str
    path: Path
    bytes: int
    zeros: float
    stored_sparse: bool
    engages: bool

    @property
    def heading(self) -> str:
        """Of its column. The right file may be one that a person gave, and need not be sparse."""
        if self.name == "dense":
            return "Dense"
        return "Sparse" if self.stored_sparse else "Other"

    @property
    def facts(self) -> str:
        """Size, zeros and storage, in a line."""
        stored = "sparse" if self.stored_sparse else "dense"
        return f"{self.bytes:,} bytes, {self.zeros:.0%} zeros in its 1x1 kernels, stored {stored}"


def make_side(name: SideName, title: str, path: Path, spec: ModelSpec) -> Side:
    """Look into a file. Raises InputError where it is no model, or none of this spec's task."""
    data = model_in(path, spec.dropin[0].replaces)
    model = read_model(data, name=str(path))
    check_fits(model, spec)
    contents = inventory(model)
    return Side(
        name=name,
        title=title,
        path=path,
        bytes=len(data),
        zeros=contents.pointwise_sparsity,
        stored_sparse=contents.sparse_tensors > 0,
        engages=engagement(model, "wasm").sparse,
    )
