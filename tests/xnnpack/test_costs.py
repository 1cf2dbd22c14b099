"""What kernels cost at shares of zeros: the same as the prediction says of a file that has them."""

from __future__ import annotations

import pytest

from tests.xnnpack.graphs import Graph
from tests.xnnpack.test_prediction import network
from zoo.tflite import densified_twin, prune_by_magnitude, read_model, sparsify
from zoo.xnnpack import dense_time, sparse_times
from zoo.xnnpack._graph import lower
from zoo.xnnpack._layers import running_nodes
from zoo.xnnpack._prediction import predict
from zoo.xnnpack._regions import analyse
from zoo.xnnpack._verdict import verdicts

SHARES = (0.0, 0.5, 0.8, 0.9)


@pytest.mark.parametrize("share", [0.8, 0.9])
def test_a_uniform_network_costs_what_is_predicted_of_its_pruned_file(share: float) -> None:
    dense = densified_twin(network(0.0))
    pruned = read_model(sparsify(prune_by_magnitude(dense, share)).data)
    analysis = analyse(lower(pruned))
    _, times = predict(analysis, verdicts(analysis, ["wasm"]), running_nodes(analysis))
    costs = sparse_times(read_model(dense), SHARES)
    assert costs is not None
    at = SHARES.index(share)
    total = costs.rest + sum(kernel.nanoseconds[at] for kernel in costs.kernels)
    assert total == pytest.approx(sum(times.file.values()), rel=0.01)
    assert dense_time(read_model(dense)) == pytest.approx(sum(times.twin.values()))


def test_zeros_save_time_and_a_kernel_without_any_costs_more_than_dense() -> None:
    costs = sparse_times(read_model(densified_twin(network(0.0))), SHARES)
    assert costs is not None
    assert len(costs.kernels) == 3
    for kernel in costs.kernels:
        assert list(kernel.nanoseconds) == sorted(kernel.nanoseconds, reverse=True)
        assert kernel.nanoseconds[0] > kernel.dense_nanoseconds > kernel.nanoseconds[2]


def test_a_network_in_which_nothing_can_run_sparse_has_no_costs() -> None:
    graph = Graph((1, 8, 8, 4))
    assert sparse_times(read_model(graph.output(graph.depthwise(graph.input))), SHARES) is None
