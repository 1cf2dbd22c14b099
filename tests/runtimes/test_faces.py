"""MediaPipe's own face graph, with a model file of ours in the place of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from zoo.errors import InputError, OutsideError
from zoo.progress import SilentProgress
from zoo.runtimes import DetectionRun, detect_faces, run_face_graph
from zoo.runtimes import _run as runner

QUIET = SilentProgress()


@pytest.fixture(scope="module")
def both(published_dense: Path, published_sparse: Path, astronaut: Path, coffee: Path, officer: Path) -> DetectionRun:
    """Both published models in one process; faces, no face, and the first picture again."""
    models = {"dense": published_dense, "sparse": published_sparse}
    return run_face_graph(models, [astronaut, coffee, officer, astronaut], progress=QUIET)


def test_gives_the_known_detection_of_the_published_sparse_model(both: DetectionRun) -> None:
    (face,) = both.detections["sparse"][0]
    assert face.score == pytest.approx(0.912, abs=0.001)
    xmin, ymin, xmax, ymax = (value * 512 for value in face.box)
    assert (xmin, ymin, xmax - xmin, ymax - ymin) == pytest.approx((173.7, 67.8, 103.9, 103.9), abs=0.5)


SOLUTION = """
import json, sys
sys.modules["tensorflow"] = None  # only decorates documentation, and takes 20 seconds
import mediapipe, numpy
from PIL import Image
with mediapipe.solutions.face_detection.FaceDetection(min_detection_confidence=0.6, model_selection=1) as detector:
    for path in sys.argv[1:]:
        found = detector.process(numpy.array(Image.open(path).convert("RGB"))).detections or []
        boxes = [face.location_data.relative_bounding_box for face in found]
        print(json.dumps([[f.score[0], b.xmin, b.ymin, b.width, b.height] for f, b in zip(found, boxes)]))
"""


def test_finds_what_mediapipes_own_solution_finds(
    both: DetectionRun, astronaut: Path, coffee: Path, officer: Path
) -> None:
    # To the last digit: boxes are averages over suppressed neighbours, and so show every setting of the graph.
    command = [sys.executable, "-c", SOLUTION, *map(str, [astronaut, coffee, officer])]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for line, found in zip(lines, both.detections["sparse"][:3], strict=True):
        theirs = [(score, (x, y, x + width, y + height)) for score, x, y, width, height in json.loads(line)]
        assert [(face.score, face.box) for face in found] == theirs


def test_key_points_lie_on_the_face_in_the_graphs_order(both: DetectionRun) -> None:
    (face,) = both.detections["sparse"][0]
    right_eye, left_eye, nose, mouth, right_ear, left_ear = face.keypoints
    assert right_ear[0] < right_eye[0] < nose[0] < left_eye[0] < left_ear[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < mouth[1] < face.box[3]


def test_finds_nothing_where_there_is_no_face(both: DetectionRun) -> None:
    assert both.detections["dense"][1] == both.detections["sparse"][1] == []


def test_carries_nothing_from_one_picture_to_the_next(both: DetectionRun) -> None:
    for found in both.detections.values():
        assert found[3] == found[0]


def test_models_in_one_process_do_not_see_each_other(
    both: DetectionRun, published_dense: Path, astronaut: Path
) -> None:
    assert both.detections["dense"][0] != both.detections["sparse"][0]
    alone = detect_faces(published_dense, [astronaut], progress=QUIET)
    assert alone[0] == both.detections["dense"][0]


def test_keeps_the_graphs_own_threshold_and_says_which_runtime(both: DetectionRun) -> None:
    assert both.score_threshold == 0.6
    assert both.runtime == "mediapipe==0.10.21"


def test_a_lower_threshold_adds_detections_and_loses_none(
    both: DetectionRun, published_dense: Path, published_sparse: Path, astronaut: Path, coffee: Path, officer: Path
) -> None:
    models = {"dense": published_dense, "sparse": published_sparse}
    low = run_face_graph(models, [astronaut, coffee, officer], score_threshold=0.02, progress=QUIET)
    assert low.score_threshold == 0.02
    for name, pictures in low.detections.items():
        assert sum(map(len, pictures)) > sum(map(len, both.detections[name][:3]))
        for more, few in zip(pictures, both.detections[name], strict=False):
            assert [face.score for face in more if face.score >= 0.6] == [face.score for face in few]


def test_refuses_a_file_that_is_no_model(tmp_path: Path, astronaut: Path) -> None:
    file = tmp_path / "notes.tflite"
    file.write_text("not a model")
    with pytest.raises(InputError, match=r"notes\.tflite is not a TFLite model"):
        detect_faces(file, [astronaut], progress=QUIET)


def test_names_the_picture_that_cannot_be_read(tmp_path: Path, published_sparse: Path, astronaut: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 and no more")
    with pytest.raises(InputError, match=r"broken\.jpg"):
        detect_faces(published_sparse, [astronaut, broken], progress=QUIET)


def test_refuses_a_threshold_that_no_score_can_have(published_sparse: Path) -> None:
    with pytest.raises(InputError, match=r"score_threshold is 1\.5"):
        detect_faces(published_sparse, [], score_threshold=1.5, progress=QUIET)


class _Killer(SilentProgress):
    """Ends the graph's process after the first picture, as the system does when memory runs out."""

    @contextmanager
    def task(self, label: str, total: float | None) -> Iterator[_Killer]:
        yield self

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        if not children.is_file():
            pytest.skip("this system does not list a process's children")
        for child in children.read_text().split():
            if b"zoo.runtimes._graph_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)


def test_a_process_that_dies_is_an_error_that_names_the_picture(
    published_sparse: Path, astronaut: Path, officer: Path
) -> None:
    # Far more pictures than answers that may wait in the pipe: it cannot have ended by itself.
    with pytest.raises(OutsideError, match=rf"was ended by signal 9 on .*{officer.name}"):
        detect_faces(published_sparse, [astronaut] + [officer] * 2000, progress=_Killer())


def test_a_process_that_hangs_is_ended(
    published_sparse: Path, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "START_SECONDS", 0.01)
    with pytest.raises(OutsideError, match="gave no answer for 0 seconds and was ended while it started"):
        detect_faces(published_sparse, [astronaut], progress=QUIET)
