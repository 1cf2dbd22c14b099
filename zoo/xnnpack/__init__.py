"""XNNPACK's sparse-inference rules as code: what engages, what stops it, and where. No TensorFlow import."""

from zoo.xnnpack._inspect import (
    bundle_models,
    inspect_bundle,
    inspect_file,
    inspect_model,
    inspect_path,
    require_sparse,
)
from zoo.xnnpack._verdict import TARGETS, engagement, engagements, readiness

__all__ = [
    "TARGETS",
    "bundle_models",
    "engagement",
    "engagements",
    "inspect_bundle",
    "inspect_file",
    "inspect_model",
    "inspect_path",
    "readiness",
    "require_sparse",
]
