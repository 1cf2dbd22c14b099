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
from zoo.spec import Budget
from zoo.training import SHARES, Allowance, PictureSource, Place, Trained, TrainingJob, allow, train_student
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


class _CutAtTheEndOf(SilentProgress):
    """Progress that ends the training when a step is through, before it is closed."""

    def __init__(self, label: str) -> None:
        self._label = label

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[Ticker]:
        with super().task(label, total) as ticker:
            yield ticker
        if label == self._label:
            raise _CutError


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
        averaging: float = 0.0,
        budget: Budget | None = None,
        **sparsities: float,
    ) -> Trained:
        spec = tiny_spec()
        training = spec.training.model_copy(update={"averaging": averaging})
        job = TrainingJob(
            spec=spec.model_copy(update={"training": training}),
            preset=tiny_preset(reconstruction_inputs=reconstruction_inputs),
            student=self.student,
            teacher=self.teacher,
            pictures=self.pictures if pictures is None else pictures,
            read_picture=read_picture,
            sparsities=sparsities or ({} if budget else {"sparse": 0.8}),
            folder=folder / "out",
            progress_folder=folder / "progress",
            budgets={} if budget is None else {"sparse": self.allowed(budget)},
        )
        return train_student(job, progress=progress or SilentProgress())

    def allowed(self, budget: Budget) -> Allowance:
        return allow(budget, student=self.student, reference=self.teacher.read_bytes(), variant="sparse")


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


def test_averaged_weights_keep_their_zeros_and_survive_interruptions(trainings: _Trainings, tmp_path: Path) -> None:
    def run(name: str, progress: SilentProgress | None = None) -> Trained:
        return trainings.run(tmp_path / name, progress, reconstruction_inputs=4, averaging=0.9)

    straight = run("straight")
    assert max(straight.sparsity_by_layer["sparse"].values()) == pytest.approx(0.8, abs=0.01)
    for progress in (_CutAfter(24), _CutAtTheEndOf("train: finetune")):
        with pytest.raises(_CutError):
            run("cut", progress)
    run("cut")
    with np.load(tmp_path / "cut" / "out" / "sparse.npz", allow_pickle=False) as weights:
        assert any((weights[name] == 0).mean() > 0.79 for name in weights.files)
    assert (tmp_path / "cut/out/sparse.npz").read_bytes() == (tmp_path / "straight/out/sparse.npz").read_bytes()


def test_averages_are_those_of_the_weights_after_each_update() -> None:
    import tf_keras as keras

    from zoo.training._units import compile_model, set_optimizer, take_averages

    model = keras.Sequential([keras.layers.Dense(1, input_shape=(3,))])
    compile_model(model, [lambda target, answer: (target - answer) ** 2], averaging=0.8)
    set_optimizer(model, [], weight_decay=0.0)
    expected = [weight.numpy() for weight in model.weights]
    rng = np.random.default_rng(0)
    for _ in range(5):
        model.train_on_batch(rng.normal(size=(4, 3)), rng.normal(size=(4, 1)))
        expected = [0.8 * mean + 0.2 * weight.numpy() for mean, weight in zip(expected, model.weights, strict=True)]
    take_averages(model)
    for weight, mean in zip(model.weights, expected, strict=True):
        np.testing.assert_allclose(weight.numpy(), mean, rtol=1e-5)


def test_a_budgets_shares_are_measured_once_and_held_through_the_training(
    trainings: _Trainings, tmp_path: Path
) -> None:
    budget = Budget(wasm_time=2.0)
    straight = trainings.run(tmp_path / "straight", reconstruction_inputs=4, budget=budget)
    choice = straight.budgets["sparse"]
    kernels = trainings.allowed(budget).kernels
    for kernel, index in zip(kernels, choice.chosen, strict=True):
        reached = straight.sparsity_by_layer["sparse"][kernel.layer]
        assert reached == pytest.approx(SHARES[index], abs=0.5 / kernel.weights + 1e-6)
    assert {round(point.sparsity, 3) for point in straight.curve if point.step == "finetune"} != {0.0}
    with pytest.raises(_CutError):
        trainings.run(tmp_path / "cut", _CutAtTheEndOf("train: prune"), reconstruction_inputs=4, budget=budget)
    stored = tmp_path / "cut" / "progress" / "budget-sparse.json"
    measured = stored.stat().st_mtime_ns
    trainings.run(tmp_path / "cut", reconstruction_inputs=4, budget=budget)
    assert stored.stat().st_mtime_ns == measured
    assert (tmp_path / "cut/out/sparse.npz").read_bytes() == (tmp_path / "straight/out/sparse.npz").read_bytes()
