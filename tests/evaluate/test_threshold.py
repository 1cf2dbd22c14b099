"""The threshold of best F-score: one draw's against trying every one, and the mean of many against one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluate.synthetic import jittered, random_run
from zoo.errors import InputError
from zoo.evaluate import best_threshold, f_score_at
from zoo.evaluate._threshold import Ranked, vote
from zoo.runtimes import Detection, match_runs, summed_metrics

FACE, ALARM = (0.1, 0.1, 0.4, 0.4), (0.6, 0.6, 0.9, 0.9)
REFERENCE = [[Detection(0.9, FACE, ())]]


def drawn(generator: np.random.Generator, pictures: int) -> Ranked:
    """One object a picture, found at a logit about 1, and a false alarm at one about -1, each with a spread of 1."""
    logits = np.concatenate([generator.normal(1, 1, pictures), generator.normal(-1, 1, pictures)])
    scores = 1 / (1 + np.exp(-logits))
    order = np.argsort(-scores)
    return Ranked(
        scores=scores[order],
        hits=(np.arange(2 * pictures) < pictures)[order],
        picture=np.tile(np.arange(pictures), 2)[order],
        objects=np.ones(pictures, np.intp),
    )


def sigmoid(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


@pytest.mark.parametrize("seed", range(6))
def test_no_other_threshold_does_better_in_one_draw(seed: int) -> None:
    ranked = drawn(np.random.default_rng(seed), 40)
    chosen = sigmoid(vote(ranked, np.ones(40, np.intp), own=0.5))

    assert ranked.f_score(chosen) == pytest.approx(max(ranked.f_score(score) for score in ranked.scores))


def test_a_draw_counts_each_picture_as_often_as_it_was_drawn() -> None:
    generator = np.random.default_rng(3)
    ranked, draw = drawn(generator, 30), generator.multinomial(30, np.full(30, 1 / 30))
    times = np.repeat(np.arange(30), draw)
    copies = [np.flatnonzero(ranked.picture == picture) for picture in times]
    rows = np.sort(np.concatenate(copies))
    repeated = Ranked(ranked.scores[rows], ranked.hits[rows], ranked.picture[rows], ranked.objects[times])

    chosen = sigmoid(vote(ranked, draw, own=0.5))
    assert repeated.f_score(chosen) == pytest.approx(max(repeated.f_score(score) for score in repeated.scores))


def test_of_equally_good_thresholds_a_draw_takes_the_nearest_to_the_graph_s() -> None:
    ranked = Ranked(np.array([0.9, 0.7, 0.2]), np.array([True, False, True]), np.arange(3), np.array([1, 0, 1]))
    every = np.ones(3, np.intp)
    # All three kept give 2 * 2 / (3 + 2), more than the first alone, 2 * 1 / (1 + 2).
    assert sigmoid(vote(ranked, every, own=3.0)) == pytest.approx(0.2, abs=1e-5)
    alone = Ranked(ranked.scores[:2], ranked.hits[:2], ranked.picture[:2], np.array([1, 0, 0]))
    assert vote(alone, every, own=1.5) == 1.5
    assert 0.7 < sigmoid(vote(alone, every, own=-2.0)) < 0.9


@pytest.mark.parametrize("pictures", [40, 160])
def test_the_mean_of_many_draws_is_nearer_the_best_threshold_than_one_draw_s(pictures: int) -> None:
    """The best threshold of all pictures there could be is found from 20,000."""
    best = vote(drawn(np.random.default_rng(0), 20_000), np.ones(20_000, np.intp), own=0.5)
    one, mean = [], []
    for seed in range(1, 41):
        generator = np.random.default_rng(seed)
        ranked = drawn(generator, pictures)
        one.append(vote(ranked, np.ones(pictures, np.intp), own=0.5) - best)
        draws = generator.multinomial(pictures, np.full(pictures, 1 / pictures), size=100)
        mean.append(np.mean([vote(ranked, draw, own=0.5) for draw in draws]) - best)

    assert np.std(mean) < 0.9 * np.std(one)
    assert np.mean(np.square(mean)) < np.mean(np.square(one))


@pytest.mark.parametrize("seed", range(4))
def test_says_what_it_reaches_through_the_matching_of_all_pictures(seed: int) -> None:
    generator = np.random.default_rng(seed)
    reference = random_run(generator, 25)
    run = [a + b for a, b in zip(jittered(reference, generator, amount=0.02), random_run(generator, 25), strict=True)]
    choice = best_threshold(run, reference, iou_threshold=0.5, graph_threshold=0.5)

    kept = [[detection for detection in found if detection.score >= choice.threshold] for found in run]
    metrics = summed_metrics(match_runs(kept, reference, iou_threshold=0.5))
    assert choice.f_score == pytest.approx(metrics["f_score"])
    assert f_score_at(run, reference, threshold=choice.threshold, iou_threshold=0.5) == pytest.approx(choice.f_score)


def test_a_model_whose_scores_are_right_is_left_alone() -> None:
    run = [[Detection(0.9, FACE, ()), Detection(0.2, ALARM, ())]]
    assert best_threshold(run, REFERENCE, iou_threshold=0.5, graph_threshold=0.3).threshold == 0.3


def test_another_threshold_than_the_graph_s_takes_more_than_one_picture_to_show() -> None:
    pictures = 40
    right = [[Detection(0.9, FACE, ()), Detection(0.2, ALARM, ())]] * (pictures - 1)
    run = [*right, [Detection(0.45, FACE, ())]]
    reference = REFERENCE * pictures
    assert best_threshold(run, reference, iou_threshold=0.5, graph_threshold=0.5).threshold == 0.5

    run = [*right[: pictures // 2], *[[Detection(0.45, FACE, ())]] * (pictures // 2)]
    assert 0.2 < best_threshold(run, reference, iou_threshold=0.5, graph_threshold=0.5).threshold < 0.45


def test_lies_between_the_scores_that_it_parts() -> None:
    run = [[Detection(0.4, FACE, ()), Detection(0.2, ALARM, ())]]
    choice = best_threshold(run, REFERENCE, iou_threshold=0.5, graph_threshold=0.6)
    assert 0.2 < choice.threshold < 0.4
    assert choice.f_score == 1.0


def test_does_not_part_equal_scores() -> None:
    run = [[Detection(0.4, FACE, ()), Detection(0.4, ALARM, ())]]
    choice = best_threshold(run, REFERENCE, iou_threshold=0.5, graph_threshold=0.6)
    assert choice.threshold < 0.4
    assert choice.f_score == pytest.approx(2 / 3)


@pytest.mark.parametrize("reference", [[[]], [[Detection(0.9, (0.7, 0.7, 0.9, 0.9), ())]]])
def test_refuses_to_choose_by_nothing(reference: list[list[Detection]]) -> None:
    run = [[Detection(0.4, FACE, ())]]
    with pytest.raises(InputError, match="nothing that the reference finds is found"):
        best_threshold(run, reference, iou_threshold=0.5, graph_threshold=0.5)
