"""The threshold of best F-score, against trying every one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluate.synthetic import jittered, random_run
from zoo.errors import InputError
from zoo.evaluate import best_threshold, f_score_at
from zoo.runtimes import Detection, match_runs, summed_metrics


@pytest.mark.parametrize("seed", range(6))
def test_no_other_threshold_does_better(seed: int) -> None:
    generator = np.random.default_rng(seed)
    reference = random_run(generator, 25)
    run = [a + b for a, b in zip(jittered(reference, generator, amount=0.02), random_run(generator, 25), strict=True)]
    choice = best_threshold(run, reference, iou_threshold=0.5)

    def f_score(threshold: float) -> float:
        kept = [[detection for detection in found if detection.score >= threshold] for found in run]
        return summed_metrics(match_runs(kept, reference, iou_threshold=0.5)).get("f_score", 0.0)

    every = [f_score(detection.score) for found in run for detection in found]
    assert choice.f_score == pytest.approx(max(every))
    assert f_score(choice.threshold) == pytest.approx(choice.f_score)
    assert f_score_at(run, reference, threshold=choice.threshold, iou_threshold=0.5) == pytest.approx(choice.f_score)


def test_lies_between_the_scores_that_it_parts() -> None:
    face, alarm = (0.1, 0.1, 0.4, 0.4), (0.6, 0.6, 0.9, 0.9)
    run = [[Detection(0.4, face, ()), Detection(0.2, alarm, ())]]
    choice = best_threshold(run, [[Detection(0.9, face, ())]], iou_threshold=0.5)
    assert 0.2 < choice.threshold < 0.4
    assert choice.f_score == 1.0


def test_does_not_part_equal_scores() -> None:
    face, alarm = (0.1, 0.1, 0.4, 0.4), (0.6, 0.6, 0.9, 0.9)
    run = [[Detection(0.4, face, ()), Detection(0.4, alarm, ())]]
    choice = best_threshold(run, [[Detection(0.9, face, ())]], iou_threshold=0.5)
    assert choice.threshold < 0.4
    assert choice.f_score == pytest.approx(2 / 3)


@pytest.mark.parametrize("reference", [[[]], [[Detection(0.9, (0.7, 0.7, 0.9, 0.9), ())]]])
def test_refuses_to_choose_by_nothing(reference: list[list[Detection]]) -> None:
    run = [[Detection(0.4, (0.1, 0.1, 0.4, 0.4), ())]]
    with pytest.raises(InputError, match="no face of the reference is found"):
        best_threshold(run, reference, iou_threshold=0.5)
