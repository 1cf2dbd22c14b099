"""Which detections belong together, against COCO's own matching and the properties that it must have."""

from __future__ import annotations

import contextlib
import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sklearn.metrics import precision_recall_fscore_support

from tests.evaluate.synthetic import jittered, random_run
from zoo.runtimes import Detection, box_iou, keypoint_error, match_detections, match_runs, summed_metrics

shares = st.floats(0, 1, allow_nan=False)
boxes = st.tuples(shares, shares, shares, shares).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)
detections = st.builds(Detection, score=shares, box=boxes, keypoints=st.just(()))
runs = st.lists(detections, max_size=8)
thresholds = st.sampled_from([0.1, 0.3, 0.5, 0.75])


def _coco(run: list[list[Detection]], reference: list[list[Detection]]) -> tuple[int, list[float]]:
    """Matches and their IoU by pycocotools, at IoU 0.5."""

    def rows(found: list[list[Detection]]) -> list[dict[str, object]]:
        flat = [(number, detection) for number, picture in enumerate(found) for detection in picture]
        return [
            {
                "id": identity,
                "image_id": number,
                "category_id": 1,
                "bbox": [one.box[0], one.box[1], one.box[2] - one.box[0], one.box[3] - one.box[1]],
                "area": (one.box[2] - one.box[0]) * (one.box[3] - one.box[1]),
                "iscrowd": 0,
                "score": one.score,
            }
            for identity, (number, one) in enumerate(flat, start=1)
        ]

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": number} for number in range(len(reference))],
            "annotations": rows(reference),
            "categories": [{"id": 1}],
        }
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(rows(run)), "bbox")
        judge.params.iouThrs = np.array([0.5])
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.evaluate()
    ious = []
    for picture in judge.evalImgs:
        if picture is None:
            continue
        table = judge.ious[picture["image_id"], 1]
        for row, taken in enumerate(picture["dtMatches"][0]):
            if taken:
                ious.append(table[row, _column(truth, picture["image_id"], taken)])
    return len(ious), sorted(ious)


def _column(truth: COCO, picture: int, annotation: float) -> int:
    return [row["id"] for row in truth.imgToAnns[picture]].index(int(annotation))


@pytest.mark.parametrize("seed", range(5))
def test_matches_as_coco_does(seed: int) -> None:
    generator = np.random.default_rng(seed)
    reference = random_run(generator, 40)
    run = [a + b for a, b in zip(jittered(reference, generator, amount=0.03), random_run(generator, 40), strict=True)]
    pairs = [pair for match in match_runs(run, reference, iou_threshold=0.5) for pair in match.pairs]
    count, ious = _coco(run, reference)
    assert len(pairs) == count > 20
    assert sorted(pair.iou for pair in pairs) == pytest.approx(ious)


def test_metrics_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(7)
    run, reference = random_run(generator, 60), random_run(generator, 60)
    matches = match_runs(run, reference, iou_threshold=0.5)
    truth, said = [], []
    for match in matches:
        hits = len(match.pairs)
        false, missed = match.candidates - hits, match.references - hits
        truth += [1] * hits + [0] * false + [1] * missed
        said += [1] * hits + [1] * false + [0] * missed
    precision, recall, f_score, _ = precision_recall_fscore_support(truth, said, average="binary")
    ours = summed_metrics(matches)
    assert [ours["precision"], ours["recall"], ours["f_score"]] == pytest.approx([precision, recall, f_score])


@given(runs, runs, thresholds)
@settings(deadline=None)
def test_is_one_to_one_and_above_the_threshold(ours: list[Detection], theirs: list[Detection], least: float) -> None:
    match = match_detections(ours, theirs, iou_threshold=least)
    assert len({pair.candidate for pair in match.pairs}) == len({pair.reference for pair in match.pairs})
    assert len(match.pairs) <= min(len(ours), len(theirs))
    for pair in match.pairs:
        assert pair.iou >= least
        assert pair.iou == box_iou(ours[pair.candidate].box, theirs[pair.reference].box)


@given(runs, runs, thresholds)
@settings(deadline=None)
def test_leaves_no_pair_free_that_could_be_taken(ours: list[Detection], theirs: list[Detection], least: float) -> None:
    match = match_detections(ours, theirs, iou_threshold=least)
    taken = {pair.candidate for pair in match.pairs}
    for number, mine in enumerate(ours):
        for other, their in enumerate(theirs):
            if number not in taken and not match.found[other]:
                assert box_iou(mine.box, their.box) < least


@given(runs, runs, thresholds, shares)
@settings(deadline=None)
def test_weak_detections_do_not_change_what_strong_ones_match(
    ours: list[Detection], theirs: list[Detection], least: float, cut: float
) -> None:
    everything = match_detections(ours, theirs, iou_threshold=least)
    strong = [number for number, detection in enumerate(ours) if detection.score >= cut]
    alone = match_detections([ours[number] for number in strong], theirs, iou_threshold=least)
    expected = {(pair.candidate, pair.reference) for pair in everything.pairs if pair.candidate in strong}
    assert {(strong[pair.candidate], pair.reference) for pair in alone.pairs} == expected


@given(st.lists(detections.filter(lambda d: d.box[2] > d.box[0] and d.box[3] > d.box[1]), max_size=8))
@settings(deadline=None)
def test_a_run_agrees_with_itself(run: list[Detection]) -> None:
    # Boxes that round to no area match nothing, not even themselves.
    run = [detection for detection in run if box_iou(detection.box, detection.box) == 1.0]
    match = match_detections(run, run, iou_threshold=0.5)
    assert len(match.pairs) == len(run)
    assert all(pair.iou == 1.0 for pair in match.pairs)


def test_takes_the_highest_score_first() -> None:
    face = Detection(0.9, (0.0, 0.0, 1.0, 1.0), ())
    near = Detection(0.7, (0.0, 0.0, 1.0, 0.9), ())
    far = Detection(0.8, (0.0, 0.0, 1.0, 0.6), ())
    match = match_detections([near, far], [face], iou_threshold=0.5)
    assert [(pair.candidate, pair.iou) for pair in match.pairs] == [(1, pytest.approx(0.6))]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_that_are_not_finite_match_nothing(bad: float) -> None:
    face = Detection(0.9, (0.0, 0.0, 1.0, 1.0), ())
    broken = Detection(bad, (0.0, 0.0, bad, 1.0), ())
    assert match_detections([broken], [face], iou_threshold=0.5).pairs == ()
    assert not broken.is_finite


def test_key_point_error_is_in_sides_of_the_reference_box() -> None:
    face = Detection(0.9, (0.2, 0.2, 0.4, 0.6), ((0.3, 0.3), (0.3, 0.5)))
    other = Detection(0.8, (0.2, 0.2, 0.4, 0.6), ((0.32, 0.3), (0.3, 0.54)))
    # 0.02 of a width of 0.2, and 0.04 of a height of 0.4: a tenth of a side each.
    assert keypoint_error(other, face) == pytest.approx(0.1)
    assert keypoint_error(face, Detection(0.9, (0.2, 0.2, 0.2, 0.6), face.keypoints)) is None
    assert keypoint_error(Detection(0.9, face.box, ()), face) is None


def test_metrics_without_a_value_are_left_out() -> None:
    nothing = match_runs([[]], [[]], iou_threshold=0.5)
    assert summed_metrics(nothing) == {}
    face = Detection(0.9, (0.0, 0.0, 1.0, 1.0), ())
    assert summed_metrics(match_runs([[]], [[face]], iou_threshold=0.5)) == {"recall": 0.0, "f_score": 0.0}
