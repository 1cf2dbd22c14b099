"""Latency where users run models: parity first, then a paired, interleaved design with intervals."""

from zoo.bench._compare import DEFAULT_BLOCKS, TWIN_SUFFIX, FileComparison, compare_files, measure_sizes
from zoo.bench._measure import SPARSE_AND_TWIN, BenchResult, measure
from zoo.bench._targets import prepare_target
from zoo.bench._verdict import ENGAGED_BELOW

__all__ = [
    "DEFAULT_BLOCKS",
    "ENGAGED_BELOW",
    "SPARSE_AND_TWIN",
    "TWIN_SUFFIX",
    "BenchResult",
    "FileComparison",
    "compare_files",
    "measure",
    "measure_sizes",
    "prepare_target",
]
