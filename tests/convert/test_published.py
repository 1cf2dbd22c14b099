"""MediaPipe's hand and pose models, made sparse-ready and pruned without training, as files that drop in and engage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.student.published import EACH, adapted, published
from zoo.convert import PARITY_TOLERANCE, keras_to_tflite, round_to_float16
from zoo.progress import SilentProgress
from zoo.runtimes import run_hand_graph, run_pose_graph
from zoo.student import import_student, measure_parity
from zoo.tflite import read_model
from zoo.xnnpack import engagement

ZEROS = 0.8


@pytest.fixture(scope="module", params=EACH)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def student_of(name: str) -> Any:
    """The network with weights as its file will hold them."""
    model = import_student(adapted(name), name=name, batch=1).model
    round_to_float16(model)
    return model


@pytest.fixture(scope="module")
def dense(name: str) -> tuple[Any, bytes]:
    """The network, and its dense file."""
    student = student_of(name)
    return student, keras_to_tflite(student, "float16")


@pytest.fixture(scope="module")
def pruned(name: str) -> tuple[Any, bytes]:
    """The network after masks by magnitude where the policy prunes, and its sparse file."""
    from zoo.training._policy import PruneRegionForXNNPACK

    student, policy = student_of(name), PruneRegionForXNNPACK()
    policy.ensure_model_supports_pruning(student)
    for layer in student.layers:
        if policy.allow_pruning(layer):
            kernel, *bias = layer.get_weights()
            layer.set_weights([np.where(np.abs(kernel) < np.quantile(np.abs(kernel), ZEROS), 0, kernel), *bias])
    return student, keras_to_tflite(student, "float16", sparse=True)


def shapes(data: bytes) -> list[tuple[int, ...]]:
    model = read_model(data)
    return [model.tensors[index].shape for index in (*model.inputs, *model.outputs)]


def test_the_dense_file_computes_what_the_published_one_does_in_its_order(name: str, dense: tuple[Any, bytes]) -> None:
    student, data = dense
    assert shapes(data) == shapes(published(name))
    assert measure_parity(student, data).agrees(PARITY_TOLERANCE)
    if name != "palm_detection_full":
        # There, halves of PRELU's slopes are rounded that the published file does not hold.
        assert measure_parity(student, published(name)).agrees(PARITY_TOLERANCE)


def test_the_sparse_file_keeps_the_outputs_and_engages(name: str, pruned: tuple[Any, bytes]) -> None:
    model, data = pruned
    assert shapes(data) == shapes(published(name))
    assert measure_parity(model, data).agrees(PARITY_TOLERANCE)
    assert engagement(read_model(data), "wasm").sparse, engagement(read_model(data), "wasm").summary


def test_the_files_drop_into_mediapipes_own_graph(
    name: str, dense: tuple[Any, bytes], pruned: tuple[Any, bytes], shared_data: Path, tmp_path: Path
) -> None:
    models: dict[str, dict[str, Path]] = {"published": {}}
    for kind, data in (("dense", dense[1]), ("sparse", pruned[1])):
        models[kind] = {f"{name}.tflite": tmp_path / f"{kind}.tflite"}
        (tmp_path / f"{kind}.tflite").write_bytes(data)
    picture = shared_data / "hands" / "mediapipe" / "tfjs_models" / ("pose.jpg" if "pose" in name else "hands.jpg")
    if not picture.is_file():
        pytest.skip(f"there is no {picture.name} among the shared pictures")
    points = {kind: landmarks_of(name, found) for kind, found in runs(name, models, picture).items()}
    assert len(points["published"]) > 0
    # A pixel in a picture of 640; pruned without training, it need only run.
    assert np.abs(points["dense"] - points["published"]).max() < 1 / 640


def runs(name: str, models: dict[str, dict[str, Path]], picture: Path) -> dict[str, Any]:
    if "pose" in name:
        poses = run_pose_graph(models, [picture], progress=SilentProgress()).pictures
        return {kind: found[0] for kind, found in poses.items()}
    complexity: Any = name.rpartition("_")[2]
    hands = run_hand_graph(models, [picture], complexity=complexity, progress=SilentProgress()).pictures
    return {kind: found[0] for kind, found in hands.items()}


def landmarks_of(name: str, found: Any) -> np.ndarray:
    """All points that were found, (n, 2), in shares of the picture."""
    if "pose" in name:
        return np.array(found.pose.landmarks if found.pose else []).reshape(-1, 3)[:, :2]
    return np.array([point for hand in found.hands for point in hand.landmarks]).reshape(-1, 3)[:, :2]
