"""The densified twin: same outputs to the last bit, same metadata and signatures, no sparse storage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.tflite.running import metadata_of
from zoo.tflite import constant_value, densified_twin, gzip_bytes, inventory, read_model


@pytest.fixture(params=["published_sparse", "pose_detection"])
def sparse_file(request: pytest.FixtureRequest) -> bytes:
    path: Path = request.getfixturevalue(request.param)
    return path.read_bytes()


def outputs(data: bytes) -> dict[str, npt.NDArray[np.float32]]:
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    noise = np.random.default_rng(7).uniform(-1, 1, details["shape"]).astype(np.float32)
    interpreter.set_tensor(details["index"], noise)
    interpreter.invoke()
    return {entry["name"]: interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()}


def test_outputs_are_identical_in_litert(sparse_file: bytes) -> None:
    ours, twins = outputs(sparse_file), outputs(densified_twin(sparse_file))
    assert list(ours) == list(twins)
    for name in ours:
        np.testing.assert_array_equal(ours[name], twins[name])


def test_only_storage_changes(sparse_file: bytes) -> None:
    before, after = read_model(sparse_file), read_model(densified_twin(sparse_file))
    assert metadata_of(after.data) == metadata_of(sparse_file)
    assert [entry.key for entry in after.signatures] == [entry.key for entry in before.signatures]
    assert [after.tensors[i].name for i in after.outputs] == [before.tensors[i].name for i in before.outputs]
    kept = [operator.name for operator in before.operators if operator.name != "DENSIFY"]
    assert [operator.name for operator in after.operators] == kept
    assert inventory(after).parameters == inventory(before).parameters
    assert inventory(after).pointwise_sparsity == inventory(before).pointwise_sparsity


def test_nothing_is_stored_sparse_and_float16_stays(sparse_file: bytes) -> None:
    after = inventory(read_model(densified_twin(sparse_file)))
    assert after.sparse_tensors == 0
    assert set(after.weight_bytes) == {"dense_float16", "dense_int32", "metadata", "structure"}


def test_weights_are_aligned_for_vector_loads(sparse_file: bytes) -> None:
    after = read_model(densified_twin(sparse_file))
    assert all(span.start % 16 == 0 for span in after.buffers if span.size)


def test_twin_of_a_dense_file_has_the_same_weights(published_dense: Path) -> None:
    data = published_dense.read_bytes()
    before, after = read_model(data), read_model(densified_twin(data))
    assert len(before.operators) == len(after.operators)
    for ours, twins in zip(before.operators, after.operators, strict=True):
        for left, right in zip(ours.inputs, twins.inputs, strict=True):
            np.testing.assert_array_equal(constant_value(before, left), constant_value(after, right))


def test_same_bytes_every_time(sparse_file: bytes) -> None:
    assert densified_twin(sparse_file) == densified_twin(sparse_file)
    assert gzip_bytes(sparse_file) == gzip_bytes(bytes(sparse_file)) < len(sparse_file)
