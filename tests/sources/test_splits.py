"""Which split a picture falls into follows from its content, and what looks alike stays together."""

from __future__ import annotations

import hashlib
import io
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from tests.sources.conftest import Listener, scene
from zoo.sources import PictureSplit, scan_pictures
from zoo.sources._clusters import NEAR_BITS, leaders
from zoo.sources._scan import split_by_content
from zoo.spec import DataSplit

SPLIT = DataSplit(calibration=0.2, evaluation=0.3)

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)


def unlike(picture: object) -> int:
    """A difference hash of 256 random bits: no two pictures have near ones."""
    return int.from_bytes(hashlib.sha256(repr(picture).encode()).digest(), "big")


def splits_of(folder: Path) -> dict[str, PictureSplit]:
    return {picture.name: picture.split for picture in scan_pictures(folder, SPLIT, progress=Listener()).pictures}


def test_renaming_and_moving_pictures_changes_no_split(tmp_path: Path, cache: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    for seed in range(30):
        scene(seed).save(one / f"{seed}.png")
        scene(seed).save(other / f"{99 - seed}.png")
    before, after = splits_of(one), splits_of(other)
    assert {name: before[name] for name in before} == {f"{99 - int(n[:-4])}.png": s for n, s in after.items()}
    assert set(before.values()) == {"train", "calibration", "evaluation"}


@pytest.mark.parametrize("change", ["encoded", "smaller", "brighter"])
def test_a_changed_copy_lands_in_the_split_of_its_original(tmp_path: Path, cache: Path, change: str) -> None:
    for seed in range(20):
        image = scene(seed, side=160)
        image.save(tmp_path / f"{seed:02}-original.png")
        altered(image, change).save(tmp_path / f"{seed:02}-{change}.png")
    found = splits_of(tmp_path)
    assert len(found) == 40
    assert len(set(found.values())) > 1
    for seed in range(20):
        assert found[f"{seed:02}-original.png"] == found[f"{seed:02}-{change}.png"]


def altered(image: Image.Image, change: str) -> Image.Image:
    if change == "encoded":
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=70)
        return Image.open(buffer)
    if change == "smaller":
        return image.resize((120, 120))
    return ImageEnhance.Brightness(image).enhance(1.05)


@given(st.sets(hashes, max_size=60), st.sets(hashes, max_size=60))
@settings(max_examples=50, deadline=None)
def test_pictures_that_look_different_change_no_split_when_they_come(here: set[str], added: set[str]) -> None:
    before = split_by_content({sha256: unlike(sha256) for sha256 in here}, SPLIT)
    after = split_by_content({sha256: unlike(sha256) for sha256 in here | added}, SPLIT)
    assert {sha256: after[sha256] for sha256 in here} == before


@given(st.dictionaries(hashes, st.integers(0, 2**10 - 1), max_size=40), st.integers(0, 15))
@settings(max_examples=60, deadline=None)
def test_every_near_pair_shares_a_leader_and_far_ones_do_not(spread: dict[str, int], band: int) -> None:
    # Ten bits, three apart each: some pairs are near, some far, and all bands but a few agree.
    wide = {sha256: widened(look) << band for sha256, look in spread.items()}
    led = leaders(wide)
    assert led == chained(wide)


def widened(look: int) -> int:
    return sum(0b111 << 24 * bit for bit in range(10) if look >> bit & 1)


def chained(looks: dict[str, int]) -> dict[str, str]:
    """The definition, computed without haste: spread the least hash among near pictures until nothing changes."""
    led = {sha256: sha256 for sha256 in looks}
    changed = True
    while changed:
        changed = False
        for one in looks:
            for other in looks:
                if (looks[one] ^ looks[other]).bit_count() <= NEAR_BITS and led[other] < led[one]:
                    led[one], changed = led[other], True
    return led


def test_shares_are_as_declared_over_many_pictures() -> None:
    many = {hashlib.sha256(str(n).encode()).hexdigest(): unlike(n) for n in range(5000)}
    found = list(split_by_content(many, SPLIT).values())
    assert found.count("evaluation") / 5000 == pytest.approx(0.3, abs=0.02)
    assert found.count("calibration") / 5000 == pytest.approx(0.2, abs=0.02)


def test_a_crowd_of_pictures_with_a_white_edge_takes_no_quadratic_time() -> None:
    crowd = {hashlib.sha256(str(n).encode()).hexdigest(): unlike(n) >> 128 for n in range(20_000)}
    used = time.process_time()
    assert leaders(crowd) == {sha256: sha256 for sha256 in crowd}
    assert time.process_time() - used < 20
