"""TFLite files: bounded reading, constants, sparse storage, densified twin, inventory.

Reading imports neither TensorFlow nor LiteRT, so that `zoo inspect` starts at once.
"""

from zoo.files import MAX_FILE_BYTES
from zoo.gzipped import gzip_bytes
from zoo.tflite._bundle import bundle_models
from zoo.tflite._constants import constant, constant_chain, constant_value, is_constant, stored_values
from zoo.tflite._edit import GraphEditor, ModelEditor
from zoo.tflite._inventory import (
    Inventory,
    LayoutLevel,
    SparseLayout,
    WeightedLayer,
    ZeroCount,
    ZeroCounter,
    count_zeros,
    inventory,
    operator_label,
)
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
from zoo.tflite._parts import StoredPart, deflated_sizes
from zoo.tflite._prune import prune_by_magnitude
from zoo.tflite._read import read_model
from zoo.tflite._sparse import SparseError, decode, encode, encode_like
from zoo.tflite._twin import densified_twin

__all__ = [
    "MAX_FILE_BYTES",
    "BufferSpan",
    "GraphEditor",
    "Inventory",
    "LayoutLevel",
    "MetadataEntry",
    "Model",
    "ModelEditor",
    "Operator",
    "Options",
    "Quantization",
    "Signature",
    "SparseError",
    "SparseLayout",
    "SparseLevel",
    "Sparsity",
    "StoredPart",
    "Subgraph",
    "Tensor",
    "WeightedLayer",
    "ZeroCount",
    "ZeroCounter",
    "bundle_models",
    "constant",
    "constant_chain",
    "constant_value",
    "count_zeros",
    "decode",
    "deflated_sizes",
    "densified_twin",
    "encode",
    "encode_like",
    "gzip_bytes",
    "inventory",
    "is_constant",
    "operator_label",
    "prune_by_magnitude",
    "read_model",
    "stored_values",
]
