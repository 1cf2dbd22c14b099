"""Small graphs that meet all rules of sparse inference, or break exactly one, with what the runtime then does.

Every outcome was measured: the file and its densified twin through LiteRT's web runtime, outputs compared bit by bit
and sparse kernels counted (`test_against_runtime.py` does it again where that runtime is at hand).
"""

from __future__ import annotations

from tests.xnnpack.corpus import convolutions, elementwise, heads, padding, regions, storage
from tests.xnnpack.corpus._case import DENSE, SPARSE, WRONG, Case

__all__ = ["CASES", "DENSE", "SPARSE", "WRONG", "Case"]

CASES: list[Case] = [
    *heads.CASES,
    *convolutions.CASES,
    *padding.CASES,
    *elementwise.CASES,
    *regions.CASES,
    *storage.CASES,
]
