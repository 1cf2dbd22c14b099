"""The loss is zero where the student answers as the teacher, and asks most for the side of the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.spec import DetectionLoss
from zoo.student import start_tensorflow
from zoo.training._detection import box_loss, score_loss

start_tensorflow()
LOSS = DetectionLoss(scores=1.0, boxes=1.0, confident=0.3, operating_point=1.0)
THRESHOLD = 0.6
CENTRE = float(np.log(THRESHOLD / (1 - THRESHOLD)))


def _scores(logit: float) -> np.ndarray:
    logits = np.full((1, 10, 1), -6.0, np.float32)
    logits[0, 4, 0] = logit
    return logits


def test_the_teacher_s_own_answers_cost_nothing() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 3, (2, 50, 1)).astype(np.float32)
    boxes = rng.normal(0, 40, (2, 50, 16)).astype(np.float32)
    assert np.asarray(score_loss(LOSS, threshold=THRESHOLD)(scores, scores)) == pytest.approx(0, abs=1e-5)
    assert np.asarray(box_loss(LOSS)(np.concatenate([boxes, scores], -1), boxes)) == pytest.approx(0, abs=1e-6)


def test_an_error_across_the_threshold_costs_more_than_the_same_error_far_from_it() -> None:
    cost = score_loss(LOSS, threshold=THRESHOLD)
    across = float(cost(_scores(CENTRE + 0.5), _scores(CENTRE - 0.5))[0])
    beyond = float(cost(_scores(CENTRE + 3.5), _scores(CENTRE + 2.5))[0])
    assert across > 3 * beyond


def test_boxes_cost_only_where_the_teacher_is_confident() -> None:
    boxes = np.full((1, 10, 16), 50.0, np.float32)
    wrong = boxes.copy()
    wrong[0, 7] += 20
    teacher = np.concatenate([boxes, _scores(2.0)], -1)
    assert float(box_loss(LOSS)(teacher, wrong)[0]) == 0
    wrong[0, 4] += 20
    assert float(box_loss(LOSS)(teacher, wrong)[0]) > 0.01


def test_the_same_pixel_error_costs_more_on_a_smaller_face() -> None:
    def cost(side: float) -> float:
        boxes = np.full((1, 10, 16), side, np.float32)
        return float(box_loss(LOSS)(np.concatenate([boxes, _scores(2.0)], -1), boxes + 3)[0])

    assert cost(20) > 2 * cost(80)
