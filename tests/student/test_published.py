"""MediaPipe's hand and pose models become students, as they are published and after exact rewrites."""

from __future__ import annotations

import pytest

from tests.student.published import EACH, adapted, published
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.student import import_student, measure_parity
from zoo.tflite import read_model

PARITY = 1e-4
FORMS = {"published": published, "adapted": adapted}
WIDER = {("pose_landmark_full", 2)}
"""The logits of the pose mask, on which LiteRT's own two sets of kernels differ by more than PARITY."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", EACH)
def test_imports_with_parity_and_the_files_outputs_in_their_order(name: str, form: str) -> None:
    data = FORMS[form](name)
    student = import_student(data, name=name, batch=1).model
    file = read_model(data)
    assert [tuple(output.shape) for output in student.outputs] == [file.tensors[o].shape for o in file.outputs]
    kinds = [operator.name for operator in file.operators]
    layers = sum(kinds.count(kind) for kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
    assert len(student.trainable_weights) == 2 * layers + kinds.count("PRELU"), "training moves every kernel and bias"
    parity = measure_parity(student, data)
    assert parity.agrees(PARITY)
    for place, (ours, spread) in enumerate(zip(parity.relative, parity.spread, strict=True)):
        assert ours <= PARITY or ((name, place) in WIDER and spread > PARITY / 4 and ours < 0.005)


def test_parity_of_a_wide_output_still_tells_a_changed_weight() -> None:
    data = published("pose_landmark_full")
    student = import_student(data, name="changed", batch=1).model
    mask = student.outputs[2].node.layer
    kernel, bias = mask.get_weights()
    mask.set_weights([kernel * 1.01, bias])
    assert not measure_parity(student, data).agrees(PARITY)


def graph_of(kind: str) -> bytes:
    graph = Graph((1, 4, 6, 3))
    if kind == "keep":
        mean = graph.apply("MEAN", graph.input, graph.integers(1, 2), shape=(1, 1, 1, 3), keepDims=True)
        return graph.output(mean)
    if kind == "channels":
        return graph.output(graph.apply("MEAN", graph.input, graph.integers(3), shape=(1, 4, 6), keepDims=False))
    if kind == "slopes":
        return graph.output(graph.apply("PRELU", graph.input, graph.weights((4, 6, 3))))
    if kind == "map":
        return graph.output(graph.apply("FULLY_CONNECTED", graph.input, graph.weights((5, 72)), shape=(1, 5)))
    mean = graph.apply("MEAN", graph.input, graph.integers(-3, -2), shape=(1, 3), keepDims=False)
    dense = graph.apply("FULLY_CONNECTED", mean, graph.weights((5, 3)), shape=(1, 5))
    return graph.output(graph.apply("LOGISTIC", dense))


@pytest.mark.parametrize("kind", ["keep", "unbiased"])
def test_means_and_dense_layers_import_in_their_other_forms(kind: str) -> None:
    data = graph_of(kind)
    assert max(measure_parity(import_student(data, name="graph").model, data).relative) <= PARITY


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("channels", "(MEAN): axes [3] of a value of shape (4, 6, 3)"),
        ("slopes", "(PRELU): slopes of shape (4, 6, 3)"),
        ("map", "(FULLY_CONNECTED): an input of shape (4, 6, 3)"),
    ],
)
def test_forms_without_a_keras_layer_are_refused_by_name(kind: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        import_student(graph_of(kind), name="graph.tflite")
    assert says in str(refused.value)
