"""What annotations allow to be measured for a family, and the numbers, which pycocotools has too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.evaluate.labelled import coco_evaluation, drawn_found, drawn_truth
from zoo.errors import InputError
from zoo.evaluate import (
    COCO_POINTS,
    MEDIAPIPE_POSE_POINTS,
    Labels,
    best_threshold_by_labels,
    detection_statistics,
    judge_labels,
    label_pairs,
    labels_for,
)
from zoo.progress import SilentProgress
from zoo.runtimes import Detection
from zoo.sources.annotations import AnnotatedPicture, LabelledSet, read_annotations, unseen_part
from zoo.spec import DataSplit

QUIET = SilentProgress()


def labelled(place: Path, noun: str, *, named: bool = True) -> Labels | None:
    """All annotated pictures of a folder, as after a training that saw none of them."""
    if not place.exists():
        pytest.skip(f"the shared pictures lack {place.name}")
    split = DataSplit(calibration=0.0, evaluation=0.2)
    annotated = read_annotations(place)
    return labels_for(unseen_part(annotated, (), split=split, named=named, listed_is_all=True, progress=QUIET), noun)


def needed(labels: Labels | None) -> Labels:
    assert labels is not None
    return labels


def as_found(
    picture: AnnotatedPicture, generator: np.random.Generator, *, amount: float, body: bool
) -> list[Detection]:
    """Most labelled objects, moved by about `amount` of the picture, and a false one."""
    found = []
    for thing in picture.objects:
        if thing.box is None or generator.uniform() < 0.2:
            continue
        box = np.array(thing.box) + generator.normal(0, amount, 4)
        points = np.zeros((33, 2))
        if body and thing.keypoints:
            for name, (x, y, _) in zip(COCO_POINTS, thing.keypoints, strict=True):
                points[MEDIAPIPE_POSE_POINTS.index(name)] = np.array([x, y]) + generator.normal(0, amount, 2)
        found.append(Detection(float(generator.uniform(0.3, 1)), tuple(box), tuple(map(tuple, points))))  # type: ignore[arg-type]
    alarm = generator.uniform(0, 0.5, 2)
    corner = tuple(generator.uniform(0, 1, (33, 2)).tolist())
    return [*found, Detection(float(generator.uniform(0.1, 0.6)), (*alarm, *(alarm + 0.2)), tuple(map(tuple, corner)))]


def values(labels: Labels, run: list[list[Detection]]) -> dict[str, float]:
    judged = judge_labels(labels, {"sparse": run}, low_runs={"sparse": run}, iou_threshold=0.5)
    return {name: one.value for name, one in judged.variants[0].metrics.items()}


def test_average_precision_of_labelled_faces_is_that_of_pycocotools(shared_data: Path) -> None:
    labels = needed(labelled(shared_data / "faces/dlib/testing.xml", "faces"))
    generator = np.random.default_rng(1)
    run = [as_found(picture, generator, amount=0.01, body=False) for picture in labels.evaluation]

    theirs = coco_evaluation(labels.found(run, labels.evaluation), labels.truths(labels.evaluation), "bbox").stats

    assert labels.kind == "boxes"
    ours = values(labels, run)
    assert (ours["ap"], ours["ap50"]) == pytest.approx((theirs[0], theirs[1]))


def test_average_precision_of_labelled_persons_is_that_of_pycocotools(shared_data: Path) -> None:
    labels = needed(labelled(shared_data / "persons/coco/person_keypoints.json", "persons"))
    generator = np.random.default_rng(2)
    run = [as_found(picture, generator, amount=0.01, body=True) for picture in labels.evaluation]

    theirs = coco_evaluation(labels.found(run, labels.evaluation), labels.truths(labels.evaluation), "keypoints").stats

    assert labels.kind == "body"
    ours = values(labels, run)
    assert (ours["oks_ap"], ours["oks_ap50"], ours["oks_ap75"]) == pytest.approx((theirs[0], theirs[1], theirs[2]))


def test_lsp_s_joints_are_those_that_mediapipe_has_too(shared_data: Path) -> None:
    labels = needed(labelled(shared_data / "persons/lspet", "persons"))

    assert len(labels.names) == 12
    assert not {"neck", "head_top"} & set(labels.names)


def test_hands_found_in_their_places_have_no_error(shared_data: Path) -> None:
    labels = needed(labelled(shared_data / "hands/mmpose/onehand10k", "hands"))
    exact = [
        [Detection(0.9, thing.box or (0, 0, 1, 1), tuple((x, y) for x, y, _ in thing.keypoints))]
        for picture in labels.evaluation
        for thing in picture.objects
    ]
    none_found: list[list[Detection]] = [[] for _ in labels.evaluation]

    judged = judge_labels(labels, {"dense": exact, "sparse": none_found}, low_runs=None, iou_threshold=0.5)

    dense, sparse = ({name: one.value for name, one in each.metrics.items()} for each in judged.variants)
    assert dense["mean_error"] == pytest.approx(0, abs=1e-9)
    assert (dense["pck20"], dense["found"]) == (1, 1)
    assert (sparse["pck20"], sparse["found"]) == (0, 0)
    assert "mean_error" not in sparse
    assert judged.objects == 4
    curves = {curve.name: curve.shares for curve in judged.curves}
    assert (curves["dense"][-1], curves["sparse"][-1]) == (1, 0)
    change = next(one for one in judged.differences if (one.a, one.b, one.metric) == ("sparse", "dense", "found"))
    assert (change.value, change.n) == (-1, 4)


def test_persons_are_not_taken_for_faces(shared_data: Path) -> None:
    assert labelled(shared_data / "persons/coco/person_keypoints.json", "faces") is None


def test_a_name_that_says_nothing_is_believed_unless_the_folder_speaks_of_something_else(shared_data: Path) -> None:
    place = shared_data / "hands/lu_gestures"

    assert needed(labelled(place, "hands", named=False)).categories == ("five", "four", "one", "three", "two")
    assert labelled(place, "faces", named=False) is None
    assert labelled(place, "faces", named=True) is not None


def test_the_record_says_where_no_category_has_the_family_s_name(shared_data: Path) -> None:
    labels = needed(labelled(shared_data / "faces/dlib/testing.xml", "faces"))
    nothing: list[list[Detection]] = [[] for _ in labels.evaluation]

    judged = judge_labels(labels, {"sparse": nothing}, low_runs=None, iou_threshold=0.5)

    assert judged.categories == ["object"]
    assert "No category says what it is of; all are taken for faces." in judged.notes


def test_each_of_ours_is_compared_with_each_published_file() -> None:
    names = ["dense", "sparse", "sparse-90", "published_dense", "published_sparse"]
    assert set(label_pairs(names)) == {
        ("sparse", "dense"),
        ("sparse-90", "dense"),
        *((ours, theirs) for ours in names[:3] for theirs in names[3:]),
        ("published_sparse", "published_dense"),
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_threshold_by_labels_says_what_it_reaches(seed: int) -> None:
    generator = np.random.default_rng(seed)
    truths = [drawn_truth(generator) for _ in range(15)]
    found = [drawn_found(generator, truth) for truth in truths]
    choice = best_threshold_by_labels(found, truths, iou_threshold=0.5, graph_threshold=0.5)

    ratio = detection_statistics(found, truths, score_threshold=choice.threshold)["f_score"]
    assert choice.f_score == pytest.approx(float(np.nan_to_num(ratio.values(np.ones((1, len(truths)))))[0]))


def test_no_threshold_is_chosen_without_anything_to_find() -> None:
    generator = np.random.default_rng(0)
    truth = drawn_truth(generator, most=3)
    nothing = replace(truth, ignore=np.ones(len(truth.ignore), bool))
    with pytest.raises(InputError, match="no score threshold can be chosen"):
        best_threshold_by_labels([drawn_found(generator, truth)], [nothing], iou_threshold=0.5, graph_threshold=0.5)


def test_a_set_without_pictures_says_nothing() -> None:
    empty = LabelledSet("place", "file", "coco", "named", True, (), (), (), 0)
    assert labels_for(empty, "faces") is None
