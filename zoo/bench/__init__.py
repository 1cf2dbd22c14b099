"""Latency where users run models: parity first, then a paired, interleaved design with intervals."""

from zoo.bench._compare import TWIN_SUFFIX, FileComparison, compare_files, measure_sizes
from zoo.bench._measure import SPARSE_AND_TWIN, BenchResult, measure
from zoo.bench._sessions import Effort
from zoo.bench._target import Availability
from zoo.bench._targets import KINDS, check_target_name, look_at_targets, prepare_target
from zoo.bench._verdict import ENGAGED_BELOW

__all__ = [
    "ENGAGED_BELOW",
    "KINDS",
    "SPARSE_AND_TWIN",
    "TWIN_SUFFIX",
    "Availability",
    "BenchResult",
    "Effort",
    "FileComparison",
    "check_target_name",
    "compare_files",
    "look_at_targets",
    "measure",
    "measure_sizes",
    "prepare_target",
]
