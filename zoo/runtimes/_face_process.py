"""The process in which MediaPipe's legacy detection graph runs; started by `zoo.runtimes`, not by people.

`python -m zoo.runtimes._face_process JOB.json` reads the job, opens one graph a model, and writes JSON lines:
`{"ready": true, "score_threshold": 0.6}`, then for each picture `{"detections": {MODEL: [[numbers], ...]}}`, or once
`{"fault": "model" | "picture" | "graph", "name": MODEL, "message": ...}`, after which it ends.
"""

from __future__ import annotations

import json
import os
import re
import sys
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from zoo.runtimes._graph import LegacyGraph, resource_root

_THRESHOLD = re.compile(r"\bmin_score_thresh: (\S+)")
"""The option of TensorsToDetectionsCalculator that drops weak detections before non-maximum suppression."""

TIMESTAMP_STEP = 33_333
"""Microseconds between pictures, as `mediapipe.solutions` steps; a graph only takes rising timestamps."""


@dataclass(frozen=True)
class Job:
    """What to run. `shadows`: the resource folder of each model by its name."""

    graph: LegacyGraph
    shadows: Mapping[str, str]
    pictures: list[str]
    score_threshold: float | None

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**fields, "graph": LegacyGraph(**fields["graph"])})


class _Fault(Exception):  # noqa: N818
    def __init__(self, kind: str, name: str | None, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name


class _OpenGraph:
    """A started `CalculatorGraph` with one model in it."""

    def __init__(self, graph: LegacyGraph, shadow: Path, score_threshold: float | None) -> None:
        import mediapipe.framework.formats.detection_pb2  # noqa: F401 - else packets hold nothing that Python can read
        from mediapipe.python._framework_bindings import calculator_graph, resource_util

        # A global, read while the graph opens its nodes: hence one start after the other, each waited for.
        resource_util.set_resource_dir(str(shadow))
        config, self.score_threshold = _expanded(graph, shadow / graph.file, score_threshold)
        self._stream = graph.image_stream
        self._latest: Any = None
        self._timestamp = 0
        self._graph = calculator_graph.CalculatorGraph(graph_config=config)
        self._graph.observe_output_stream(graph.detections_stream, self._keep, True)
        self._graph.start_run({})
        self._graph.wait_until_idle()

    def detect(self, picture: Any) -> list[list[float]]:
        """Detections of `picture` ((H, W, 3) uint8 RGB) as flat numbers, in the graph's order."""
        from mediapipe.python._framework_bindings import image_frame
        from mediapipe.python.packet_creator import create_image_frame
        from mediapipe.python.packet_getter import get_proto_list

        self._timestamp += TIMESTAMP_STEP
        self._latest = None
        packet = create_image_frame(image_format=image_frame.ImageFormat.SRGB, data=picture)
        self._graph.add_packet_to_input_stream(stream=self._stream, packet=packet.at(self._timestamp))
        self._graph.wait_until_idle()
        if self._latest is None or self._latest.is_empty():
            return []
        return [_numbers(detection) for detection in get_proto_list(self._latest)]

    def _keep(self, _stream: str, packet: Any) -> None:
        # Called from the graph's thread, where an exception would end the process.
        self._latest = packet


def _expanded(graph: LegacyGraph, file: Path, score_threshold: float | None) -> tuple[str, float]:
    """The graph as text, its subgraphs written out, and the score threshold that it then holds.

    Text, and not a message of Python's protobuf: that one drops every option whose class has not been imported, without
    a word, and non-maximum suppression then runs with other settings.
    """
    from mediapipe.python._framework_bindings import validated_graph_config

    validated = validated_graph_config.ValidatedGraphConfig()
    validated.initialize(binary_graph_path=str(file))
    text = validated.text_config
    found = _THRESHOLD.findall(text)
    if len(found) != 1:
        raise RuntimeError(f"{graph.name} holds {len(found)} score thresholds, and one is expected")
    if score_threshold is None:
        return text, float(found[0])
    return _THRESHOLD.sub(f"min_score_thresh: {score_threshold:.9g}", text), score_threshold


def _numbers(detection: Any) -> list[float]:
    location = detection.location_data
    box = location.relative_bounding_box
    corners = [box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height]
    points = [value for point in location.relative_keypoints for value in (point.x, point.y)]
    return [detection.score[0], *corners, *points]


def _open_graphs(job: Job) -> dict[str, _OpenGraph]:
    opened = {}
    for name, shadow in job.shadows.items():
        try:
            opened[name] = _OpenGraph(job.graph, Path(shadow), job.score_threshold)
        except (RuntimeError, ValueError) as error:
            raise _Fault("model", name, str(error)) from error
    return opened


def _detect_all(graphs: Mapping[str, _OpenGraph], path: str) -> dict[str, list[list[float]]]:
    from zoo.errors import ZooError
    from zoo.sources import read_picture

    try:
        picture = read_picture(Path(path))
    except ZooError as error:
        raise _Fault("picture", None, str(error)) from error
    found = {}
    for name, graph in graphs.items():
        try:
            found[name] = graph.detect(picture)
        except (RuntimeError, ValueError) as error:
            raise _Fault("graph", name, str(error)) from error
    return found


def _work(job: Job, answers: TextIO) -> None:
    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        graphs = _open_graphs(job)
        answer(ready=True, score_threshold=next(iter(graphs.values())).score_threshold)
        for path in job.pictures:
            answer(detections=_detect_all(graphs, path))
    except _Fault as fault:
        answer(fault=fault.kind, name=fault.name, message=str(fault))
    # Without this, a graph that failed may wait for itself for ever while the interpreter shuts down.
    answers.flush()
    os._exit(0)


def _bare_mediapipe() -> None:
    """Let parts of `mediapipe` be imported without its `__init__`.

    That one imports every solution and task, and TensorFlow for decorating documentation: 2 to 20 seconds, against
    half a second for the bindings that a graph needs.
    """
    bare = types.ModuleType("mediapipe")
    bare.__path__ = [str(resource_root() / "mediapipe")]
    sys.modules["mediapipe"] = bare


def main() -> None:
    """Run the job named on the command line."""
    # Answers keep the real standard output; whatever else prints there goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _bare_mediapipe()
    _work(Job.read(Path(sys.argv[1])), answers)


if __name__ == "__main__":
    main()
