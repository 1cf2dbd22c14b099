"""Which key points bodies have: COCO's 17, MediaPipe's 33, and how much a person's own labels of each vary."""

from __future__ import annotations

from collections.abc import Sequence

COCO_POINTS = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"),
    "right_ankle",
)
COCO_SIGMAS = (
    *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087),
    *(0.089, 0.089),
)
"""For each of `COCO_POINTS`: how far labels of one person differ, as a share of the square root of the person's area
(https://cocodataset.org/#keypoints-eval)."""

MEDIAPIPE_POSE_POINTS = (
    *("nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index"),
    *("left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    *("left_heel", "right_heel", "left_foot_index", "right_foot_index"),
)
"""In the order of `mediapipe.solutions.pose.PoseLandmark`."""


def shared_points(
    ours: Sequence[str], theirs: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
    """Key points that both lists name, in the order of `theirs`: their positions in either list, and their names.

    All 17 of COCO are among MediaPipe's, and 12 of the 14 of LSP, which alone have the neck and the top of the head.
    """
    both = tuple(name for name in theirs if name in ours)
    return tuple(ours.index(name) for name in both), tuple(theirs.index(name) for name in both), both


def sigmas_of(names: Sequence[str]) -> tuple[float, ...]:
    """COCO's sigma of each named point. Raises ValueError for a name that COCO does not have."""
    by_name = dict(zip(COCO_POINTS, COCO_SIGMAS, strict=True))
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise ValueError(f"COCO has no sigma for {', '.join(unknown)}")
    return tuple(by_name[name] for name in names)
