"""What two landmark models agree on, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.evaluate import Sighting, landmark_statistics

SQUARE = np.array([(0.2, 0.2), (0.6, 0.2), (0.6, 0.4), (0.2, 0.4)])
WORLD = np.zeros((4, 3))


def seen(points: np.ndarray = SQUARE, *, label: str = "Left", world: np.ndarray = WORLD) -> Sighting:
    return Sighting(found=True, points=points, world=world, label=label)


NOTHING = Sighting(found=False, points=np.empty((0, 2)), world=np.empty((0, 3)))


def values(ours: list[list[Sighting]], reference: list[list[Sighting]]) -> dict[str, float]:
    statistics = landmark_statistics(ours, reference)
    return {name: float(one.values(np.ones((1, one.pictures)))[0]) for name, one in statistics.items()}


def test_the_error_is_over_the_longer_side_of_the_reference() -> None:
    found = values([[seen(SQUARE + np.array([0.019, 0.0]))]], [[seen()]])

    assert found["landmark_error"] == pytest.approx(0.019 / 0.4)
    assert found["pck"] == 1.0


def test_a_point_far_off_counts_in_the_mean_and_not_as_close() -> None:
    moved = SQUARE.copy()
    moved[0] += np.array([0.0, 0.4])

    found = values([[seen(moved)]], [[seen()]])

    assert found["landmark_error"] == pytest.approx(0.25)
    assert found["pck"] == 0.75


def test_presence_agrees_where_both_or_neither_find_something() -> None:
    ours = [[seen(), NOTHING], [NOTHING], [seen()]]
    reference = [[seen(), NOTHING], [seen()], [NOTHING]]

    found = values(ours, reference)

    assert found["presence_agreement"] == 0.5
    assert found["landmark_error"] == 0.0


def test_handedness_counts_where_both_find_a_hand() -> None:
    ours = [[seen(label="Right"), seen(), NOTHING]]

    assert values(ours, [[seen(), seen(), seen(label="Right")]])["handedness_agreement"] == 0.5


def test_masks_are_compared_where_there_are_some() -> None:
    half, whole = np.zeros((2, 2)), np.ones((2, 2))
    half[0] = 1.0
    ours = Sighting(found=True, points=SQUARE, world=WORLD, mask=half)
    theirs = Sighting(found=True, points=SQUARE, world=WORLD, mask=whole)

    assert values([[ours]], [[theirs]])["mask_iou"] == 0.5
    assert "mask_iou" not in values([[seen()]], [[seen()]])


def test_runs_of_different_regions_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        landmark_statistics([[seen()]], [[seen(), seen()]])
