"""One build by two workers: the chief releases what both trained, which is what one alone trains."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import BUILD_SECONDS, Built, command
from tests.ports import free_ports
from zoo.pipeline import read_records
from zoo.records import TrainRecord


def start(folder: Path, workers: list[str], index: int) -> subprocess.Popen[str]:
    config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
    return subprocess.Popen(
        command("build", "face_detector", "--preset", "smoke", "--json", "--out", str(folder / f"build{index}")),
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "TF_CONFIG": json.dumps(config)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def training_of(build: Path) -> TrainRecord:
    record = read_records(build / "face_detector" / "records")["train"]
    assert isinstance(record, TrainRecord)
    return record


@pytest.mark.slow
def test_two_workers_build_one_release(project_root: Path, smoke_build: Built, tmp_path: Path) -> None:
    spec = (project_root / "models" / "face_detector" / "spec.yaml").read_text(encoding="utf-8")
    own = tmp_path / "models" / "face_detector" / "spec.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(spec.replace("training:\n", "training:\n  distribution: multi_worker\n", 1), encoding="utf-8")
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    chief, other = (start(tmp_path, workers, index) for index in range(2))
    (chief_out, chief_said), (_, other_said) = (one.communicate(timeout=2 * BUILD_SECONDS) for one in (chief, other))

    assert other.returncode == 0, other_said
    assert "This worker's part of the training is done" in other_said
    assert chief.returncode in (0, 1), chief_said
    assert (tmp_path / "build0" / "face_detector" / "release" / "manifest.json").is_file(), chief_out
    assert not (tmp_path / "build1" / "face_detector" / "release").exists()
    together, alone = (training_of(build) for build in (tmp_path / "build0", smoke_build.out))
    # Later losses may part: of weights that are missed almost alike, the last bit decides which is cut, and all later
    # kernels are fitted to that. On a tiny network they do not (tests/training/test_distribution.py).
    assert together.curve[0].step == "pretrain"
    assert together.curve[0].loss == pytest.approx(alone.curve[0].loss, rel=1e-5)
    assert together.sparsity == pytest.approx(alone.sparsity, abs=1e-3)
    assert [step.updates for step in together.steps] == [step.updates for step in alone.steps]
