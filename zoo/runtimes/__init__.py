"""MediaPipe's own graphs, run in processes of their own, and the drop-in check."""

from zoo.runtimes._detection import Box, Detection, Point
from zoo.runtimes._dropin import try_dropin
from zoo.runtimes._faces import FaceRun, detect_faces, detect_faces_many, run_face_graph
from zoo.runtimes._graph import FACE_FULL_RANGE, LEGACY_GRAPHS, LegacyGraph, installed_mediapipe
from zoo.runtimes._matching import (
    METRICS,
    Pair,
    PictureMatch,
    agreement_metrics,
    box_iou,
    keypoint_error,
    match_detections,
    match_runs,
    summed_metrics,
)

__all__ = [
    "FACE_FULL_RANGE",
    "LEGACY_GRAPHS",
    "METRICS",
    "Box",
    "Detection",
    "FaceRun",
    "LegacyGraph",
    "Pair",
    "PictureMatch",
    "Point",
    "agreement_metrics",
    "box_iou",
    "detect_faces",
    "detect_faces_many",
    "installed_mediapipe",
    "keypoint_error",
    "match_detections",
    "match_runs",
    "run_face_graph",
    "summed_metrics",
    "try_dropin",
]
