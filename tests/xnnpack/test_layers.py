"""The graph layer by layer: where each layer is, what it breaks, holds and computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.xnnpack.cases import file_of
from tests.xnnpack.graphs import Graph
from zoo.records import InspectedFile, InspectedLayer
from zoo.xnnpack import inspect_path


def inspected(data: bytes, folder: Path) -> InspectedFile:
    path = folder / "model.tflite"
    path.write_bytes(data)
    return inspect_path(path, targets=["wasm"])[0]


def by_operator(found: InspectedFile, operator: str) -> list[InspectedLayer]:
    return [layer for layer in found.layers if layer.operator == operator]


def test_layers_of_a_sparse_file_are_in_its_region_and_those_behind_its_end_are_not(tmp_path: Path) -> None:
    found = inspected(file_of("goes_on_densely_after_its_end"), tmp_path)
    assert [(layer.operator, layer.place) for layer in found.layers] == [
        ("CONV_2D", "inside"),
        ("CONV_2D", "inside"),
        ("DEPTH_TO_SPACE", "inside"),
        ("CONV_2D", "outside"),
    ]
    assert not any(layer.broken for layer in found.layers)
    assert [layer.reads for layer in found.layers] == [[], [0], [1], [2]]


@pytest.mark.parametrize(
    ("name", "operator", "rule"),
    [
        ("depthwise_3x3_same_stride_2_even", "DEPTHWISE_CONV_2D", "depthwise_same_padding"),
        ("prelu_inside", "PRELU", "operator_in_region"),
        ("no_end", "CONV_2D", "region_end"),
    ],
)
def test_layer_names_the_rule_that_it_breaks(name: str, operator: str, rule: str, tmp_path: Path) -> None:
    found = inspected(file_of(name), tmp_path)
    broken = {layer.operator: layer.broken for layer in found.layers if layer.broken}
    assert broken == {operator: [rule]}
    assert all(layer.place != "inside" for layer in found.layers)


def test_where_a_region_would_be_is_told_before_it_is_one(tmp_path: Path) -> None:
    found = inspected(file_of("exactly_two_thirds"), tmp_path)
    assert [layer.place for layer in found.layers] == ["candidate"] * 3


def test_pad_and_clamp_are_part_of_the_layer_beside_them(tmp_path: Path) -> None:
    found = inspected(file_of("separate_relu"), tmp_path)
    assert found.operators["PAD"] == found.operators["RELU"] == 1
    assert [layer.operator for layer in found.layers] == ["CONV_2D", "CONV_2D", "MEAN"]


def test_work_and_weights_of_a_convolution_are_counted(tmp_path: Path) -> None:
    graph = Graph((1, 40, 56, 3))
    data = graph.output(graph.mean(graph.conv(graph.stem(8), 16, zeros=0.75)))
    first, pointwise, mean = inspected(data, tmp_path).layers
    assert first.multiply_adds == first.multiply_adds_left == 20 * 28 * 8 * 27
    assert (pointwise.weights, pointwise.zeros, pointwise.sparsity) == (128, 96, 0.75)
    assert pointwise.multiply_adds == 20 * 28 * 128
    assert pointwise.multiply_adds_left == pointwise.multiply_adds // 4
    assert (pointwise.shape, pointwise.output_shape) == ([16, 1, 1, 8], [1, 20, 28, 16])
    # 32 values and 16 of the bias in float16; 17 row starts and 32 columns of one byte each.
    assert (pointwise.value_bytes, pointwise.index_bytes) == (2 * (32 + 16), 17 + 32)
    assert (mean.weights, mean.multiply_adds) == (0, 0)


def test_shares_of_time_add_up(published_sparse: Path) -> None:
    (found,) = inspect_path(published_sparse, targets=["wasm"])
    assert sum(layer.time_share for layer in found.layers) == pytest.approx(1)
    assert len(by_operator(found, "CONV_2D")) == 49
