"""PCK, PDJ, the mean error and the PCK curve against plain loops and scikit-learn; which points and sizes are meant."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import auc

from tests.evaluate.labelled import drawn_found, drawn_truth
from tests.evaluate.test_metrics_coco import value
from zoo.errors import InputError
from zoo.evaluate import (
    COCO_POINTS,
    COCO_SIGMAS,
    MEDIAPIPE_POSE_POINTS,
    Aligned,
    Found,
    Truth,
    align,
    as_truth,
    found_of,
    found_share,
    head_size,
    longer_side,
    mean_error,
    palm_length,
    pck,
    pck_curve,
    pdj,
    shared_points,
    sigmas_of,
    torso_size,
    truth_of,
)
from zoo.runtimes import Detection
from zoo.sources.annotations import HAND_POINTS, JOINTS, AnnotatedObject, AnnotatedPicture


def drawn_hands(seed: int, *, pictures: int = 40, points: int = 21) -> Aligned:
    generator = np.random.default_rng(seed)
    truths = [drawn_truth(generator, most=2, points=points) for _ in range(pictures)]
    return align([drawn_found(generator, truth, amount=8.0, alarms=1) for truth in truths], truths)


def each_point(aligned: Aligned, sizes: np.ndarray) -> list[list[float]]:  # type: ignore[type-arg]
    """By object, the distance of each labelled point in sizes, infinite where not found. A plain loop."""
    rows: list[list[float]] = []
    for truth, found, size in zip(aligned.truth, aligned.found, sizes, strict=True):
        row: list[float] = []
        for (x, y, visibility), (u, v) in zip(truth, found, strict=True):
            if visibility > 0 and size > 0:
                row.append(math.inf if math.isnan(u) else math.hypot(u - x, v - y) / size)
        rows.append(row)
    return rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.05, 0.2])
def test_pck_is_the_share_of_near_points(seed: int, threshold: float) -> None:
    aligned = drawn_hands(seed)
    sizes = longer_side(aligned)
    flat = [distance for row in each_point(aligned, sizes) for distance in row]
    ours = pck(aligned, sizes, threshold=threshold)
    assert value(ours) == pytest.approx(sum(distance <= threshold for distance in flat) / len(flat))
    assert ours.samples == len(flat)
    assert 0 < value(ours) < 1


@pytest.mark.parametrize("seed", range(5))
def test_mean_error_is_the_mean_over_found_objects(seed: int) -> None:
    aligned = drawn_hands(seed)
    sizes = palm_length(aligned)
    rows = [row for row in each_point(aligned, sizes) if row and math.isfinite(row[0])]
    ours = mean_error(aligned, sizes)
    assert value(ours) == pytest.approx(sum(sum(row) / len(row) for row in rows) / len(rows))
    assert ours.samples == len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_the_curves_area_is_scikit_learns(seed: int) -> None:
    aligned = drawn_hands(seed)
    sizes = longer_side(aligned)
    curve = pck_curve(aligned, sizes)
    assert curve is not None
    shares = [share.value for share in curve.shares]
    assert shares == sorted(shares)
    assert shares[8] == pytest.approx(value(pck(aligned, sizes, threshold=curve.thresholds[8])))
    assert curve.area.value == pytest.approx(auc(curve.thresholds, shares) / 0.2)
    assert curve.area.interval is not None
    assert curve.area.interval.low < curve.area.value < curve.area.interval.high
    assert curve.area.n == curve.shares[0].n


def test_a_curve_of_nothing_is_none() -> None:
    empty = align([found_of([], width=10, height=10)], [drawn_truth(np.random.default_rng(0), most=0)])
    assert pck_curve(empty, longer_side(empty)) is None


def standing(*, named: tuple[str, ...], places: dict[str, tuple[float, float]], moved: float) -> Aligned:
    """One body whose named points lie in `places` and are found `moved` pixels to the right; others without label."""
    truth = np.array([[*places.get(name, (0, 0)), 2.0 * (name in places)] for name in named])[None]
    found = truth[..., :2] + (moved, 0)
    return Aligned(1, np.zeros(1, int), truth, found, np.array([[0.0, 0.0, 100.0, 300.0]]))


def test_pdj_is_in_torso_diameters() -> None:
    places = {"left_shoulder": (90.0, 50.0), "right_hip": (30.0, 130.0), "nose": (60.0, 20.0)}
    near, far = (standing(named=COCO_POINTS, places=places, moved=moved) for moved in (19.9, 20.1))
    # From (90, 50) to (30, 130) are 100 pixels.
    assert torso_size(near, COCO_POINTS) == pytest.approx([100.0])
    assert (value(pdj(near, COCO_POINTS)), value(pdj(far, COCO_POINTS))) == (1.0, 0.0)
    assert pdj(near, COCO_POINTS).samples == 3


def test_a_body_of_unknown_size_takes_no_part() -> None:
    without = standing(named=COCO_POINTS, places={"nose": (60.0, 20.0)}, moved=0.0)
    assert pdj(without, COCO_POINTS).samples == 0
    assert math.isnan(value(pdj(without, COCO_POINTS)))
    assert pck(without, longer_side(without), threshold=0.1).samples == 1


def test_sizes_are_what_their_names_say() -> None:
    head = standing(named=JOINTS, places={"neck": (50.0, 60.0), "head_top": (50.0, 20.0)}, moved=0.0)
    assert head_size(head, JOINTS) == pytest.approx([40.0])
    assert longer_side(head) == pytest.approx([300.0])
    hand = standing(named=HAND_POINTS, places={"wrist": (0.0, 0.0), "middle_finger_mcp": (30.0, 40.0)}, moved=0.0)
    assert palm_length(hand) == pytest.approx([50.0])


def test_what_is_not_found_is_wrong_and_has_no_error() -> None:
    generator = np.random.default_rng(4)
    truth = drawn_truth(generator, most=5, points=21)
    count = len(truth.boxes)
    assert count > 1
    truth = replace(truth, crowd=np.zeros(count, bool), ignore=np.zeros(count, bool))
    labelled = int((truth.points[..., 2] > 0).any(axis=1).sum())
    nothing = Found(np.zeros(0), np.zeros((0, 4)), np.zeros((0, 21, 2)))
    aligned = align([nothing], [truth])
    assert value(pck(aligned, longer_side(aligned), threshold=10.0)) == 0.0
    assert (value(found_share(aligned)), found_share(aligned).samples) == (0.0, labelled)
    assert mean_error(aligned, longer_side(aligned)).samples == 0


def test_each_labelled_body_gets_the_one_over_it() -> None:
    generator = np.random.default_rng(2)
    apart = [np.array([[x, 0.0, x + 80, 100.0]]) for x in (0.0, 100.0, 200.0)]
    places = [generator.uniform(0, 1, (1, 5, 2)) * 80 + box[:, None, :2] for box in apart]
    points = np.concatenate(places)
    truth = Truth(
        np.concatenate(apart),
        np.concatenate([points, np.full((3, 5, 1), 2.0)], axis=2),
        np.full(3, 8000.0),
        np.zeros(3, bool),
        np.zeros(3, bool),
    )
    turned = Found(np.array([0.9, 0.8]), np.concatenate(apart)[[2, 0]], points[[2, 0]] + 1.0)
    aligned = align([turned], [truth])
    assert np.isnan(aligned.found[1]).all()
    np.testing.assert_allclose(aligned.found[[0, 2]], points[[0, 2]] + 1.0)


def test_a_model_agrees_wholly_with_itself() -> None:
    aligned = drawn_hands(5)
    found = [
        Found(np.ones(1), box[None], points[None, :, :2])
        for box, points in zip(aligned.boxes, aligned.truth, strict=True)
    ]
    itself = align(found, [as_truth(one) for one in found])
    assert value(mean_error(itself, palm_length(itself))) == 0.0
    assert value(found_share(itself)) == 1.0


@pytest.mark.parametrize(
    ("module", "kind", "names"),
    [("pose", "PoseLandmark", MEDIAPIPE_POSE_POINTS), ("hands", "HandLandmark", HAND_POINTS)],
)
def test_names_are_mediapipes(module: str, kind: str, names: tuple[str, ...]) -> None:
    found = find_spec("mediapipe")
    assert found is not None
    # Read, not imported: that takes MediaPipe half a minute on a busy machine.
    source = Path(next(iter(found.submodule_search_locations or ()))) / f"python/solutions/{module}.py"
    (declared,) = [
        node for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef) and node.name == kind
    ]
    theirs = {
        node.targets[0].id.lower(): node.value.value
        for node in declared.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    assert theirs == {name: place for place, name in enumerate(names)}


def test_names_join_bodies_of_different_makers() -> None:
    ours, theirs, names = shared_points(MEDIAPIPE_POSE_POINTS, COCO_POINTS)
    assert names == COCO_POINTS
    assert [MEDIAPIPE_POSE_POINTS[place] for place in ours] == list(COCO_POINTS)
    assert theirs == tuple(range(17))
    ours, theirs, names = shared_points(MEDIAPIPE_POSE_POINTS, JOINTS)
    assert set(JOINTS) - set(names) == {"neck", "head_top"}
    assert [JOINTS[place] for place in theirs] == [MEDIAPIPE_POSE_POINTS[place] for place in ours]
    assert sigmas_of(("right_ankle", "nose")) == (0.089, 0.026)
    with pytest.raises(ValueError, match="no sigma for neck"):
        sigmas_of(JOINTS)


def test_sigmas_are_pycocotools() -> None:
    from pycocotools.cocoeval import Params

    assert tuple(Params("keypoints").kpt_oks_sigmas) == pytest.approx(COCO_SIGMAS)


def annotated(*objects: AnnotatedObject) -> AnnotatedPicture:
    return AnnotatedPicture(Path("a.jpg"), "a.jpg", 200, 100, objects, True, {})


def labelled(**changes: object) -> AnnotatedObject:
    whole = AnnotatedObject((0.1, 0.2, 0.6, 0.8), (), "person", False, False, False, None, "a.json annotations[0]")
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_labels_become_pixels() -> None:
    points = ((0.5, 0.5, 2), (0.0, 0.0, 0), (0.25, 0.1, 1))
    truth = truth_of(annotated(labelled(keypoints=points, area=7.0), labelled(crowd=True, ignore=True)), points=(2, 0))
    np.testing.assert_allclose(truth.boxes, [[20, 20, 120, 80]] * 2)
    np.testing.assert_allclose(truth.points[0], [[50, 10, 1], [100, 50, 2]])
    assert not truth.points[1].any()
    # Without an area of its own, an object has its box's.
    np.testing.assert_allclose(truth.areas, [7.0, 6000.0])
    assert truth.crowd.tolist() == truth.ignore.tolist() == [False, True]


def test_points_without_a_box_have_the_area_around_them() -> None:
    truth = truth_of(annotated(labelled(box=None, keypoints=((0.1, 0.1, 2), (0.2, 0.4, 1), (0.0, 0.0, 0)))))
    np.testing.assert_allclose(truth.areas, [20.0 * 30.0])
    assert np.isnan(truth.boxes).all()


def test_a_picture_without_objects_is_a_picture() -> None:
    truth = truth_of(annotated())
    assert truth.boxes.shape == (0, 4)
    assert len(truth.points) == len(truth.areas) == 0


def test_detections_become_pixels() -> None:
    one = Detection(0.9, (0.1, 0.2, 0.6, 0.8), ((0.5, 0.5), (0.25, 0.1)))
    found = found_of([one], width=200, height=100, points=(1,))
    np.testing.assert_allclose(found.boxes, [[20, 20, 120, 80]])
    np.testing.assert_allclose(found.points, [[[50, 10]]])
    assert found_of([], width=200, height=100, points=(1, 0)).points.shape == (0, 2, 2)


def test_a_region_is_no_outline() -> None:
    with pytest.raises(InputError, match=r"a\.json annotations\[0\] gives a region and no outline.*give boxes"):
        truth_of(annotated(labelled(region=True)))
