"""Quality and fairness: agreement with a reference model through MediaPipe's own graph, with intervals."""

from zoo.evaluate._fairness import NO_LABELS, SMALLEST_GROUP, Fairness, judge_groups
from zoo.evaluate._quality import Agreement, QualityResult, agreement, evaluate_quality
from zoo.evaluate._threshold import ThresholdChoice, best_threshold, f_score_at

__all__ = [
    "NO_LABELS",
    "SMALLEST_GROUP",
    "Agreement",
    "Fairness",
    "QualityResult",
    "ThresholdChoice",
    "agreement",
    "best_threshold",
    "evaluate_quality",
    "f_score_at",
    "judge_groups",
]
