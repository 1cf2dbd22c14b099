"""Replicas that share each batch train as one that takes it whole; 16 bits leave weights in 32."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.ports import free_ports
from tests.tiny_detector import tiny_tflite
from tests.training.worker import train
from zoo.errors import InputError, OutsideError
from zoo.training._cluster import VARIABLE, read_cluster, wait_for_chief

TOLERANCE = 1e-4
"""Of a loss: sums over replicas are added in another order, and AdamW divides by small second moments."""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("job")
    rng = np.random.default_rng(0)
    for index in range(4):
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(folder / f"{index}.png")
    for name, seed in (("student", 2), ("teacher", 1)):
        (folder / f"{name}.tflite").write_bytes(tiny_tflite(seed=seed))
    return {name: str(folder / f"{name}.tflite") for name in ("student", "teacher")} | {"pictures": str(folder)}


@dataclass(frozen=True)
class Worker:
    process: subprocess.Popen[str]
    errors: Path

    def losses(self) -> list[float] | None:
        out, _ = self.process.communicate(timeout=900)
        assert self.process.returncode == 0, self.errors.read_text(encoding="utf-8")[-3000:]
        found: list[float] | None = json.loads(out.splitlines()[-1])
        return found


def start(job: dict[str, Any], folder: Path, config: dict[str, Any] | None = None) -> Worker:
    folder.mkdir(parents=True)
    file = folder / "job.json"
    file.write_text(json.dumps(job | {"folder": str(folder)}), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if config is not None:
        environment[VARIABLE] = json.dumps(config)
    command = [sys.executable, "-m", "tests.training.worker", str(file)]
    with (folder / "errors.txt").open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    return Worker(process, folder / "errors.txt")


@pytest.fixture(scope="module")
def alone(job: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    found = start(job | {"distribution": "none"}, tmp_path_factory.mktemp("alone") / "run").losses()
    assert found is not None
    return found


@pytest.mark.slow
def test_two_workers_see_the_losses_of_one_with_the_whole_batch(
    job: dict[str, Any], alone: list[float], tmp_path: Path
) -> None:
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    workers_here = [
        start(
            job | {"distribution": "multi_worker"},
            tmp_path / str(index),
            {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}},
        )
        for index in range(2)
    ]
    other, chief = (worker.losses() for worker in reversed(workers_here))
    assert other is None
    assert chief == pytest.approx(alone, rel=TOLERANCE)
    assert (tmp_path / "0" / "out" / "sparse.npz").is_file()
    written = [path for path in (tmp_path / "1").rglob("*") if path.is_file() and path.suffix not in {".json", ".txt"}]
    assert not written, "only the chief writes"


@pytest.mark.slow
def test_two_devices_of_one_machine_see_the_losses_of_one(
    job: dict[str, Any], alone: list[float], tmp_path: Path
) -> None:
    found = start(job | {"distribution": "mirrored", "cpus": 2}, tmp_path / "run").losses()
    assert found == pytest.approx(alone, rel=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_close_to_float32_and_keeps_its_weights(
    job: dict[str, Any], alone: list[float], precision: str, tmp_path: Path
) -> None:
    found = start(job | {"distribution": "none", "precision": precision}, tmp_path / "run").losses()
    assert found == pytest.approx(alone, rel=0.1)
    assert found != alone, "16 bits round otherwise"
    with np.load(tmp_path / "run" / "out" / "sparse.npz", allow_pickle=False) as weights:
        kernels = [weights[name] for name in weights.files]
    assert {kernel.dtype for kernel in kernels} == {np.dtype(np.float32)}
    rounded = [np.array_equal(one, one.astype(np.float16).astype(np.float32)) for one in kernels if one.size > 16]
    assert not all(rounded), "weights were never rounded to 16 bits"


def test_mixed_precision_keeps_weights_in_float32(job: dict[str, Any], tmp_path: Path) -> None:
    found = train(job | {"distribution": "none", "precision": "mixed_bfloat16", "folder": str(tmp_path)})
    assert found is not None
    assert np.isfinite(found).all()
    with np.load(tmp_path / "out" / "sparse.npz", allow_pickle=False) as weights:
        assert {weights[name].dtype for name in weights.files} == {np.dtype(np.float32)}


TWO = {"worker": ["a:1", "b:1"]}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs TF_CONFIG"),
        ("{", "wrong at the document"),
        ('{"cluster": {"worker": []}, "task": {"type": "worker", "index": 0}}', "wrong at cluster.worker"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', "wrong at cluster.worker.0"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "wrong at task.type"),
        (json.dumps({"cluster": TWO, "task": {"type": "worker", "index": 2}}), "worker 2 of 2"),
        (json.dumps({"cluster": {"worker": ["a:1"] * 2}, "task": {"type": "worker", "index": 0}}), "twice"),
        ("x" * 70_000, "70000 characters long"),
    ],
)
def test_a_wrong_cluster_is_told_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as told:
        read_cluster({VARIABLE: text})
    assert "\n" not in str(told.value)


def test_a_right_cluster_names_its_chief() -> None:
    text = json.dumps({"cluster": TWO, "task": {"type": "worker", "index": 1}})
    assert read_cluster({VARIABLE: text}).workers == ("a:1", "b:1")
    assert not read_cluster({VARIABLE: text}).is_chief


def test_a_worker_goes_on_once_the_chief_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as chief:
        wait_for_chief(f"127.0.0.1:{chief.getsockname()[1]}", seconds=0)


def test_a_worker_does_not_wait_for_ever_for_a_chief_that_has_the_training_stored() -> None:
    (port,) = free_ports(1)
    with pytest.raises(OutsideError, match=f"No chief came to 127.0.0.1:{port} .* training stored already"):
        wait_for_chief(f"127.0.0.1:{port}", seconds=0.1)
