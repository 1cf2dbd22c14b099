"""Quality and fairness through MediaPipe's own graph, against a reference model and against labels, with intervals."""

from zoo.evaluate._aligned import (
    Aligned,
    align,
    as_truth,
    between,
    head_size,
    longer_side,
    palm_length,
    torso_size,
)
from zoo.evaluate._bodies import COCO_POINTS, COCO_SIGMAS, MEDIAPIPE_POSE_POINTS, shared_points, sigmas_of
from zoo.evaluate._detection_metrics import detection_statistics
from zoo.evaluate._evidence import Better, FairnessEvidence, detection_evidence
from zoo.evaluate._fairness import NO_LABELS, judge_groups
from zoo.evaluate._hook import FairnessHook, JudgedFairness, load_hook
from zoo.evaluate._labels import Labels, judge_labels, label_pairs, label_statistics, labels_for
from zoo.evaluate._landmark_agreement import Sighting, landmark_statistics
from zoo.evaluate._landmark_quality import evaluate_landmarks
from zoo.evaluate._operating import change_of_threshold
from zoo.evaluate._point_metrics import PckCurve, found_share, mean_error, pck, pck_area, pck_curve, pdj
from zoo.evaluate._pose_metrics import pose_statistics
from zoo.evaluate._quality import Agreement, agreement, evaluate_detections
from zoo.evaluate._result import QualityResult
from zoo.evaluate._statistics import Statistic, compare, estimate_all
from zoo.evaluate._threshold import ThresholdChoice, best_threshold, best_threshold_by_labels, f_score_at
from zoo.evaluate._truth import Found, Truth, found_of, truth_of

__all__ = [
    "COCO_POINTS",
    "COCO_SIGMAS",
    "MEDIAPIPE_POSE_POINTS",
    "NO_LABELS",
    "Agreement",
    "Aligned",
    "Better",
    "FairnessEvidence",
    "FairnessHook",
    "Found",
    "JudgedFairness",
    "Labels",
    "PckCurve",
    "QualityResult",
    "Sighting",
    "Statistic",
    "ThresholdChoice",
    "Truth",
    "agreement",
    "align",
    "as_truth",
    "best_threshold",
    "best_threshold_by_labels",
    "between",
    "change_of_threshold",
    "compare",
    "detection_evidence",
    "detection_statistics",
    "estimate_all",
    "evaluate_detections",
    "evaluate_landmarks",
    "f_score_at",
    "found_of",
    "found_share",
    "head_size",
    "judge_groups",
    "judge_labels",
    "label_pairs",
    "label_statistics",
    "labels_for",
    "landmark_statistics",
    "load_hook",
    "longer_side",
    "mean_error",
    "palm_length",
    "pck",
    "pck_area",
    "pck_curve",
    "pdj",
    "pose_statistics",
    "shared_points",
    "sigmas_of",
    "torso_size",
    "truth_of",
]
