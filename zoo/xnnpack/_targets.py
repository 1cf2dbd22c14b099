"""The families of processors that differ in whether XNNPACK may run sparse."""

from __future__ import annotations

TARGETS = ("wasm", "arm64", "x86", "x86-avx")
"""`x86` is one without AVX."""
