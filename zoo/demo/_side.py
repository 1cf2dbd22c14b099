"""One of the two models that are shown, and the check that both take the same place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoo.errors import InputError
from zoo.runtimes import model_in
from zoo.spec import ModelSpec
from zoo.tflite import Model, inventory, read_model
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


def check_fits(model: Model, spec: ModelSpec) -> None:
    """Hold a model's tensors against the spec's: a file of another task would start, and show nonsense.

    Raises InputError, with the shapes, where they differ; the order of outputs does not matter.
    """
    graph = model.subgraphs[0]
    takes = [tuple(graph.tensors[index].shape) for index in graph.inputs]
    gives = sorted(tuple(graph.tensors[index].shape) for index in graph.outputs)
    declared_outputs = sorted(output.shape for output in spec.outputs)
    for what, ours, declared in (("takes", takes, [spec.input.shape]), ("gives", gives, declared_outputs)):
        if ours != declared:
            raise InputError(
                f"{model.name} is no file for {spec.name}: it {what} {_shapes(ours)}, and {spec.name} "
                f"{_shapes(declared)}; give a file of the same task"
            )


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    listed = [" x ".join(str(size) for size in shape) for shape in shapes]
    return ", ".join(listed[:8]) + (" and more" if len(listed) > 8 else "") or "nothing"
