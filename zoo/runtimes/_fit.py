"""Whether a file can take a published model's place at all: its inputs and outputs against the spec's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zoo.errors import InputError
from zoo.spec import ModelSpec
from zoo.tflite import Model, Tensor

MOST_SHAPES = 8
"""That a sentence lists."""

Shape = tuple[int, ...]


def check_fits(model: Model, spec: ModelSpec) -> None:
    """Hold what a file takes and gives against the spec, whose tensors are the published model's.

    MediaPipe reads outputs by their place: one of another shape, or at another place, ends its graph with a sentence
    about its own code, or is taken for what it is not. Raises InputError that names both sides where shapes, their
    order or the type of numbers differ.
    """
    takes = [model.tensors[index] for index in model.inputs]
    gives = [model.tensors[index] for index in model.outputs]
    faults = [
        *_faults("takes", takes, [spec.input.shape], spec.name),
        *_faults("gives", gives, [output.shape for output in spec.outputs], spec.name),
    ]
    if faults:
        raise InputError(
            f"{model.name} is no file for {spec.name}: it {', and it '.join(faults)}; give a file of the same task "
            "that takes and gives the same, in the same order"
        )


def _faults(verb: str, tensors: Sequence[Tensor], declared: Sequence[Shape], name: str) -> Iterator[str]:
    """What is wrong with the tensors of one side: at most one fault, the plainest."""
    shapes = [_shape(tensor) for tensor in tensors]
    other = sorted({tensor.dtype.lower() for tensor in tensors} - {"float32"})
    if sorted(shapes) != sorted(declared):
        yield f"{verb} {_listed(shapes)} where {name} {verb} {_listed(declared)}"
    elif shapes != list(declared):
        yield f"{verb} the same in another order, {_listed(shapes)} where {name} {verb} {_listed(declared)}"
    elif other:
        yield f"{verb} numbers of type {', '.join(other)} where {name} {verb} float32"


def _shape(tensor: Tensor) -> Shape:
    return tuple(int(size) for size in tensor.shape)


def _listed(shapes: Sequence[Shape]) -> str:
    listed = [" x ".join(str(size) for size in shape) or "a single number" for shape in shapes]
    return ", ".join(listed[:MOST_SHAPES]) + (" and more" if len(listed) > MOST_SHAPES else "") or "nothing"
