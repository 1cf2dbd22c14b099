"""What both models find on pictures, in MediaPipe's own graph of their task."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from zoo.demo._side import Side
from zoo.demo._skeletons import KINDS, Kind
from zoo.progress import Progress
from zoo.runtimes import (
    BUNDLE_SUFFIX,
    Figure,
    Finding,
    Hand,
    Pose,
    model_in,
    role_of,
    run_face_graph,
    run_hand_graph,
    run_pose_graph,
)
from zoo.spec import ModelSpec


@dataclass(frozen=True)
class Found:
    """By side, a finding and its milliseconds for each picture, and the graph that made them, as `NAME of RUNTIME`."""

    graph: str
    findings: Mapping[str, list[Finding]]
    milliseconds: Mapping[str, list[float]]

    @property
    def medians(self) -> dict[str, float]:
        """By side, the median of its milliseconds."""
        return {name: statistics.median(taken) for name, taken in self.milliseconds.items()}


def kind_of(spec: ModelSpec) -> Kind:
    """What the spec's task finds."""
    return KINDS[role_of(spec.dropin[0].replaces).task]


@contextmanager
def placed(spec: ModelSpec, sides: Sequence[Side]) -> Iterator[dict[str, Path]]:
    """By side, the model as a plain file: that of a bundle is taken out for the while."""
    with tempfile.TemporaryDirectory(prefix="zoo-demo-") as folder:
        models = {}
        for side in sides:
            models[str(side.name)] = side.path
            if side.path.suffix == BUNDLE_SUFFIX:
                models[str(side.name)] = Path(folder) / f"{side.name}.tflite"
                models[str(side.name)].write_bytes(model_in(side.path, spec.dropin[0].replaces))
        yield models


def find(spec: ModelSpec, models: Mapping[str, Path], pictures: Sequence[Path], *, progress: Progress) -> Found:
    """Run the graph with each model in its place, each picture for itself.

    Faces are found by detectors, hands and persons by the landmark model behind them, whichever of the two is shown.
    Raises InputError for a model that the graph does not take or a picture that cannot be read, OutsideError when the
    process dies.
    """
    replaces = PurePosixPath(spec.dropin[0].replaces).name
    task = role_of(replaces).task
    if task == "FaceDetector":
        faces = run_face_graph(models, pictures, progress=progress)
        findings = {name: [Finding(tuple(one), ()) for one in found] for name, found in faces.detections.items()}
        return Found(f"{faces.graph} of {faces.runtime}", findings, faces.milliseconds)
    files = {name: {replaces: path} for name, path in models.items()}
    if task == "HandLandmarker":
        complexity: Literal["full", "lite"] = "lite" if replaces.endswith("_lite.tflite") else "full"
        hands = run_hand_graph(files, pictures, complexity=complexity, progress=progress)
        findings = {name: [_figures(one.hands) for one in found] for name, found in hands.pictures.items()}
        return Found(f"{hands.graph} of {hands.runtime}", findings, hands.milliseconds)
    poses = run_pose_graph(files, pictures, progress=progress)
    findings = {
        name: [_figures([one.pose] if one.pose else []) for one in found] for name, found in poses.pictures.items()
    }
    return Found(f"{poses.graph} of {poses.runtime}", findings, poses.milliseconds)


def count(finding: Finding) -> int:
    """How many things were found."""
    return len(finding.detections) + len(finding.figures)


def _figures(found: Sequence[Hand | Pose]) -> Finding:
    return Finding(
        (),
        tuple(
            Figure(one.landmarks, one.world, one.label if isinstance(one, Hand) else "", b"")
            for one in found
            if one.found
        ),
    )
