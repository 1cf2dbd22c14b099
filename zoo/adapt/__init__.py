"""Rewrites that make a network ready for XNNPACK's sparse kernels, file to file. No TensorFlow import."""

from __future__ import annotations

from zoo.adapt._rewrite import Adapted, Applied, Rewrite, apply_rewrites

REWRITES: dict[str, Rewrite] = {}
"""All rewrites by name."""

__all__ = ["REWRITES", "Adapted", "Applied", "Rewrite", "apply_rewrites"]
