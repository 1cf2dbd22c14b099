"""TFLite files: bounded reading, constants, sparse storage, densified twin, inventory.

Reading imports neither TensorFlow nor LiteRT, and what writes files is imported on first use, so that `zoo inspect`
starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoo.files import MAX_FILE_BYTES
from zoo.gzipped import gzip_bytes
from zoo.tflite._constants import constant, constant_chain, constant_value, is_constant, stored_values
from zoo.tflite._inventory import (
    Inventory,
    WeightedLayer,
    ZeroCount,
    ZeroCounter,
    count_zeros,
    inventory,
    operator_label,
)
from zoo.tflite._kernels import kernels
from zoo.tflite._model import (
    BufferSpan,
    MetadataEntry,
    Model,
    Operator,
    Options,
    Quantization,
    Signature,
    SparseLevel,
    Sparsity,
    Subgraph,
    Tensor,
)
from zoo.tflite._parts import SPARSE_INDICES, StoredPart, deflated_sizes
from zoo.tflite._read import read_model
from zoo.tflite._sparse import SparseError, decode, encode, encode_like, index_type

if TYPE_CHECKING:
    from zoo.tflite._bundle import bundle_models, write_bundle
    from zoo.tflite._edit import GraphEditor, ModelEditor
    from zoo.tflite._float_compute import compute_in_float
    from zoo.tflite._normalization import METADATA, has_metadata, with_normalization
    from zoo.tflite._patterns import Keep, largest, output_blocks, two_of_four
    from zoo.tflite._prune import prune_by_magnitude, prune_kernels
    from zoo.tflite._repack import RepackedFile, densify_file, file_ref, read_one_model, sparsify_file
    from zoo.tflite._sparsify import sparsify
    from zoo.tflite._storage import Repacked, StoredTensor, densify
    from zoo.tflite._twin import densified_twin

__all__ = [
    "MAX_FILE_BYTES",
    "METADATA",
    "SPARSE_INDICES",
    "BufferSpan",
    "GraphEditor",
    "Inventory",
    "Keep",
    "MetadataEntry",
    "Model",
    "ModelEditor",
    "Operator",
    "Options",
    "Quantization",
    "Repacked",
    "RepackedFile",
    "Signature",
    "SparseError",
    "SparseLevel",
    "Sparsity",
    "StoredPart",
    "StoredTensor",
    "Subgraph",
    "Tensor",
    "WeightedLayer",
    "ZeroCount",
    "ZeroCounter",
    "bundle_models",
    "compute_in_float",
    "constant",
    "constant_chain",
    "constant_value",
    "count_zeros",
    "decode",
    "deflated_sizes",
    "densified_twin",
    "densify",
    "densify_file",
    "encode",
    "encode_like",
    "file_ref",
    "gzip_bytes",
    "has_metadata",
    "index_type",
    "inventory",
    "is_constant",
    "kernels",
    "largest",
    "operator_label",
    "output_blocks",
    "prune_by_magnitude",
    "prune_kernels",
    "read_model",
    "read_one_model",
    "sparsify",
    "sparsify_file",
    "stored_values",
    "two_of_four",
    "with_normalization",
    "write_bundle",
]

_LATER = {
    **{"densified_twin": "_twin", "sparsify": "_sparsify"},
    **dict.fromkeys(("bundle_models", "write_bundle"), "_bundle"),
    **dict.fromkeys(("METADATA", "has_metadata", "with_normalization"), "_normalization"),
    "compute_in_float": "_float_compute",
    **dict.fromkeys(("Keep", "largest", "output_blocks", "two_of_four"), "_patterns"),
    **dict.fromkeys(("prune_by_magnitude", "prune_kernels"), "_prune"),
    **dict.fromkeys(("GraphEditor", "ModelEditor"), "_edit"),
    **dict.fromkeys(("RepackedFile", "densify_file", "file_ref", "read_one_model", "sparsify_file"), "_repack"),
    **dict.fromkeys(("Repacked", "StoredTensor", "densify"), "_storage"),
}
"""The module of each name that is imported on first use."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _LATER:
            return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
