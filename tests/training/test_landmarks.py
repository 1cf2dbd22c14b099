"""What a landmark model sees and is asked: regions as the graph cuts them; the teacher's own answers cost nothing."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.runtimes import Region, crop_region
from zoo.spec import RegionAugmentation
from zoo.student import start_tensorflow
from zoo.training import Place
from zoo.training._landmarks import heatmap_loss, logit_loss, point_loss, probability_loss, refinement_windows
from zoo.training._pictures import TrainingPicture
from zoo.training._regions import cut, draw_region

start_tensorflow()
PLAIN = RegionAugmentation(
    rotation_degrees=0,
    scale=(1.0, 1.0),
    shift=0,
    flip=False,
    brightness=0,
    contrast=0,
    saturation=0,
    blur_share=0,
    exact_share=0,
    negative_share=0,
)
HAND = np.array([[(10.0, 20.0, 1.0), (110.0, 40.0, 2.0), (60.0, 120.0, -3.0)]], np.float32).reshape(1, 9)


def smooth(size: tuple[int, int]) -> np.ndarray:
    rows, columns = np.mgrid[: size[0], : size[1]]
    waves = [127 + 120 * np.sin(rows / 17 + phase) * np.cos(columns / 23 - phase) for phase in (0, 1, 2)]
    return np.stack(waves, -1).astype(np.uint8)


@pytest.mark.parametrize(
    "place", [Place(0.5, 0.5, 0.3, 0.45, 0.0), Place(0.4, 0.6, 0.5, 0.75, 0.7), Place(0.95, 0.1, 0.4, 0.6, -2.0)]
)
def test_a_region_is_cut_as_the_graph_cuts_it(place: Place) -> None:
    picture = smooth((200, 300))
    region = Region(place.x, place.y, place.width, place.height, place.rotation)

    ours, graphs = cut(picture, place, side=64), crop_region(picture, region, 64) * 255

    assert np.abs(ours.astype(np.float32) - graphs).mean() < 1.0


def test_without_changes_the_region_is_the_graph_s() -> None:
    picture, place = smooth((200, 300)), Place(0.5, 0.5, 0.3, 0.45, 0.4)

    drawn = draw_region(np.random.default_rng(0), TrainingPicture(picture, (place,)), side=64, augmentation=PLAIN)

    np.testing.assert_allclose(drawn, cut(picture, place, side=64), atol=1)


def test_a_shifted_and_scaled_region_stays_within_what_was_declared() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[95:105, 145:155] = 255
    changed = PLAIN.model_copy(update={"shift": 0.2, "scale": (0.8, 1.25), "rotation_degrees": 30.0})
    for seed in range(30):
        place = Place(0.5, 0.5, 100 / 300, 100 / 200)
        drawn = draw_region(
            np.random.default_rng(seed), TrainingPicture(picture, (place,)), side=100, augmentation=changed
        )
        rows, columns = np.nonzero(drawn[..., 0] > 100)
        # A fifth of the region's side, seen at most 1.25 times as large: 25 of 100 pixels in each direction.
        assert np.hypot(columns.mean() - 49.5, rows.mean() - 49.5) < 1.45 * 25


def test_the_teacher_s_own_answers_cost_nothing() -> None:
    rng = np.random.default_rng(0)
    mask = rng.normal(0, 5, (2, 8, 8, 1)).astype(np.float32)
    chance = np.array([[0.9], [1e-9]], np.float32)

    assert np.asarray(point_loss(1.0, values=3)(HAND, HAND)) == pytest.approx(0, abs=1e-7)
    assert np.asarray(probability_loss(1.0)(chance, chance)) == pytest.approx(0, abs=1e-6)
    assert np.asarray(logit_loss(1.0)(mask, mask)) == pytest.approx(0, abs=1e-5)


def test_the_same_error_costs_more_on_a_smaller_hand() -> None:
    loss = point_loss(1.0, values=3)

    assert float(loss(HAND, HAND + 3)[0]) < float(loss(HAND / 2, HAND / 2 + 3)[0])


def test_depth_counts_half() -> None:
    loss = point_loss(1.0, values=3)
    sideways, deeper = HAND.copy(), HAND.copy()
    sideways[0, 0::3] += 1
    deeper[0, 2::3] += 1

    assert float(loss(HAND, deeper)[0]) == pytest.approx(float(loss(HAND, sideways)[0]) / 2)


def test_a_probability_on_the_wrong_side_costs_the_more_the_surer_it_is() -> None:
    loss = probability_loss(1.0)
    there = np.array([[0.95]], np.float32)

    costs = [float(loss(there, np.array([[given]], np.float32))[0]) for given in (0.9, 0.5, 0.05)]

    assert costs == sorted(costs)
    assert costs[2] > 5 * costs[1]


def test_refinement_reads_seven_by_seven_cells_about_a_point_and_fewer_at_the_edge() -> None:
    points = np.array([[(0.5, 0.25), (0.0, 0.0), (1.2, 0.5)]], np.float32)

    windows = refinement_windows(points, (64, 64))

    assert windows.shape == (1, 64, 64, 3)
    assert windows.sum(axis=(1, 2)).tolist() == [[49, 16, 0]]
    rows, columns = np.nonzero(windows[0, ..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (13, 19, 29, 35)


def test_a_heat_map_off_where_refinement_reads_costs_more_than_elsewhere() -> None:
    cold = np.full((1, 64, 64, 1), -8.0, np.float32)
    target = np.concatenate([cold, refinement_windows(np.full((1, 1, 2), 0.5, np.float32), (64, 64))], axis=-1)
    near, far = cold.copy(), cold.copy()
    near[0, 32, 32], far[0, 5, 5] = 0.0, 0.0
    loss = heatmap_loss(1.0)

    assert float(loss(target, cold)[0]) == pytest.approx(0, abs=1e-6)
    assert float(loss(target, near)[0]) > 50 * float(loss(target, far)[0])
