"""MediaPipe's own graphs, run in processes of their own."""

from zoo.runtimes._crop import crop_region, from_crop
from zoo.runtimes._detection import Box, Detection, Point
from zoo.runtimes._faces import DetectionRun, detect_faces, detect_faces_many, run_face_graph
from zoo.runtimes._graph import FACE_FULL_RANGE, LegacyGraph, graph_at, installed_mediapipe, original_file
from zoo.runtimes._hands import HandRun, run_hand_graph
from zoo.runtimes._landmarks import MASK_SIDE, Hand, HandPicture, Point3, Pose, PosePicture, Region, mask_iou
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
from zoo.runtimes._poses import PoseRun, run_pose_graph

__all__ = [
    "FACE_FULL_RANGE",
    "MASK_SIDE",
    "METRICS",
    "Box",
    "Detection",
    "DetectionRun",
    "Hand",
    "HandPicture",
    "HandRun",
    "LegacyGraph",
    "Pair",
    "PictureMatch",
    "Point",
    "Point3",
    "Pose",
    "PosePicture",
    "PoseRun",
    "Region",
    "agreement_metrics",
    "box_iou",
    "crop_region",
    "detect_faces",
    "detect_faces_many",
    "from_crop",
    "graph_at",
    "installed_mediapipe",
    "keypoint_error",
    "mask_iou",
    "match_detections",
    "match_runs",
    "original_file",
    "run_face_graph",
    "run_hand_graph",
    "run_pose_graph",
    "summed_metrics",
]
