"""The three steps' learning rates stand in the announcement's relation to one another."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.spec import LearningRate, load_spec
from zoo.training import Constant, Cosine, resolve_schedule
from zoo.training._schedules import sample

STEPS = load_spec("face_detector").spec.training.steps
PRETRAIN, PRUNE, FINETUNE = (resolve_schedule(step.learning_rate, STEPS) for step in STEPS)


def test_pretraining_warms_up_to_its_peak_and_falls_to_its_end() -> None:
    assert isinstance(PRETRAIN, Cosine)
    rates = sample(PRETRAIN, 1000)
    assert max(rates) == pytest.approx(PRETRAIN.peak, rel=1e-3)
    assert rates[0] < 0.05 * PRETRAIN.peak
    assert rates[-1] == pytest.approx(PRETRAIN.final)


def test_pruning_runs_at_the_mean_of_pretraining() -> None:
    assert isinstance(PRUNE, Constant)
    assert PRUNE.rate == pytest.approx(float(np.mean(sample(PRETRAIN, 20_000))), rel=1e-3)


def test_fine_tuning_falls_from_the_peak_of_pretraining_to_its_end() -> None:
    assert isinstance(FINETUNE, Cosine)
    assert isinstance(PRETRAIN, Cosine)
    assert (FINETUNE.peak, FINETUNE.final) == (PRETRAIN.peak, PRETRAIN.final)


def test_the_warm_up_of_another_step_is_not_taken_over() -> None:
    rates = LearningRate(schedule="same_as", step="pretrain"), LearningRate(schedule="mean_of", step="pretrain")
    tuned, pruned = (resolve_schedule(rate, STEPS) for rate in rates)
    assert isinstance(PRETRAIN, Cosine)
    assert PRETRAIN.at(0.0) == 0.0
    assert tuned.at(0.0) == pytest.approx(PRETRAIN.peak)
    assert pruned.at(0.0) == pruned.at(1.0)


def test_a_step_may_warm_up_by_itself() -> None:
    pruned = resolve_schedule(LearningRate(schedule="mean_of", step="pretrain", warmup=0.1), STEPS)
    assert isinstance(PRUNE, Constant)
    assert [pruned.at(share) for share in (0.0, 0.05, 0.1, 1.0)] == pytest.approx(
        [0.0, PRUNE.rate / 2, PRUNE.rate, PRUNE.rate]
    )
    assert pruned.describe().endswith("warm-up over 10%")
    tuned = resolve_schedule(LearningRate(schedule="same_as", step="pretrain", warmup=0.2), STEPS)
    assert isinstance(FINETUNE, Cosine)
    assert tuned.at(0.1) == pytest.approx(FINETUNE.peak / 2)
    assert tuned.at(1.0) == pytest.approx(FINETUNE.final)
