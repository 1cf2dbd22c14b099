"""What sparse kernels should gain, predicted from multiply-adds and the weights that are read: no measurement.

The model: time is the sum over operators of what each computes and moves (`zoo.xnnpack._work.TERMS`), each term times
a constant, for the file and for its densified twin; the prediction is the ratio of the two sums. In the twin a 1x1
convolution costs its multiply-adds, and each weight is read once for every 4 positions of the picture. Where it runs
sparse, it costs those with weights that are not zero, and each such weight is read once for every 32 positions;
depthwise and first convolutions cost other constants in NCHW than in NHWC; the rest costs the same in both.

The constants are those of LiteRT's web runtime on one x86-64 machine. They were fitted on 46 networks of random
weights, and checked on 24 other ones: MobileNets, the published sparse face and pose detectors with several shares of
zeros, and other published models with rewrites and 80% zeros (`benchmarks/prediction.py`, which has the measured times
beside it). On the 17 without zeros in blocks the ratio was off by 0.02 on average and 0.06 at most; on the two with
zeros in blocks by 0.29 at most. On the five small MobileNets whose last maps have few positions it was off by 0.09 on
average and 0.19 at most; these and their like among the fitted were measured on a busy machine, with the runtime's
relaxed build. Another processor weighs the terms otherwise. For other targets nothing was measured, so there are
counts, but no ratio.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from zoo.records import EngagementVerdict, GainPrediction
from zoo.tflite import Model, operator_label
from zoo.xnnpack import _rules as rules
from zoo.xnnpack._diagnosis import candidate_nodes
from zoo.xnnpack._graph import Node, lower
from zoo.xnnpack._regions import Analysis, analyse
from zoo.xnnpack._work import SparseKernel, dense_terms, positions, sparse_kernel, sparse_terms, work

MEASURED_TARGET = "wasm"
NANOSECONDS: dict[str, float] = {
    "fully_connected": 0.07012,
    "convolution": 0.04797,
    "depthwise_3x3": 2.453,
    "depthwise_5x5": 8.466,
    "pointwise": 0.009139,
    "pointwise_reads": 0.1554,
    "sparse": 0.03659,
    "sparse_reads": 0.8992,
    "sparse_reads_aliased": 2.202,
    "sparse_outputs": 0.3113,
    "sparse_unpruned": 0.3099,
    "sparse_blocks": 0.3552,
    "planar_convolution": 0.05353,
    "planar_depthwise_3x3": 1.222,
    "planar_depthwise_5x5": 4.612,
}
"""What a unit of each term takes."""
ERROR, ERROR_IN_BLOCKS, ERROR_ON_SMALL_MAPS = 0.09, 0.3, 0.2
"""As much as the ratio was off on the networks it was checked on, or more: on most, with zeros in blocks, and where a
good part of the time goes to 1x1 convolutions on few positions."""
_FEW_POSITIONS, _GOOD_PART, _WORTH_A_NOTE = 16, 0.1, 0.05
POSSIBLE_ZEROS = 0.8
_FLOAT_BYTES, _STEP_BYTES = 4, 4
"""In memory a sparse weight comes with the step to the next one's channel, and each output with their number."""
_WRONG = {rule.name for rule in rules.WRONG_OUTPUTS}
_MOST_NAMED = 3


@dataclass(frozen=True)
class Times:
    """Predicted nanoseconds of each node by its index: of the file as it runs, and of its densified twin."""

    file: Mapping[int, float]
    twin: Mapping[int, float]

    @property
    def ratio(self) -> float:
        whole = sum(self.twin.values())
        return sum(self.file.values()) / whole if whole else 1.0

    @cached_property
    def shares(self) -> dict[int, float]:
        """Each node's share of the file's time."""
        whole = sum(self.file.values())
        return {index: time / whole if whole else 0.0 for index, time in self.file.items()}


def predict(
    analysis: Analysis, verdicts: Sequence[EngagementVerdict], running: Sequence[Node]
) -> tuple[list[GainPrediction], Times]:
    """One prediction a verdict, and the times in WebAssembly behind them.

    `running`: the nodes that run sparse in WebAssembly, none where the file runs dense there. Raises InputError where
    a kernel cannot be read.
    """
    kernels = {node.index: sparse_kernel(analysis.graph, node) for node in running if node.is_pointwise}
    times = _times(analysis, running, kernels)
    return [_gain(analysis, verdict, times, kernels) for verdict in verdicts], times


def _gain(
    analysis: Analysis, verdict: EngagementVerdict, times: Times, kernels: Mapping[int, SparseKernel]
) -> GainPrediction:
    ratio, error, possible, notes = _time_gain(analysis, verdict, times, kernels)
    computed = [work(analysis, node) for node in analysis.graph.nodes]
    left = sum(
        each.nonzero if verdict.sparse and index in kernels else each.multiply_adds
        for index, each in enumerate(computed)
    )
    weights = {index: count.weights * _FLOAT_BYTES for index, count in analysis.counts.items()}
    held = {index: _held_bytes(kernel) for index, kernel in kernels.items()} if verdict.sparse else {}
    return GainPrediction(
        target=verdict.target,
        ratio=ratio,
        error=error,
        possible_ratio=possible,
        possible_zeros=None if possible is None else POSSIBLE_ZEROS,
        multiply_adds=sum(each.multiply_adds for each in computed),
        multiply_adds_left=left,
        weight_bytes=sum(weights.values()),
        weight_bytes_left=sum({**weights, **held}.values()),
        notes=notes,
    )


