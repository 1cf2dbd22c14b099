"""Makes models ready for MediaPipe's Tasks: `python _tasks_models.py FOLDER FILE...`.

Tasks read in a float model's metadata how its input picture is normalised, and refuse a model that does not say. A face
detector without metadata gets a copy in FOLDER that says what MediaPipe's legacy graphs do for all face detectors:
pixels from -1 to 1. Prints a JSON object: for each FILE the `path` to run, and `added` or the `refusal`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from zoo.errors import InputError, ZooError
from zoo.files import read_file
from zoo.tflite import Model, has_metadata, read_model, with_normalization

MEAN, STD = 127.5, 127.5
"""On the pixel scale 0 to 255 (face_detection_full_range_cpu.pbtxt: ImageToTensorCalculator, range -1 to 1)."""

_NUMBERS_PER_FACE = 16
"""A box and six key points."""


def check_face_detector(model: Model) -> None:
    """Tell the face detectors by their tensors: a picture in; for each anchor a box with key points, and a score.

    Raises:
        InputError: these are another model's tensors.
    """
    graph = model.subgraphs[0]
    pictures = [graph.tensors[index].shape for index in graph.inputs]
    answers = sorted(graph.tensors[index].shape for index in graph.outputs)
    picture = len(pictures) == 1 and len(pictures[0]) == 4 and pictures[0][3] == 3
    anchors = answers[0][1] if answers and len(answers[0]) == 3 else 0
    if not picture or answers != [(1, anchors, 1), (1, anchors, _NUMBERS_PER_FACE)]:
        raise InputError(
            f"{model.name} is no face detector of MediaPipe's, and browser:tasks runs no other models; "
            "time it on browser"
        )


def ready_file(path: Path, copy: Path) -> tuple[Path, bool]:
    """The file that Tasks can run: `path` itself, or a new `copy` that has the metadata; whether it is that copy.

    Raises:
        InputError: it is no sound model, or no face detector.
    """
    data = read_file(path)
    model = read_model(data, name=str(path))
    check_face_detector(model)
    if has_metadata(model):
        return path, False
    copy.write_bytes(with_normalization(data, name=str(path), mean=MEAN, std=STD))
    return copy, True


def main(arguments: list[str]) -> int:
    """Answer for each file; one that is refused does not stop the others."""
    folder, *files = arguments
    answers = {}
    for number, file in enumerate(files):
        try:
            path, added = ready_file(Path(file), Path(folder) / f"tasks-{number}.tflite")
            answers[file] = {"path": str(path), "added": added}
        except (ZooError, OSError) as error:
            answers[file] = {"path": file, "refusal": str(error)}
    sys.stdout.write(json.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
