"""What storing a file's kernels another way did, and the way back: sparse storage made dense."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.tflite._inventory import count_zeros
from zoo.tflite._model import Model, Tensor
from zoo.tflite._read import read_model
from zoo.tflite._sound import dense_bytes
from zoo.tflite._twin import densified_twin


@dataclass(frozen=True)
class StoredTensor:
    """How one tensor was stored and is stored now.

    `sparsity` is the share of zeros among its elements; `bytes_before` and `bytes_after` are those of its values and
    index arrays. `kept`: why its storage did not change; None where it did.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    sparsity: float
    bytes_before: int
    bytes_after: int
    kept: str | None


@dataclass(frozen=True)
class Repacked:
    """A file with some tensors stored another way; the very bytes that went in where no tensor is."""

    data: bytes
    tensors: tuple[StoredTensor, ...]

    @property
    def changed(self) -> int:
        """How many tensors are stored another way now."""
        return sum(tensor.kept is None for tensor in self.tensors)


def densify(data: bytes, *, name: str | None = None) -> Repacked:
    """Store every sparse tensor dense and take DENSIFY out; a file that stores none sparse is returned as it is.

    `name` is what messages call the file. Raises InputError where the bytes are no sound TFLite model, or a bomb.
    """
    model = read_model(data, name=name)
    sparse = [
        (number, tensor)
        for number, graph in enumerate(model.subgraphs)
        for tensor in graph.tensors
        if tensor.sparsity is not None
    ]
    dense = densified_twin(data, name=name) if sparse else data
    return Repacked(dense, tuple(_made_dense(model, number, tensor) for number, tensor in sparse))


def stored_bytes(model: Model, tensor: Tensor) -> int:
    """Bytes of the values and index arrays of a constant."""
    return model.buffers[tensor.buffer].size + (tensor.sparsity.index_bytes if tensor.sparsity else 0)


def _made_dense(model: Model, number: int, tensor: Tensor) -> StoredTensor:
    count = count_zeros(model, tensor.index, subgraph=number)
    share = count.share if count is not None else 0.0
    before, after = stored_bytes(model, tensor), dense_bytes(tensor)
    return StoredTensor(tensor.name, tensor.shape, tensor.dtype, share, before, after, None)
