"""Small graphs that meet all rules of sparse inference, or break exactly one, with what the runtime then does.

Every outcome was measured: the file and its densified twin through LiteRT's web runtime, outputs compared and sparse
kernels counted (`test_against_runtime.py` does it again where that runtime is at hand). `scripts/refresh_outcomes.py`
writes `outcomes.json` anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.xnnpack.corpus import convolutions, delegation, elementwise, heads, padding, regions, storage
from tests.xnnpack.corpus._case import DENSE, SPARSE, WRONG, Case

__all__ = ["CASES", "DENSE", "OUTCOMES", "OUTCOMES_FILE", "SPARSE", "WRONG", "Case", "Outcome", "file_of"]

OUTCOMES_FILE = Path(__file__).parent / "outcomes.json"
CASES: list[Case] = [
    *heads.CASES,
    *convolutions.CASES,
    *padding.CASES,
    *elementwise.CASES,
    *regions.CASES,
    *delegation.CASES,
    *storage.CASES,
]


@dataclass(frozen=True)
class Outcome:
    """What the verdict says: sparse, dense or wrong, and the rules broken; and what the runtime does."""

    told: str
    rules: list[str]
    seen: str


OUTCOMES = {name: Outcome(*entry) for name, entry in json.loads(OUTCOMES_FILE.read_text(encoding="utf-8")).items()}


def file_of(name: str) -> bytes:
    """The file of the case of that name."""
    return next(case for case in CASES if case.name == name).file()
