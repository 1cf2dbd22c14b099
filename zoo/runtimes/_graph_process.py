"""The process in which MediaPipe's legacy graphs run; started by `zoo.runtimes`, not by people.

`python -m zoo.runtimes._graph_process JOB.json` reads the job, opens one graph a model, and writes JSON lines:
`{"ready": true, "thresholds": {"score_threshold": 0.6}}`, then for each picture
`{"found": {MODEL: {STREAM: [[number, answer], ...]}}, "milliseconds": {MODEL: ...}}`, or once
`{"fault": "model" | "picture" | "graph", "name": MODEL, "message": ...}`, after which it ends. `number` orders a
stream's packets, and tells which of several streams belong together: those of one region.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from zoo.runtimes._graph import LegacyGraph, Stream, resource_root

TIMESTAMP_STEP = 33_333
"""Microseconds between pictures, as `mediapipe.solutions` steps; a graph only takes rising timestamps."""

Found = dict[str, list[list[Any]]]
"""By the stream's key, `[timestamp, answer]` of each packet, in the order of timestamps."""


@dataclass(frozen=True)
class Job:
    """What to run. `shadows`: the resource folder of each model by its name; `thresholds`: those set, by our name."""

    graph: LegacyGraph
    shadows: Mapping[str, str]
    pictures: list[str]
    thresholds: Mapping[str, float]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        fields = json.loads(path.read_text(encoding="utf-8"))
        graph = fields["graph"]
        streams = tuple(Stream(**stream) for stream in graph["streams"])
        return cls(**{**fields, "graph": LegacyGraph(**{**graph, "streams": streams})})


class _Fault(Exception):  # noqa: N818
    def __init__(self, kind: str, name: str | None, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name


class _OpenGraph:
    """A started `CalculatorGraph` with one model in it."""

    def __init__(self, graph: LegacyGraph, shadow: Path, thresholds: Mapping[str, float]) -> None:
        from mediapipe.python._framework_bindings import calculator_graph, resource_util

        from zoo.runtimes._packets import readers

        # A global, read while the graph opens its nodes: hence one start after the other, each waited for.
        resource_util.set_resource_dir(str(shadow))
        config, self.thresholds = _expanded(graph, shadow / graph.file, thresholds)
        forms = readers()
        self._streams = [(stream.key, stream.name, forms[stream.holds]) for stream in graph.streams]
        self._packets: dict[str, list[Any]] = {stream.name: [] for stream in graph.streams}
        self._timestamp = 0
        self._graph = calculator_graph.CalculatorGraph(graph_config=config)
        for stream in graph.streams:
            self._graph.observe_output_stream(stream.name, self._keep, False)
        self._graph.start_run({name: _side_packet(value) for name, value in graph.settings.items()})
        self._graph.wait_until_idle()

    def run(self, picture: Any) -> Found:
        """What the streams hold for `picture`, (H, W, 3) uint8 RGB."""
        from mediapipe.python._framework_bindings import image_frame
        from mediapipe.python.packet_creator import create_image_frame

        self._timestamp += TIMESTAMP_STEP
        for packets in self._packets.values():
            packets.clear()
        packet = create_image_frame(image_format=image_frame.ImageFormat.SRGB, data=picture)
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(self._timestamp))
        self._graph.wait_until_idle()
        return {
            key: sorted(([packet.timestamp.value, read(packet)] for packet in self._packets[name]), key=lambda e: e[0])
            for key, name, read in self._streams
        }

    def _keep(self, stream: str, packet: Any) -> None:
        # Called from the graph's threads, where an exception would end the process.
        self._packets[stream].append(packet)


def _side_packet(value: int | bool) -> Any:
    from mediapipe.python.packet_creator import create_bool, create_int

    return create_bool(value) if isinstance(value, bool) else create_int(value)


def _expanded(graph: LegacyGraph, file: Path, thresholds: Mapping[str, float]) -> tuple[str, dict[str, float]]:
    """The graph as text, its subgraphs written out, and the thresholds that it then holds.

    Text, and not a message of Python's protobuf: that one drops every option whose class has not been imported, without
    a word, and non-maximum suppression then runs with other settings.
    """
    from mediapipe.python._framework_bindings import validated_graph_config

    validated = validated_graph_config.ValidatedGraphConfig()
    validated.initialize(binary_graph_path=str(file))
    text, held = validated.text_config, {}
    for name, option in graph.thresholds.items():
        pattern = re.compile(rf"\b{option}: (\S+)")
        found = pattern.findall(text)
        if len(found) != 1:
            raise RuntimeError(f"{graph.name} holds {len(found)} options {option}, and one is expected")
        held[name] = thresholds.get(name, float(found[0]))
        if name in thresholds:
            text = pattern.sub(f"{option}: {thresholds[name]:.9g}", text)
    return text, held


def _open_graphs(job: Job) -> dict[str, _OpenGraph]:
    opened = {}
    for name, shadow in job.shadows.items():
        try:
            opened[name] = _OpenGraph(job.graph, Path(shadow), job.thresholds)
        except (RuntimeError, ValueError) as error:
            raise _Fault("model", name, str(error)) from error
    return opened


def _run_all(graphs: Mapping[str, _OpenGraph], path: str) -> tuple[dict[str, Found], dict[str, float]]:
    """What each graph finds on a picture, and the milliseconds that each took."""
    from zoo.errors import ZooError
    from zoo.sources import read_picture

    try:
        picture = read_picture(Path(path))
    except ZooError as error:
        raise _Fault("picture", None, str(error)) from error
    found, taken = {}, {}
    for name, graph in graphs.items():
        start = time.perf_counter()
        try:
            found[name] = graph.run(picture)
        except (RuntimeError, ValueError) as error:
            raise _Fault("graph", name, str(error)) from error
        taken[name] = 1e3 * (time.perf_counter() - start)
    return found, taken


def _work(job: Job, answers: TextIO) -> None:
    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        graphs = _open_graphs(job)
        answer(ready=True, thresholds=next(iter(graphs.values())).thresholds)
        for path in job.pictures:
            found, taken = _run_all(graphs, path)
            answer(found=found, milliseconds=taken)
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
