"""What training sees: faces of every size, the teacher's true answers, and the same again for the same seed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tiny_detector import ANCHORS, SIDE, tiny_spec, tiny_tflite
from zoo.sources import read_picture
from zoo.spec import Augmentation
from zoo.training import BatchSource, PictureSource, Place, make_lesson
from zoo.training._augment import draw_input
from zoo.training._pictures import TrainingPicture

PLAIN = Augmentation(
    object_side=(0.3, 0.3),
    rotation_degrees=0,
    flip=False,
    brightness=0,
    contrast=0,
    saturation=0,
    mosaic_share=0,
    native_share=0,
    negative_share=0,
    blur_share=0,
)


def _marked(face: tuple[int, int, int, int], size: tuple[int, int] = (300, 200)) -> TrainingPicture:
    """A dark grey picture with one white square as its face, given in pixels."""
    pixels = np.full((size[1], size[0], 3), 40, np.uint8)
    left, top, right, bottom = face
    pixels[top:bottom, left:right] = 255
    place = Place(
        x=(left + right) / 2 / size[0],
        y=(top + bottom) / 2 / size[1],
        width=(right - left) / size[0],
        height=(bottom - top) / size[1],
    )
    return TrainingPicture(pixels=pixels, places=(place,))


def _white_box(pixels: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(pixels[..., 0] > 150)
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_a_face_is_brought_to_the_size_that_was_drawn(share: float) -> None:
    wanted = PLAIN.model_copy(update={"object_side": (share, share)})
    for seed in range(20):
        drawn = draw_input(np.random.default_rng(seed), [_marked((100, 60, 160, 120))], side=192, augmentation=wanted)
        width, height = _white_box(drawn)
        assert 0 < width < share * 192 + 3
        if share < 0.2:  # whole faces only: larger ones may be cut by the edge
            assert width == pytest.approx(share * 192, abs=2)
            assert height == pytest.approx(share * 192, abs=2)


def test_the_exact_whole_picture_is_what_mediapipe_feeds() -> None:
    whole = PLAIN.model_copy(update={"native_share": 1.0})
    picture = _marked((100, 60, 160, 120))
    drawn = [draw_input(np.random.default_rng(seed), [picture], side=192, augmentation=whole) for seed in range(30)]
    # 300x200 fits as 192x128, black above and below.
    exact = [one for one in drawn if not one[:31].any() and not one[161:].any() and one[34:158].all()]
    assert len(exact) >= 5
    for one in exact:
        width, height = _white_box(one)
        assert (width, height) == (pytest.approx(38.4, abs=2), pytest.approx(38.4, abs=2))


@pytest.fixture(scope="module")
def source_of(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    pictures = []
    for index in range(5):
        path = folder / f"{index}.png"
        Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(path)
        pictures.append(PictureSource(path=path, places=(Place(0.4, 0.45, 0.4, 0.5),) if index % 2 else ()))
    teacher = folder / "teacher.tflite"
    teacher.write_bytes(tiny_tflite(seed=1))

    def make(seed: int) -> BatchSource:
        lesson = make_lesson(tiny_spec(), teacher=teacher, pictures=pictures, read_picture=read_picture)
        return BatchSource(lesson, batch_size=3, seed=seed)

    return make


def test_batches_depend_on_the_seed_and_the_update_alone(source_of) -> None:  # type: ignore[no-untyped-def]
    from itertools import islice

    straight = list(islice(source_of(7).batches(0), 5))
    resumed = list(islice(source_of(7).batches(3), 2))
    for one, two in zip(straight[3:], resumed, strict=True):
        np.testing.assert_array_equal(one.inputs, two.inputs)
        np.testing.assert_array_equal(one.targets[1], two.targets[1])
    assert not np.array_equal(straight[0].inputs, straight[1].inputs)
    assert not np.array_equal(straight[0].inputs, source_of(8).batch(0).inputs)


def test_batches_that_were_closed_end_for_whoever_still_asks(source_of) -> None:  # type: ignore[no-untyped-def]
    batches = source_of(7).batches(0)
    taken: list[object] = []
    with batches:
        taken.append(next(batches))
        asker = threading.Thread(target=lambda: taken.extend(batches))
        asker.start()
        while len(taken) < 3:
            time.sleep(0.01)
    asker.join(timeout=30)
    assert not asker.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]
    assert list(batches) == []


def test_a_batch_holds_the_teacher_s_answers_to_its_inputs(source_of, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from ai_edge_litert.interpreter import Interpreter

    batch = source_of(7).batch(0)
    assert batch.inputs.shape == (3, SIDE, SIDE, 3)
    assert batch.inputs.min() >= -1
    assert batch.inputs.max() <= 1
    boxes, scores = batch.targets
    assert boxes.shape == (3, ANCHORS, 17)
    assert scores.shape == (3, ANCHORS, 1)
    interpreter = Interpreter(model_content=tiny_tflite(seed=1))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch.inputs[1:2])
    interpreter.invoke()
    answers = [interpreter.get_tensor(one["index"])[0] for one in interpreter.get_output_details()]
    np.testing.assert_allclose(answers[0], boxes[1, :, :16], atol=1e-5)
    np.testing.assert_allclose(answers[1], scores[1], atol=1e-5)
