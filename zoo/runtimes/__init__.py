"""MediaPipe's own graphs and tasks, and interpreters, run in processes of their own."""

from zoo.runtimes._apart import METHODS, run_interpreter, run_task
from zoo.runtimes._crop import crop_region, from_crop
from zoo.runtimes._detection import Box, Detection, Point
from zoo.runtimes._faces import DetectionRun, detect_faces, detect_faces_many, run_face_graph
from zoo.runtimes._finding import Figure, Finding, NotInstalledError, NotTakenError, Trial
from zoo.runtimes._fit import check_fits
from zoo.runtimes._graph import (
    FACE_FULL_RANGE,
    GRAPHS,
    HOLISTIC,
    LegacyGraph,
    graph_at,
    installed_mediapipe,
    original_file,
)
from zoo.runtimes._hands import HandRun, run_hand_graph
from zoo.runtimes._holistic import run_holistic
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
from zoo.runtimes._outputs import FileRuns, run_files
from zoo.runtimes._poses import PoseRun, run_pose_graph
from zoo.runtimes._tasks import BUNDLE_SUFFIX, TaskRole, model_in, ready_for_tasks, role_of
from zoo.runtimes._web import WEB_METHODS, run_web_task

__all__ = [
    "BUNDLE_SUFFIX",
    "FACE_FULL_RANGE",
    "GRAPHS",
    "HOLISTIC",
    "MASK_SIDE",
    "METHODS",
    "METRICS",
    "WEB_METHODS",
    "Box",
    "Detection",
    "DetectionRun",
    "Figure",
    "FileRuns",
    "Finding",
    "Hand",
    "HandPicture",
    "HandRun",
    "LegacyGraph",
    "NotInstalledError",
    "NotTakenError",
    "Pair",
    "PictureMatch",
    "Point",
    "Point3",
    "Pose",
    "PosePicture",
    "PoseRun",
    "Region",
    "TaskRole",
    "Trial",
    "agreement_metrics",
    "box_iou",
    "check_fits",
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
    "model_in",
    "original_file",
    "ready_for_tasks",
    "role_of",
    "run_face_graph",
    "run_files",
    "run_hand_graph",
    "run_holistic",
    "run_interpreter",
    "run_pose_graph",
    "run_task",
    "run_web_task",
    "summed_metrics",
]
