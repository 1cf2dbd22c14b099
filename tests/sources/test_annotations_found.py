"""Annotations are found where they lie, and pictures that training saw, or nearly saw, judge nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.sources.annotated import Scene, Thing, write_coco
from zoo.progress import SilentProgress
from zoo.sources import scan_pictures
from zoo.sources.annotations import (
    find_annotations,
    labelled_digest,
    read_annotations,
    read_labelled_sets,
    unseen_part,
    write_labelled_sets,
)
from zoo.spec import DataSplit

SPLIT = DataSplit(calibration=0.2, evaluation=0.3, smallest_side=16)
QUIET = SilentProgress()


class Listening(SilentProgress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def noise(path: Path, seed: int) -> None:
    """A picture that looks like no other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = np.random.default_rng(seed).integers(0, 256, (17, 17, 3), np.uint8)
    Image.fromarray(blocks).resize((85, 85), Image.Resampling.NEAREST).save(path)


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    """Sixty pictures with a face each, as COCO, two folders deep."""
    names = [f"{number}.png" for number in range(60)]
    root = tmp_path / "pictures" / "far" / "faces"
    write_coco(Scene((85, 85), {name: [Thing((10, 10, 20, 20))] for name in names}), root)
    for number, name in enumerate(names):
        noise(root / "images" / name, number)
    return root


def test_annotations_are_found_however_deep(annotated: Path) -> None:
    (found,) = find_annotations(annotated.parents[1], progress=QUIET)

    assert (found.root, found.format, len(found.pictures)) == (annotated, "coco", 60)


def test_a_file_with_a_fault_that_nobody_named_is_passed_over_and_told(annotated: Path) -> None:
    (annotated / "broken.json").write_text('{"images": [], "annotations": [],\n "categories": [\n')
    progress = Listening()

    (found,) = find_annotations(annotated, progress=progress)

    assert len(found.pictures) == 60
    assert any("broken.json" in said and "line" in said for said in progress.said)


def test_one_folder_with_all_shared_pictures_gives_each_set(shared_data: Path) -> None:
    found = {one.root.relative_to(shared_data).as_posix(): one for one in find_annotations(shared_data, progress=QUIET)}

    counts = {name: (one.format, len(one.pictures), one.objects) for name, one in found.items()}
    assert (
        counts.items()
        >= {
            "faces/dlib": ("dlib", 9, 43),
            "hands/lu_gestures": ("yolo", 754, 754),
            "hands/mmpose/freihand": ("coco", 8, 8),
            "persons/coco": ("coco", 80, 172),
            "persons/lspet": ("coco", 1600, 1600),
        }.items()
    )
    # Two files of dlib make one set, and a third that speaks of the same pictures adds none.
    assert found["faces/dlib"].file == "testing.xml, training.xml"
    # Chips are regions to look in.
    assert not any(name.startswith("faces/fairface") for name in found)


def test_what_trained_does_not_judge(annotated: Path) -> None:
    pictures = scan_pictures(annotated, SPLIT, progress=QUIET)
    part = unseen_part(
        read_annotations(annotated),
        pictures.pictures,
        split=SPLIT,
        named=True,
        listed_is_all=True,
        progress=QUIET,
    )

    assert {one.path for one in part.evaluation} == {one.path for one in pictures.of("evaluation")}
    assert {one.path for one in part.calibration} == {one.path for one in pictures.of("calibration")}
    assert part.left_out == len(pictures.of("train"))


def test_neither_does_what_is_nearly_the_same_in_another_folder(annotated: Path, tmp_path: Path) -> None:
    taught = tmp_path / "taught"
    taught.mkdir()
    with Image.open(annotated / "images" / "0.png") as picture:
        picture.resize((170, 170)).save(taught / "a.jpg", quality=80)
    (taught / "b.png").write_bytes((annotated / "images" / "1.png").read_bytes())
    everything_trains = DataSplit(calibration=0.0, evaluation=0.0, smallest_side=16)
    listed = scan_pictures(taught, everything_trains, progress=QUIET).pictures

    part = unseen_part(read_annotations(annotated), listed, split=SPLIT, named=True, listed_is_all=True, progress=QUIET)

    judging = {one.path.name for one in (*part.evaluation, *part.calibration)}
    assert judging == {f"{number}.png" for number in range(2, 60)}
    assert part.left_out == 2


def test_where_nobody_knows_what_trained_only_the_evaluation_split_judges(annotated: Path) -> None:
    part = unseen_part(read_annotations(annotated), (), split=SPLIT, named=True, listed_is_all=False, progress=QUIET)
    by_content = scan_pictures(annotated, SPLIT, progress=QUIET)

    assert {one.path for one in part.evaluation} == {one.path for one in by_content.of("evaluation")}


def test_sets_come_back_as_written_and_their_digest_holds_no_path(annotated: Path, tmp_path: Path) -> None:
    def part(root: Path) -> list[object]:
        return [unseen_part(read_annotations(root), (), split=SPLIT, named=False, listed_is_all=True, progress=QUIET)]

    here = part(annotated)
    write_labelled_sets(here, tmp_path / "labels.json")  # type: ignore[arg-type]
    assert read_labelled_sets(tmp_path / "labels.json") == here

    elsewhere = annotated.rename(tmp_path / "faces")
    assert labelled_digest(part(elsewhere)) == labelled_digest(here)  # type: ignore[arg-type]
