"""Pictures and films through MediaPipe's own graph, without a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.demo.conftest import QUIET
from zoo.demo import Shown, Side, make_side, render_film, render_sheet
from zoo.demo import _film as film
from zoo.errors import InputError, OutsideError
from zoo.runtimes import original_file
from zoo.spec import ModelSpec, load_spec

MARKS = {"dense": (0xFF, 0xB4, 0x54), "sparse": (0x3D, 0xDB, 0xC2)}


def places(picture: Any, side: str, within: int = 0) -> tuple[Any, Any]:
    """Rows and columns of the pixels that have the colour of a side's marks, or differ by no more than `within`."""
    found: tuple[Any, Any] = np.nonzero((np.abs(picture.astype(int) - MARKS[side]) <= within).all(axis=2))
    return found


@pytest.fixture(scope="module")
def sheet(
    spec: ModelSpec, sides: Sequence[Side], astronaut: Path, coffee: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Any]:
    """What is told of a sheet with one face and with none, and its pixels."""
    target = tmp_path_factory.mktemp("sheet") / "faces.png"
    shown = [Shown("astronaut.png", astronaut, "NASA"), Shown("coffee.png", coffee)]
    made = render_sheet(target, shown, spec=spec, sides=sides, progress=QUIET)
    return made, np.asarray(Image.open(target).convert("RGB"))


def test_what_was_found_is_counted_and_timed(sheet: tuple[Any, Any]) -> None:
    made, _ = sheet
    assert made.found == {"dense": [1, 0], "sparse": [1, 0]}
    assert made.frames == 2
    assert made.graph == "face_detection_full_range_cpu of mediapipe==0.10.21"
    assert all(taken > 0 for taken in made.milliseconds.values())


def test_dense_is_left_and_sparse_right_with_the_face_in_its_box(sheet: tuple[Any, Any]) -> None:
    _, pixels = sheet
    middle = pixels.shape[1] // 2
    # Below the headings, whose squares have the same colours; the picture of 512 pixels stands centred in 640.
    below, left = 158, {"dense": 24 + 64, "sparse": 2 * 24 + 640 + 64}
    for side, start in left.items():
        rows, columns = places(pixels[below:], side)
        assert len(rows) > 200
        assert (columns < middle).all() == (side == "dense")
        assert columns.min() - start == pytest.approx(173, abs=12)
        assert columns.max() - start == pytest.approx(276, abs=12)
        assert rows.min() == pytest.approx(67, abs=12)
        assert rows.max() == pytest.approx(170, abs=12)


def test_nothing_is_left_beside_a_sheet(sheet: tuple[Any, Any]) -> None:
    made, _ = sheet
    assert [path.name for path in made.file.parent.iterdir()] == ["faces.png"]


def test_a_picture_that_is_none_is_refused_before_anything_is_written(
    spec: ModelSpec, sides: Sequence[Side], tmp_path: Path
) -> None:
    (tmp_path / "wrong.jpg").write_bytes(b"no picture")
    shown = [Shown("wrong.jpg", tmp_path / "wrong.jpg")]
    with pytest.raises(InputError, match=r"wrong\.jpg cannot be used as a picture"):
        render_sheet(tmp_path / "out.png", shown, spec=spec, sides=sides, progress=QUIET)
    assert not (tmp_path / "out.png").exists()


@pytest.fixture(scope="module")
def clip(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames of the astronaut, odd in width, moving to the left."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = cv2.imread(str(astronaut))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 12.5, (402, 300))
    for frame in range(5):
        writer.write(picture[:300, 8 * frame : 8 * frame + 402])
    writer.release()
    return path


def frames_of(path: Path) -> tuple[list[Any], float]:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
    return frames, capture.get(cv2.CAP_PROP_FPS)


def test_a_film_has_every_frame_of_the_video_with_both_sides(
    spec: ModelSpec, sides: Sequence[Side], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In two goes, as a longer video.
    monkeypatch.setattr(film, "AT_ONCE", 3)
    made = render_film(tmp_path / "faces.mp4", clip, spec=spec, sides=sides, progress=QUIET)

    assert made.frames == 5
    assert made.found == {"dense": [1] * 5, "sparse": [1] * 5}
    frames, rate = frames_of(made.file)
    assert len(frames) == 5
    assert rate == pytest.approx(12.5)
    assert frames[0].shape[1] == 2 * 402
    for number, frame in enumerate(frames):
        for side, start in (("dense", 0), ("sparse", 402)):
            # The codec moves colours a little.
            _, columns = places(frame[84:], side, within=40)
            assert len(columns) > 50
            assert np.median(columns) - start == pytest.approx(224 - 8 * number, abs=30)
    assert [path.name for path in tmp_path.iterdir()] == ["faces.mp4"]


def test_what_is_no_video_is_refused(spec: ModelSpec, sides: Sequence[Side], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(b"no video at all" * 100)
    with pytest.raises(InputError, match=r"wrong\.mp4 is no video that can be read"):
        render_film(tmp_path / "out.mp4", wrong, spec=spec, sides=sides, progress=QUIET)
    with pytest.raises(InputError, match="there is no file"):
        render_film(tmp_path / "out.mp4", tmp_path / "nothing.mp4", spec=spec, sides=sides, progress=QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.mp4"]


def test_a_film_that_was_not_written_whole_is_no_film(
    spec: ModelSpec, sides: Sequence[Side], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up: OpenCV tells nothing, and the file ends early."""
    target = tmp_path / "faces.mp4"
    target.write_bytes(b"the film of before")
    close = film._Writer.close

    def cut_off(writer: Any) -> None:
        close(writer)
        with writer._path.open("r+b") as file:
            file.truncate(1000)

    monkeypatch.setattr(film._Writer, "close", cut_off)
    with pytest.raises(OutsideError, match="could not be written whole"):
        render_film(target, clip, spec=spec, sides=sides, progress=QUIET)
    assert target.read_bytes() == b"the film of before"
    assert [path.name for path in tmp_path.iterdir()] == ["faces.mp4"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("hand_landmark", "hands/mediapipe"),
        ("palm_detector", "hands/mediapipe"),
        ("pose_detector", "persons/usgov"),
        ("pose_landmark", "persons/usgov"),
    ],
)
def test_hands_and_persons_are_drawn_with_their_bones(
    name: str, folder: str, shared_data: Path, tmp_path: Path
) -> None:
    spec = load_spec(name).spec
    pictures = sorted((shared_data / folder).rglob("*.jpg"))[:3]
    if not pictures:
        pytest.skip(f"{shared_data} holds no {folder}")
    path = original_file(spec.dropin[0].replaces)
    sides = [make_side(side, "published", path, spec) for side in ("dense", "sparse")]
    shown = [Shown(one.name, one) for one in pictures]
    made = render_sheet(tmp_path / "out.png", shown, spec=spec, sides=sides, progress=QUIET)
    assert made.found["dense"] == made.found["sparse"]
    assert sum(made.found["dense"]) > 0
    pixels = np.asarray(Image.open(made.file).convert("RGB"))
    for side in MARKS:
        assert len(places(pixels[158:], side, within=40)[0]) > 300
