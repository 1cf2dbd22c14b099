"""XNNPACK's sparse-inference rules as code: what engages, what stops it, and where. No TensorFlow import.

The verdicts are imported on first use: `zoo inspect` starts to compress the file before it waits for NumPy and
pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.xnnpack._inspect import inspect_bundle, inspect_file, inspect_path, require_sparse
from zoo.xnnpack._targets import TARGETS

if TYPE_CHECKING:
    from zoo.xnnpack._costs import KernelTimes, NetworkTimes, dense_time, sparse_times
    from zoo.xnnpack._leaving import Leaving, values_leaving
    from zoo.xnnpack._magnitudes import huge_values
    from zoo.xnnpack._prediction import POSSIBLE_ZEROS, predicted_cost
    from zoo.xnnpack._verdict import (
        engagement,
        engagements,
        hindrances,
        readiness,
        readiness_and_hindrances,
    )
    from zoo.xnnpack._within import could_engage

__all__ = [
    "POSSIBLE_ZEROS",
    "TARGETS",
    "KernelTimes",
    "Leaving",
    "NetworkTimes",
    "could_engage",
    "dense_time",
    "engagement",
    "engagements",
    "hindrances",
    "huge_values",
    "inspect_bundle",
    "inspect_file",
    "inspect_path",
    "predicted_cost",
    "readiness",
    "readiness_and_hindrances",
    "require_sparse",
    "sparse_times",
    "values_leaving",
]


def __getattr__(name: str) -> Any:
    if name in ("engagement", "engagements", "hindrances", "readiness", "readiness_and_hindrances"):
        from zoo.xnnpack import _verdict

        return getattr(_verdict, name)
    if name in ("KernelTimes", "NetworkTimes", "dense_time", "sparse_times"):
        from zoo.xnnpack import _costs

        return getattr(_costs, name)
    if name in ("Leaving", "values_leaving"):
        from zoo.xnnpack import _leaving

        return getattr(_leaving, name)
    if name == "huge_values":
        from zoo.xnnpack import _magnitudes

        return getattr(_magnitudes, name)
    if name == "could_engage":
        from zoo.xnnpack import _within

        return getattr(_within, name)
    if name in ("POSSIBLE_ZEROS", "predicted_cost"):
        from zoo.xnnpack import _prediction

        return getattr(_prediction, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
