"""Three steps that end in the declared sparsity, and that no interruption changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tiny_detector import tiny_preset, tiny_spec, tiny_tflite
from zoo.errors import InputError
from zoo.progress import SilentProgress, Ticker
from zoo.sources import read_picture
from zoo.training import PictureSource, Place, Trained, TrainingJob, train_student
from zoo.training._checkpoint import FILE, load_standing


class _CutError(Exception):
    """Stands for the kill: raised in the middle of an epoch."""


class _CutAfter(SilentProgress):
    """Progress that ends the training after so many updates."""

    def __init__(self, updates: int) -> None:
        self._left = updates

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        yield self

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        self._left -= 1
        if self._left <= 0:
            raise _CutError


class _ThreadsAtEachTask(SilentProgress):
    """Which threads of batches are alive when a unit of training begins."""

    def __init__(self) -> None:
        self.alive: dict[str, list[str]] = {}

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        self.alive[label] = batch_threads()
        with super().task(label, total) as ticker:
            yield ticker


def batch_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("batches")]


class _Trainings:
    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        self.pictures = []
        for index in range(4):
            path = folder / f"{index}.png"
            Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(path)
            self.pictures.append(PictureSource(path=path, places=(Place(0.4, 0.45, 0.4, 0.5),) if index % 2 else ()))
        self.student = tiny_tflite(seed=2)
        self.teacher = folder / "teacher.tflite"
        self.teacher.write_bytes(tiny_tflite(seed=1))

    def run(
        self,
        folder: Path,
        progress: SilentProgress | None = None,
        *,
        pictures: list[PictureSource] | None = None,
        reconstruction_inputs: int = 0,
        **sparsities: float,
    ) -> Trained:
        job = TrainingJob(
            spec=tiny_spec(),
            preset=tiny_preset(reconstruction_inputs=reconstruction_inputs),
            student=self.student,
            teacher=self.teacher,
            pictures=self.pictures if pictures is None else pictures,
            read_picture=read_picture,
            sparsities=sparsities or {"sparse": 0.8},
            folder=folder / "out",
            progress_folder=folder / "progress",
        )
        return train_student(job, progress=progress or SilentProgress())


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> _Trainings:
    return _Trainings(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def straight(trainings: _Trainings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    folder = tmp_path_factory.mktemp("straight")
    return trainings.run(folder, **{"sparse": 0.8, "sparse-90": 0.9}), folder


def test_each_variant_has_its_sparsity_in_every_pruned_kernel(straight: tuple[Trained, Path]) -> None:
    trained, folder = straight
    assert trained.sparsity_by_layer["dense"] == dict.fromkeys(trained.sparsity_by_layer["dense"], 0.0)
    for variant, wanted in (("sparse", 0.8), ("sparse-90", 0.9)):
        pruned = [share for share in trained.sparsity_by_layer[variant].values() if share]
        heads = pytest.approx(tiny_spec().training.pruning.head_sparsity, abs=0.1)
        assert pruned == [pytest.approx(wanted, abs=0.01), heads, heads]
        with np.load(folder / "out" / f"{variant}.npz", allow_pickle=False) as weights:
            assert any((weights[name] == 0).mean() > wanted - 0.01 for name in weights.files)


def test_the_curve_shows_the_steps_in_order(straight: tuple[Trained, Path]) -> None:
    steps = [point.step for point in straight[0].curve]
    assert steps == (
        ["pretrain"] * 2 + ["prune"] * 3 + ["finetune"] * 2 + ["prune-sparse-90"] * 3 + ["finetune-sparse-90"] * 2
    )
    sparsities = [point.sparsity for point in straight[0].curve if point.step == "prune"]
    assert sparsities == sorted(sparsities)
    assert all(np.isfinite(point.loss) for point in straight[0].curve)


def test_tensorboard_has_the_sparsity_of_the_prune_step(straight: tuple[Trained, Path]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logs = EventAccumulator(str(straight[1] / "out" / "tensorboard" / "prune" / "metrics"), {"tensors": 0})
    logs.Reload()
    assert any(tag.endswith("/sparsity") for tag in logs.Tags()["tensors"])


def test_no_thread_asks_the_teacher_when_the_next_unit_begins(trainings: _Trainings, tmp_path: Path) -> None:
    progress = _ThreadsAtEachTask()
    trainings.run(tmp_path, progress)
    assert [label for label in progress.alive if label.startswith("train:")] == [
        "train: pretrain",
        "train: prune",
        "train: finetune",
    ]
    assert set(map(tuple, progress.alive.values())) == {()}
    assert batch_threads() == []


def test_no_thread_asks_the_teacher_after_a_training_was_stopped(trainings: _Trainings, tmp_path: Path) -> None:
    # What was raised is held here, and with it all that the training had at hand.
    with pytest.raises(_CutError) as held:
        trainings.run(tmp_path, _CutAfter(5))
    assert batch_threads() == []
    assert held.value is not None


@pytest.mark.parametrize(
    "updates",
    [
        pytest.param(1, marks=pytest.mark.slow),
        pytest.param(5, id="in pretrain"),
        pytest.param(8, marks=pytest.mark.slow),
        pytest.param(14, id="in prune"),
        pytest.param(19, id="in finetune", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_training_ends_with_the_same_bytes(
    updates: int, trainings: _Trainings, straight: tuple[Trained, Path], tmp_path: Path
) -> None:
    with pytest.raises(_CutError):
        trainings.run(tmp_path, _CutAfter(updates))
    resumed = trainings.run(tmp_path)
    assert resumed.resumed_at == ([updates // 3] if updates > 3 else [])
    for variant in ("dense", "sparse"):
        name = f"out/{variant}.npz"
        assert (tmp_path / name).read_bytes() == (straight[1] / name).read_bytes()


def test_a_damaged_checkpoint_counts_as_none(trainings: _Trainings, tmp_path: Path) -> None:
    with pytest.raises(_CutError):
        trainings.run(tmp_path, _CutAfter(5))
    checkpoint = tmp_path / "progress" / FILE
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    assert load_standing(tmp_path / "progress") is None


def test_no_picture_is_an_input_error(trainings: _Trainings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture to train on"):
        trainings.run(tmp_path, pictures=[])


def test_kernels_pruned_by_reconstruction_keep_their_zeros_while_the_rest_trains(
    trainings: _Trainings, tmp_path: Path
) -> None:
    straight = trainings.run(tmp_path / "straight", reconstruction_inputs=4)
    assert max(straight.sparsity_by_layer["sparse"].values()) == pytest.approx(0.8, abs=0.01)
    assert {round(point.sparsity, 6) for point in straight.curve if point.step != "pretrain"} == {
        round(straight.sparsity["sparse"], 6)
    }
    with pytest.raises(_CutError):
        trainings.run(tmp_path / "cut", _CutAfter(24), reconstruction_inputs=4)
    resumed = trainings.run(tmp_path / "cut", reconstruction_inputs=4)
    assert len(resumed.resumed_at) == 1
    for name in ("out/dense.npz", "out/sparse.npz"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