def _time_gain(
    analysis: Analysis, verdict: EngagementVerdict, times: Times, kernels: Mapping[int, SparseKernel]
) -> tuple[float | None, float | None, float | None, list[str]]:
    """Ratio, its error, the ratio that is possible, and notes."""
    measured = verdict.target == MEASURED_TARGET
    if verdict.sparse and measured:
        return times.ratio, _error(analysis, times, kernels), None, _slow_kernels(analysis, times, kernels)
    if verdict.sparse:
        return None, None, None, [f"No times were measured on {verdict.target}, so only work is counted."]
    if {part.rule for part in verdict.breaks} <= _WRONG:
        return None, None, None, ["Outputs would be wrong, so their time does not matter."]
    return 1.0, None, _possible_ratio(analysis) if measured else None, []


def _error(analysis: Analysis, times: Times, kernels: Mapping[int, SparseKernel]) -> float:
    # In proportion to the time in blocks, up to a good part of all: the few kernels of a head blur a ratio little.
    blocks = sum(times.shares[index] for index, kernel in kernels.items() if kernel.block > 1 and not kernel.unpruned)
    in_blocks = ERROR + (ERROR_IN_BLOCKS - ERROR) * min(blocks / _GOOD_PART, 1.0)
    small = [index for index in kernels if positions(analysis.graph, analysis.graph.nodes[index]) <= _FEW_POSITIONS]
    good_part = sum(times.shares[index] for index in small) > _GOOD_PART
    return max(in_blocks, ERROR_ON_SMALL_MAPS) if good_part else in_blocks


def predicted_cost(rewritten: Model, original: Model) -> float:
    """The time in WebAssembly of one file, run sparse, over that of another, run dense as it is.

    As if POSSIBLE_ZEROS of the first one's 1x1 weights were zero and stored sparse: to compare rewrites of one model
    before any is trained. Raises InputError where a kernel cannot be read.
    """
    times, dense = _possible_times(analyse(lower(rewritten))), _times(analyse(lower(original)), [], {})
    whole = sum(dense.twin.values())
    return sum(times.file.values()) / whole if times is not None and whole else 1.0


def _possible_ratio(analysis: Analysis) -> float | None:
    """If what would be a region ran sparse, its 1x1 kernels pruned weight by weight; None without such kernels."""
    times = _possible_times(analysis)
    return None if times is None else times.ratio


def _possible_times(analysis: Analysis) -> Times | None:
    nodes = possible_nodes(analysis)
    kernels = {
        node.index: SparseKernel(1, round(count.weights * (1 - POSSIBLE_ZEROS)), count.weights, 0)
        for node in nodes
        if (count := analysis.counts.get(node.index)) is not None
    }
    return _times(analysis, nodes, kernels) if kernels else None


def _times(analysis: Analysis, running: Sequence[Node], kernels: Mapping[int, SparseKernel]) -> Times:
    twin = {node.index: nanoseconds(dense_terms(analysis.graph, node)) for node in analysis.graph.nodes}
    file = {node.index: nanoseconds(sparse_terms(analysis.graph, node, kernels.get(node.index))) for node in running}
    return Times({**twin, **file}, twin)


def possible_nodes(analysis: Analysis) -> list[Node]:
    """The nodes that would run sparse with enough zeros: those of its regions, or of what would be one."""
    nodes = [node for region in analysis.regions if region.weights for node in region.nodes]
    return nodes or candidate_nodes(analysis)


def nanoseconds(terms: Counter[str]) -> float:
    """What the terms take in WebAssembly."""
    return sum(amount * NANOSECONDS[term] for term, amount in terms.items())


def _held_bytes(kernel: SparseKernel) -> int:
    """In memory: weights, the step to the next input channel for each block, and the number of each row's blocks."""
    return kernel.stored * _FLOAT_BYTES + (kernel.stored + kernel.rows) // kernel.block * _STEP_BYTES


def _slow_kernels(analysis: Analysis, times: Times, kernels: Mapping[int, SparseKernel]) -> list[str]:
    """The 1x1 convolutions that scalar code computes, if any."""
    slow = [node for node in analysis.graph.nodes if node.index in kernels and kernels[node.index].block > 1]
    if not slow:
        return []
    slow.sort(key=lambda node: -times.shares[node.index])
    named = ", ".join(operator_label(analysis.graph.model.main, node.operator) for node in slow[:_MOST_NAMED])
    more = f" and {len(slow) - _MOST_NAMED} more" if len(slow) > _MOST_NAMED else ""
    share = sum(times.shares[node.index] for node in slow)
    if share < _WORTH_A_NOTE:
        return []
    return [
        f"{share:.0%} of the predicted time is in 1x1 kernels that keep nearly all weights, or have their zeros in "
        f"blocks of 2 or 4 output channels: {named}{more}. WebAssembly computes those without SIMD; prune them weight "
        f"by weight."
    ]
