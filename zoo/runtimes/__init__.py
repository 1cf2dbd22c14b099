"""MediaPipe's own graphs, run in processes of their own, and the drop-in check."""

from zoo.runtimes._detection import Box, Detection, Point
from zoo.runtimes._faces import FaceRun, detect_faces, detect_faces_many, run_face_graph
from zoo.runtimes._graph import FACE_FULL_RANGE, LegacyGraph, installed_mediapipe

__all__ = [
    "FACE_FULL_RANGE",
    "Box",
    "Detection",
    "FaceRun",
    "LegacyGraph",
    "Point",
    "detect_faces",
    "detect_faces_many",
    "installed_mediapipe",
    "run_face_graph",
]
