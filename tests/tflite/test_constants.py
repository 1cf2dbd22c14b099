"""Constants, against what LiteRT itself unpacks at run time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.tflite import constant, constant_value, count_zeros, read_model


@pytest.fixture(scope="module", params=["sparse", "dense"])
def run(request: pytest.FixtureRequest, published_sparse: Path, published_dense: Path) -> tuple[Path, Interpreter]:
    """A published face model, run once with every tensor kept."""
    path = {"sparse": published_sparse, "dense": published_dense}[request.param]
    interpreter = Interpreter(
        str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    interpreter.set_tensor(details["index"], np.zeros(details["shape"], np.float32))
    interpreter.invoke()
    return path, interpreter


def test_every_weight_is_bit_for_bit_what_the_runtime_unpacks(run: tuple[Path, Interpreter]) -> None:
    path, interpreter = run
    model = read_model(path)
    compared = 0
    for operator in model.operators:
        if operator.name in ("DENSIFY", "DEQUANTIZE"):
            value = constant_value(model, operator.outputs[0])
            assert value is not None
            np.testing.assert_array_equal(value, interpreter.get_tensor(operator.outputs[0]))
            compared += 1
    assert compared > 150


def test_kernels_reach_operators_as_float32(published_sparse: Path) -> None:
    model = read_model(published_sparse)
    for operator in model.operators:
        if operator.name == "CONV_2D":
            kernel = constant_value(model, operator.inputs[1])
            assert kernel is not None
            assert kernel.dtype == np.float32
            assert kernel.shape == model.tensors[operator.inputs[1]].shape


def test_value_that_depends_on_the_input_is_no_constant(published_sparse: Path) -> None:
    model = read_model(published_sparse)
    assert constant_value(model, model.inputs[0]) is None
    assert constant_value(model, model.outputs[0]) is None
    with pytest.raises(InputError, match="is not a constant"):
        constant(model, model.inputs[0])


def test_zeros_are_counted_without_decoding(published_sparse: Path) -> None:
    model = read_model(published_sparse)
    for operator in model.operators:
        if operator.name == "CONV_2D":
            kernel = constant_value(model, operator.inputs[1])
            count = count_zeros(model, operator.inputs[1])
            assert kernel is not None
            assert count is not None
            assert (count.weights, count.zeros) == (kernel.size, int((kernel == 0).sum()))


def test_shape_that_asks_for_huge_memory_is_refused() -> None:
    graph = Graph((1, 16, 16, 3))
    x = graph.conv(graph.stem(), 16)
    for tensor in graph.tensors:
        if tensor.sparsity is not None:
            tensor.shape = [1 << 20, 1, 1, 1 << 20]
    data = graph.output(graph.mean(x))
    with pytest.raises(InputError, match="more than any value"):
        read_model(data)
