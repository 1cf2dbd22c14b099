"""A rewritten file becomes a student like any other, and the rules are asked of it before it is trained."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapt.published import published
from tests.tiny_detector import tiny_keras
from tests.xnnpack.graphs import ACTIVATIONS, NONE, Graph
from zoo.adapt import REWRITES, apply_rewrites
from zoo.convert import student_readiness
from zoo.errors import InputError
from zoo.student import import_student, measure_parity, score_heads

PARITY = 1e-4
FACE = ("rotate_half_turn", "max_pool_to_primitives", "channel_pad_to_conv", "exit_through_depth_to_space")
PALM = ("rotate_half_turn", "first_conv_by_blocks", "prelu_to_primitives", *FACE[1:])


@pytest.mark.parametrize(
    ("file", "names"), [("face_detection_full_range", FACE), ("palm_detection_full", PALM)], ids=["face", "palm"]
)
def test_rewritten_file_imports_with_parity_and_stays_ready_through_the_converter(
    file: str, names: tuple[str, ...]
) -> None:
    adapted = apply_rewrites(published(file), [REWRITES[name] for name in names]).data
    student = import_student(adapted, name=file, batch=1)
    assert measure_parity(student.model, adapted).relative_difference <= PARITY
    assert student_readiness(student.model) == []


def test_shift_of_the_score_head_passes_the_exit_and_the_turn() -> None:
    adapted = apply_rewrites(published("face_detection_full_range"), [REWRITES[name] for name in FACE]).data
    student = import_student(adapted, name="face").model
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 192, 192, 3)).astype(np.float32)
    before = [output.numpy() for output in student(picture)]
    (head,) = score_heads(student, 1)
    *kernel, bias = head.get_weights()
    head.set_weights([*kernel, bias + 0.75])
    boxes, scores = (output.numpy() for output in student(picture))
    np.testing.assert_array_equal(boxes, before[0])
    np.testing.assert_allclose(scores - before[1], 0.75, atol=1e-4)


def test_shift_of_scores_that_come_from_two_maps_moves_both() -> None:
    student = import_student(published("palm_detection_full"), name="palm").model
    picture = np.random.default_rng(0).uniform(0, 1, (1, 192, 192, 3)).astype(np.float32)
    before = [output.numpy() for output in student(picture)]
    heads = score_heads(student, 1)
    assert len(heads) == 2
    for head in heads:
        *kernel, bias = head.get_weights()
        head.set_weights([*kernel, bias + 0.75])
    boxes, scores = (output.numpy() for output in student(picture))
    np.testing.assert_array_equal(boxes, before[0])
    np.testing.assert_allclose(scores - before[1], 0.75, atol=1e-4)


@pytest.mark.parametrize(
    ("places", "rule"),
    [({"middle": "wide"}, "first_conv_stride"), ({"end": "none"}, "region_end")],
    ids=["3x3", "no_end"],
)
def test_network_that_cannot_engage_is_known_before_training(places: dict[str, str], rule: str) -> None:
    assert student_readiness(tiny_keras(seed=0)) == []
    assert rule in {each.rule for each in student_readiness(tiny_keras(seed=0, **places))}


def graph_of(kind: str) -> bytes:
    graph = Graph((1, 4, 6, 3))
    x = graph.conv(graph.input, 4, zeros=0, activation=NONE)
    if kind == "product":
        return graph.output(graph.multiply(x, graph.conv(graph.input, 4, zeros=0)))
    if kind == "map":
        return graph.output(graph.multiply(x, graph.weights((1, 4, 6, 4))))
    if kind == "batch":
        return graph.output(graph.apply("REVERSE_V2", x, graph.integers(0)))
    shape = (1, 2, 6, 4)
    return graph.output(graph.apply("SLICE", x, graph.integers(0, 1, 0, 0), graph.integers(*shape), shape=shape))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("product", "(MUL): a product of two values"),
        ("map", "(MUL): a constant of shape (1, 4, 6, 4)"),
        ("batch", "(REVERSE_V2): axes [0]"),
        ("rows", "(SLICE): a part of (4, 6, 4) from [0, 1, 0, 0]"),
    ],
)
def test_other_forms_of_these_operators_are_refused_by_name(kind: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        import_student(graph_of(kind), name="graph.tflite")
    assert says in str(refused.value)


@pytest.mark.parametrize("activation", ["RELU", "RELU6"])
def test_concatenation_scale_and_clamps_import_with_parity(activation: str) -> None:
    graph = Graph((1, 4, 6, 3))
    x = graph.conv(graph.input, 4, zeros=0, activation=ACTIVATIONS[activation.lower()])
    x = graph.multiply(graph.weights((1, 1, 1, 4)), x, activation=ACTIVATIONS[activation.lower()])
    # Keras gives a list where there are several outputs.
    data = graph.output(graph.concatenate(x, graph.multiply(x, graph.weights(()))), x)
    assert measure_parity(import_student(data, name="graph.tflite").model, data).relative_difference <= PARITY
