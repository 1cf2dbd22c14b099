"""The crop that a landmark model is fed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.runtimes import Region, crop_region, from_crop

WHOLE = Region(0.5, 0.5, 1.0, 1.0, 0.0)


@pytest.fixture
def picture() -> np.ndarray:
    """(40, 40, 3), every pixel another colour."""
    rows, columns = np.mgrid[:40, :40]
    return np.stack([rows * 6, columns * 6, (rows + columns) * 3], -1).astype(np.uint8)


def test_the_whole_picture_at_its_own_size_is_the_picture(picture: np.ndarray) -> None:
    np.testing.assert_allclose(crop_region(picture, WHOLE, 40) * 255, picture, atol=1e-4)


def test_a_quarter_turn_clockwise_turns_the_crop_against_it(picture: np.ndarray) -> None:
    turned = crop_region(picture, Region(0.5, 0.5, 1.0, 1.0, math.pi / 2), 40) * 255
    # To the right in the crop is down in the picture. The warp samples at corners of pixels, not at centres.
    np.testing.assert_allclose(turned[1:, :], np.rot90(picture, 1)[:-1, :], atol=1.5)


def test_the_shorter_side_grows_so_that_nothing_is_stretched(picture: np.ndarray) -> None:
    wide = crop_region(picture[10:30], WHOLE, 40) * 255
    np.testing.assert_allclose(wide[10:30], picture[10:30], atol=1e-4)


@pytest.mark.parametrize(("border", "expected"), [("replicate", 255.0), ("zero", 0.0)])
def test_beyond_the_picture_its_edge_is_repeated_or_black(border: str, expected: float) -> None:
    white = np.full((20, 20, 3), 255, np.uint8)
    crop = crop_region(white, Region(0.5, 0.5, 2.0, 2.0, 0.3), 32, border=border)  # type: ignore[arg-type]
    assert crop[0, 0] == pytest.approx(expected / 255)
    assert crop[16, 16] == pytest.approx(1.0)


def test_points_come_back_to_where_the_crop_took_them_from() -> None:
    dark = np.zeros((60, 100, 3), np.uint8)
    dark[20:22, 70:72] = 255
    region = Region(0.6, 0.4, 0.4, 0.5, 0.7)
    crop = crop_region(dark, region, 200)
    row, column = (float(places.mean()) for places in np.nonzero(crop[..., 0] > 0.5))
    ((x, y),) = from_crop([(column / 200, row / 200)], region, dark.shape)
    assert (x * 100, y * 60) == pytest.approx((70.5, 20.5), abs=0.5)


@pytest.mark.parametrize("region", [Region(0.5, 0.5, 0.0, 1.0, 0.0), Region(math.nan, 0.5, 1.0, 1.0, 0.0)])
def test_a_region_without_area_is_refused(picture: np.ndarray, region: Region) -> None:
    with pytest.raises(InputError, match="has no area"):
        crop_region(picture, region, 32)


@pytest.mark.parametrize("side", [0, 5000])
def test_a_side_that_no_model_has_is_refused(picture: np.ndarray, side: int) -> None:
    with pytest.raises(InputError, match=rf"side is {side}"):
        crop_region(picture, WHOLE, side)
