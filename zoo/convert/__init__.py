"""Keras to TFLite: dense and sparse float16 variants with metadata, and the densified twin.

Importing this package imports TensorFlow only inside the functions that need it.
"""

from zoo.convert._convert import (
    PARITY_TOLERANCE,
    TWIN,
    Converted,
    artifact_name,
    convert_variant,
    make_twin,
    round_to_float16,
    student_readiness,
)
from zoo.convert._keras import Stored, keras_to_tflite
from zoo.convert._metadata import add_metadata
from zoo.convert._shift import shift_scores

__all__ = [
    "PARITY_TOLERANCE",
    "TWIN",
    "Converted",
    "Stored",
    "add_metadata",
    "artifact_name",
    "convert_variant",
    "keras_to_tflite",
    "make_twin",
    "round_to_float16",
    "shift_scores",
    "student_readiness",
]
