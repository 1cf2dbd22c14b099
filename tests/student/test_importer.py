"""A student computes what the file that it comes from computes, or is refused by name."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.student import import_student, load_weights, measure_parity, save_weights, score_heads

PARITY = 1e-4
"""The issue of a wrong operator is orders of magnitude larger; float32 sums in another order give about 1e-6."""


@pytest.mark.parametrize("file", ["published_dense", "published_sparse"])
def test_the_published_face_detectors_import_with_parity(file: str, request: pytest.FixtureRequest) -> None:
    source = request.getfixturevalue(file).read_bytes()
    student = import_student(source, name=file)
    parity = measure_parity(student.model, source)
    assert parity.relative_difference <= PARITY
    assert parity.output_magnitude > 1, "outputs near zero would agree with anything"


def test_parity_tells_a_network_with_one_changed_weight(published_sparse: Path) -> None:
    source = published_sparse.read_bytes()
    student = import_student(source, name="changed")
    layer = next(layer for layer in student.model.layers if layer.__class__.__name__ == "Conv2D")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * 1.05, bias])
    assert measure_parity(student.model, source).relative_difference > PARITY


def test_a_network_with_other_operators_is_refused_by_the_operator_s_name() -> None:
    found = find_spec("mediapipe")
    assert found is not None
    assert found.submodule_search_locations
    other = Path(found.submodule_search_locations[0]) / "modules/selfie_segmentation/selfie_segmentation.tflite"
    with pytest.raises(InputError, match=r"selfie\.tflite: operator \d+ is [A-Z_0-9]+, which has no Keras form"):
        import_student(other.read_bytes(), name="selfie.tflite")


def test_weights_come_back_as_they_were_and_give_the_same_bytes(published_sparse: Path, tmp_path: Path) -> None:
    student = import_student(published_sparse.read_bytes(), name="student").model
    save_weights(student, tmp_path / "first.npz")
    before = [values.copy() for values in student.get_weights()]
    student.set_weights([np.zeros_like(values) for values in before])
    load_weights(student, tmp_path / "first.npz")
    for old, new in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    save_weights(student, tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    assert not list(tmp_path.glob("*.tmp"))


def test_weights_of_another_network_are_refused(published_sparse: Path, tmp_path: Path) -> None:
    from tests.tiny_detector import tiny_keras

    save_weights(tiny_keras(seed=0), tmp_path / "tiny.npz")
    student = import_student(published_sparse.read_bytes(), name="student").model
    with pytest.raises(InputError, match=r"tiny\.npz does not hold this student's weights"):
        load_weights(student, tmp_path / "tiny.npz")


def test_raising_the_score_head_s_bias_raises_every_score_alike(published_sparse: Path) -> None:
    student = import_student(published_sparse.read_bytes(), name="student").model
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 192, 192, 3)).astype(np.float32)
    boxes, scores = (output.numpy() for output in student(picture))
    (head,) = score_heads(student, 1)
    *kernel, bias = head.get_weights()
    head.set_weights([*kernel, bias + 0.75])
    shifted_boxes, shifted_scores = (output.numpy() for output in student(picture))
    np.testing.assert_array_equal(shifted_boxes, boxes)
    np.testing.assert_allclose(shifted_scores - scores, 0.75, atol=1e-4)
