"""What each 1x1 convolution of a network costs at given shares of zeros: predicted time in WebAssembly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.tflite import Model
from zoo.xnnpack._graph import lower
from zoo.xnnpack._prediction import nanoseconds, possible_nodes
from zoo.xnnpack._regions import analyse
from zoo.xnnpack._work import dense_terms, scattered_kernel, sparse_terms


@dataclass(frozen=True)
class KernelTimes:
    """One 1x1 convolution of (outputs, inputs) weights, by its operator's index in the file.

    `nanoseconds`: of one inference, one for each share of zeros that was asked for; `dense_nanoseconds`: in a network
    that runs dense.
    """

    operator: int
    outputs: int
    inputs: int
    dense_nanoseconds: float
    nanoseconds: tuple[float, ...]


@dataclass(frozen=True)
class NetworkTimes:
    """A network that runs sparse: its 1x1 convolutions, in the order in which they run, and all else together."""

    kernels: tuple[KernelTimes, ...]
    rest: float


def sparse_times(model: Model, shares: Sequence[float]) -> NetworkTimes | None:
    """Predicted time of each kernel that can run sparse, at each share of its weights (0 to below 1) that is zero.

    None where no part of the network would run sparse with enough zeros. Raises InputError where a kernel cannot be
    read.
    """
    analysis = analyse(lower(model))
    nodes = possible_nodes(analysis)
    running = {node.index for node in nodes}
    rest = sum(
        nanoseconds(dense_terms(analysis.graph, node)) for node in analysis.graph.nodes if node.index not in running
    )
    kernels = []
    for node in nodes:
        count = analysis.counts.get(node.index)
        if count is None or node.window is None:
            rest += nanoseconds(sparse_terms(analysis.graph, node, None))
            continue
        inputs = node.window.input_channels
        outputs = count.weights // inputs
        held = [scattered_kernel(count.weights, outputs, share) for share in shares]
        times = tuple(nanoseconds(sparse_terms(analysis.graph, node, kernel)) for kernel in held)
        dense = nanoseconds(dense_terms(analysis.graph, node))
        kernels.append(KernelTimes(node.operator.index, outputs, inputs, dense, times))
    return NetworkTimes(tuple(kernels), rest) if kernels else None


def dense_time(model: Model) -> float:
    """Predicted nanoseconds of one inference with dense kernels."""
    graph = lower(model)
    return sum(nanoseconds(dense_terms(graph, node)) for node in graph.nodes)
