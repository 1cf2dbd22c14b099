"""XNNPACK's sparse-inference rules as code: what engages, what stops it, and where. No TensorFlow import."""

from zoo.xnnpack._verdict import TARGETS, engagement, engagements, readiness

__all__ = ["TARGETS", "engagement", "engagements", "readiness"]
