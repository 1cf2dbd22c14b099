"""Average precision of boxes and poses, and the rates at a threshold, are those of pycocotools."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.evaluate.labelled import coco_evaluation, drawn_found, drawn_truth
from zoo.evaluate import COCO_SIGMAS, Found, Truth, detection_statistics, pose_statistics
from zoo.evaluate._pose_metrics import oks
from zoo.evaluate._statistics import Statistic


def value(statistic: Statistic) -> float:
    return float(statistic.values(np.ones((1, statistic.pictures)))[0])


def drawn(seed: int, *, pictures: int = 30, **how: float) -> tuple[list[Found], list[Truth]]:
    generator = np.random.default_rng(seed)
    truths = [drawn_truth(generator) for _ in range(pictures)]
    return [drawn_found(generator, truth, **how) for truth in truths], truths  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("levels", [None, 4])
def test_average_precision_of_boxes_is_pycocotools(seed: int, levels: int | None) -> None:
    found, truths = drawn(seed, levels=levels)  # type: ignore[arg-type]
    ours = detection_statistics(found, truths, score_threshold=0.5)
    theirs = coco_evaluation(found, truths, "bbox").stats
    assert value(ours["ap"]) == pytest.approx(theirs[0], abs=1e-12)
    assert value(ours["ap50"]) == pytest.approx(theirs[1], abs=1e-12)
    assert 0.05 < theirs[0] < 0.95


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7])
def test_rates_at_a_threshold_count_what_pycocotools_matches(seed: int, threshold: float) -> None:
    found, truths = drawn(seed)
    ours = detection_statistics(found, truths, score_threshold=threshold)
    evaluation = coco_evaluation(found, truths, "bbox")
    matched = taken = 0
    for one in evaluation.evalImgs[: len(truths)]:
        if one is not None:
            counted = (np.array(one["dtScores"]) >= threshold) & ~one["dtIgnore"][0].astype(bool)
            matched += int((counted & (one["dtMatches"][0] > 0)).sum())
            taken += int(counted.sum())
    labelled = sum(int((~truth.ignore).sum()) for truth in truths)
    assert value(ours["precision"]) == pytest.approx(matched / taken)
    assert value(ours["recall"]) == pytest.approx(matched / labelled)
    assert value(ours["f_score"]) == pytest.approx(2 * matched / (taken + labelled))
    assert (ours["precision"].samples, ours["recall"].samples) == (taken, labelled)
    assert int(ours["recall"].trials.sum()) == matched  # type: ignore[attr-defined]
    assert ours["f_score"].samples == taken + labelled - matched


@pytest.mark.parametrize("seed", range(8))
def test_average_precision_of_poses_is_pycocotools(seed: int) -> None:
    found, truths = drawn(seed, amount=5.0)
    ours = pose_statistics(found, truths, sigmas=COCO_SIGMAS)
    theirs = coco_evaluation(found, truths, "keypoints").stats
    assert value(ours["oks_ap"]) == pytest.approx(theirs[0], abs=1e-12)
    assert value(ours["oks_ap50"]) == pytest.approx(theirs[1], abs=1e-12)
    assert value(ours["oks_ap75"]) == pytest.approx(theirs[2], abs=1e-12)
    assert 0.05 < theirs[0] < 0.95


@pytest.mark.parametrize("seed", range(4))
def test_similarity_of_key_points_is_pycocotools(seed: int) -> None:
    found, truths = drawn(seed, pictures=8)
    theirs = coco_evaluation(found, truths, "keypoints").ious
    compared = 0
    for number, (one, truth) in enumerate(zip(found, truths, strict=True), 1):
        if len(theirs[number, 1]):
            order = np.argsort(-one.scores, kind="stable")
            np.testing.assert_allclose(oks(one, truth, COCO_SIGMAS)[order], theirs[number, 1], atol=1e-12)
            compared += 1
    assert compared


BOX = np.array([[50.0, 50.0, 150.0, 150.0]])
NOTHING = Found(np.zeros(0), np.zeros((0, 4)), np.zeros((0, 17, 2)))


def one_object(*, crowd: bool = False) -> Truth:
    points = np.concatenate([np.full((1, 17, 2), 100.0), np.full((1, 17, 1), 2.0)], axis=2)
    return Truth(BOX, points, np.array([1e4]), np.array([crowd]), np.array([crowd]))


def found_at(boxes: np.ndarray, scores: list[float]) -> Found:  # type: ignore[type-arg]
    return Found(np.array(scores), boxes, np.full((len(boxes), 17, 2), 100.0))


@pytest.mark.parametrize(
    ("found", "truths"),
    [
        ([found_at(BOX, [0.9])], [one_object()]),
        ([NOTHING], [one_object()]),
        ([NOTHING, found_at(BOX, [0.9])], [one_object(), one_object(crowd=True)]),
        ([found_at(np.repeat(BOX, 3, 0), [0.5, 0.5, 0.5])], [one_object()]),
        ([found_at(np.repeat(BOX, 3, 0), [0.9, 0.8, 0.7]), NOTHING], [one_object(crowd=True), one_object()]),
        ([found_at(np.repeat(BOX, 130, 0), list(np.linspace(1, 0, 130)))], [one_object()]),
        ([found_at(BOX + 200, [0.9]), found_at(BOX, [0.1])], [one_object(), one_object()]),
    ],
    ids=["found", "missed", "crowd", "thrice", "crowd thrice", "more than counted", "alarm first"],
)
def test_edge_cases_are_pycocotools_too(found: list[Found], truths: list[Truth]) -> None:
    boxes = detection_statistics(found, truths, score_threshold=0.0)
    if any(len(one.scores) for one in found):
        assert value(boxes["ap"]) == pytest.approx(coco_evaluation(found, truths, "bbox").stats[0], abs=1e-12)
        poses = pose_statistics(found, truths, sigmas=COCO_SIGMAS)
        assert value(poses["oks_ap"]) == pytest.approx(coco_evaluation(found, truths, "keypoints").stats[0], abs=1e-12)
    else:
        # pycocotools refuses an empty list of results.
        assert value(boxes["ap"]) == 0.0


def test_without_anything_labelled_there_is_no_value() -> None:
    statistics = detection_statistics([found_at(BOX, [0.9])], [one_object(crowd=True)], score_threshold=0.0)
    assert all(np.isnan(value(statistics[name])) for name in ("ap", "ap50", "recall"))
    assert detection_statistics([], [], score_threshold=0.0) == {}
    assert pose_statistics([], [], sigmas=COCO_SIGMAS) == {}


def test_ignored_objects_count_neither_way() -> None:
    ignored = replace(one_object(), ignore=np.array([True]))
    once = detection_statistics([found_at(BOX, [0.9]), NOTHING], [ignored, one_object()], score_threshold=0.0)
    assert (once["precision"].samples, value(once["recall"])) == (0, 0.0)
    # Only a crowd takes more than one: the second is a false alarm.
    twice = detection_statistics(
        [found_at(np.repeat(BOX, 2, 0), [0.9, 0.8]), NOTHING], [ignored, one_object()], score_threshold=0.0
    )
    assert (twice["precision"].samples, value(twice["precision"])) == (1, 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_that_counts_twice_is_the_same_as_two_copies(seed: int) -> None:
    found, truths = drawn(seed, pictures=12)
    weights = np.random.default_rng(seed).integers(0, 4, 12)
    copies = np.repeat(np.arange(12), weights)
    weighted = detection_statistics(found, truths, score_threshold=0.4)
    copied = detection_statistics([found[n] for n in copies], [truths[n] for n in copies], score_threshold=0.4)
    for name, statistic in weighted.items():
        assert float(statistic.values(weights[None].astype(float))[0]) == pytest.approx(value(copied[name])), name


@pytest.mark.parametrize("seed", range(3))
def test_some_of_the_pictures_are_as_if_there_were_no_others(seed: int) -> None:
    found, truths = drawn(seed)
    chosen = np.random.default_rng(seed).uniform(size=len(truths)) > 0.5
    part = [one for one, kept in zip(found, chosen, strict=True) if kept]
    labels = [one for one, kept in zip(truths, chosen, strict=True) if kept]
    alone = detection_statistics(part, labels, score_threshold=0.4)
    for name, statistic in detection_statistics(found, truths, score_threshold=0.4).items():
        assert value(statistic.of(chosen)) == pytest.approx(value(alone[name])), name
        assert statistic.of(chosen).samples == alone[name].samples
