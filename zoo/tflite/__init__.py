"""TFLite files: bounded reading, constants, sparse storage, densified twin, inventory.

Reading imports neither TensorFlow nor LiteRT, so that `zoo inspect` starts at once.
"""

from zoo.tflite._constants import constant, constant_chain, constant_value, is_constant, stored_values
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
from zoo.tflite._read import read_model
from zoo.tflite._sparse import SparseError, decode, encode
from zoo.tflite._twin import densified_twin, gzip_bytes

__all__ = [
    "BufferSpan",
    "MetadataEntry",
    "Model",
    "Operator",
    "Options",
    "Quantization",
    "Signature",
    "SparseError",
    "SparseLevel",
    "Sparsity",
    "Subgraph",
    "Tensor",
    "constant",
    "constant_chain",
    "constant_value",
    "decode",
    "densified_twin",
    "encode",
    "gzip_bytes",
    "is_constant",
    "read_model",
    "stored_values",
]
