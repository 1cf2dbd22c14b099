"""The three steps' learning rates stand in the announcement's relation to one another."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.spec import load_spec
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


def test_fine_tuning_is_pretraining_without_the_warm_up() -> None:
    assert isinstance(FINETUNE, Cosine)
    assert isinstance(PRETRAIN, Cosine)
    assert (FINETUNE.peak, FINETUNE.final, FINETUNE.warmup) == (PRETRAIN.peak, PRETRAIN.final, 0.0)
    assert sample(FINETUNE, 1000)[0] == pytest.approx(FINETUNE.peak, rel=1e-4)
