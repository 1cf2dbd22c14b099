"""Files that compute what was trained, stored as declared, and that say how their input is normalised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tiny_detector import tiny_keras, tiny_spec, tiny_tflite
from zoo.convert import Converted, convert_variant, make_twin, shift_scores
from zoo.errors import InputError
from zoo.student import import_student, load_weights, save_weights
from zoo.tflite import constant_value, read_model

SPEC = tiny_spec()


@pytest.fixture(scope="module")
def student() -> bytes:
    return tiny_tflite(seed=2)


@pytest.fixture(scope="module")
def weights(student: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a pruned student: 80% of the middle 1x1 kernel is zero."""
    model = import_student(student, name="student").model
    for layer in model.layers:
        if layer.__class__.__name__ == "Conv2D" and layer.get_weights()[0].shape == (1, 1, 8, 24):
            kernel, bias = layer.get_weights()
            kernel[np.abs(kernel) < np.quantile(np.abs(kernel), 0.8)] = 0
            layer.set_weights([kernel, bias])
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    save_weights(model, path)
    return path


def _convert(variant: str, student: bytes, weights: Path, folder: Path) -> Converted:
    return convert_variant(SPEC, SPEC.variant(variant), student=student, weights=weights, folder=folder)


def _run(path: Path, picture: np.ndarray) -> list[np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]


def test_only_the_sparse_variant_is_stored_sparse(student: bytes, weights: Path, tmp_path: Path) -> None:
    sparse = read_model(_convert("sparse", student, weights, tmp_path).path)
    dense = read_model(_convert("dense", student, weights, tmp_path).path)
    assert [o.name for o in sparse.operators].count("DENSIFY") >= 1
    assert all(o.name != "DENSIFY" for o in dense.operators)
    shapes = [sparse.tensors[index].shape for index in (*sparse.inputs, *sparse.outputs)]
    assert shapes == [(1, 32, 32, 3), (1, 256, 16), (1, 256, 1)]


def test_the_same_weights_give_the_same_bytes(student: bytes, weights: Path, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(_convert("sparse", student, weights, tmp_path / name).path.read_bytes())
    assert files[0] == files[1]


def test_the_file_holds_the_trained_weights_rounded_to_float16(student: bytes, weights: Path, tmp_path: Path) -> None:
    model = read_model(_convert("sparse", student, weights, tmp_path).path)
    stored = [constant_value(model, o.inputs[1]) for o in model.operators if o.name == "CONV_2D"]
    keras = import_student(student, name="student").model
    load_weights(keras, weights)
    trained = [layer.get_weights()[0] for layer in keras.layers if layer.__class__.__name__ == "Conv2D"]
    for kernel in trained:
        rounded = kernel.astype(np.float16).astype(np.float32).transpose(3, 0, 1, 2)
        assert any(s is not None and s.shape == rounded.shape and np.array_equal(s, rounded) for s in stored)


def test_the_twin_computes_the_same_to_the_last_bit(student: bytes, weights: Path, tmp_path: Path) -> None:
    sparse = _convert("sparse", student, weights, tmp_path).path
    twin = make_twin(SPEC, sparse=sparse, folder=tmp_path)
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    for one, two in zip(_run(sparse, picture), _run(twin, picture), strict=True):
        np.testing.assert_array_equal(one, two)
    assert all(o.name != "DENSIFY" for o in read_model(twin).operators)


def test_a_shift_moves_the_file_s_scores_and_nothing_else(student: bytes, weights: Path, tmp_path: Path) -> None:
    before = _convert("sparse", student, weights, tmp_path).path
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    boxes, scores = _run(before, picture)
    shift_scores(SPEC, student=student, weights=weights, shift=-0.5, target=tmp_path / "shifted.npz")
    after = _convert("sparse", student, tmp_path / "shifted.npz", tmp_path).path
    shifted_boxes, shifted_scores = _run(after, picture)
    np.testing.assert_array_equal(shifted_boxes, boxes)
    np.testing.assert_allclose(shifted_scores - scores, -0.5, atol=2e-3)


def test_metadata_says_how_the_picture_is_normalised(student: bytes, weights: Path, tmp_path: Path) -> None:
    from mediapipe.tasks.python.metadata.metadata import MetadataDisplayer

    path = _convert("sparse", student, weights, tmp_path).path
    text = MetadataDisplayer.with_model_file(str(path)).get_metadata_json()
    assert '"NormalizationOptions"' in text
    assert text.count("127.5") == 2


def test_weights_of_another_network_are_refused(student: bytes, tmp_path: Path) -> None:
    save_weights(tiny_keras(seed=3), tmp_path / "other.npz")
    with pytest.raises(InputError, match="does not hold this student's weights"):
        _convert("sparse", student, tmp_path / "other.npz", tmp_path)


def test_weights_beyond_float16_are_refused(student: bytes, tmp_path: Path) -> None:
    model = import_student(student, name="student").model
    layer = next(layer for layer in model.layers if layer.get_weights())
    layer.set_weights([values + 1e6 for values in layer.get_weights()])
    save_weights(model, tmp_path / "huge.npz")
    with pytest.raises(InputError, match="beyond float16's range"):
        _convert("sparse", student, tmp_path / "huge.npz", tmp_path)
