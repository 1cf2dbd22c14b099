"""Sound files to damage: small graphs of the rules' own tests, published files from installed packages, pruned ones."""

from __future__ import annotations

import io
import zipfile
from importlib.util import find_spec
from pathlib import Path

from tests.xnnpack.cases import CASES
from tests.xnnpack.graphs import Graph
from zoo.tflite import prune_by_magnitude

PUBLISHED = {
    "hand_recrop": ("mediapipe", "modules/holistic_landmark/hand_recrop.tflite"),
    "face_short_range": ("mediapipe", "modules/face_detection/face_detection_short_range.tflite"),
    "selfie_segmentation": ("mediapipe", "modules/selfie_segmentation/selfie_segmentation.tflite"),
    "face_sparse": ("mediapipe", "modules/face_detection/face_detection_full_range_sparse.tflite"),
}
"""Small ones, so that a mutant costs milliseconds."""
PRUNED = ("face_short_range",)


def small_graphs() -> dict[str, bytes]:
    """The graphs that hold or break one rule each, sparse storage among them, and one with zeros to store away."""
    return {**{case.name: case.file() for case in CASES}, "zeros_and_a_zip": zeros_and_a_zip()}


def zeros_and_a_zip() -> bytes:
    """Dense kernels of every type that pay when stored sparse, and files behind the model as metadata writers add."""
    graph = Graph((1, 8, 8, 3))
    x = graph.stem(32)
    for stored in ("dense", "float32", "int8", "sparse"):
        x = graph.conv(x, 32, stored=stored)
    attached = io.BytesIO(graph.output(graph.dense(graph.mean(x), 32, zeros=0.9)))
    attached.seek(0, io.SEEK_END)
    with zipfile.ZipFile(attached, "a") as members:
        members.writestr("labels.txt", "face\n")
        members.writestr("more.txt", "x" * 100)
    return attached.getvalue()


def published() -> dict[str, bytes]:
    """Published files by name, and one of them pruned; those whose package is not installed are left out."""
    found = {}
    for name, (package, path) in PUBLISHED.items():
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            file = Path(spec.submodule_search_locations[0]) / path
            if file.is_file():
                found[name] = file.read_bytes()
    return {**found, **{f"{name}_pruned": prune_by_magnitude(found[name], 0.8) for name in PRUNED if name in found}}
