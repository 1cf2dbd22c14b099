"""Quality and fairness: agreement with a reference model through MediaPipe's own graph, with intervals."""

from zoo.evaluate._threshold import ThresholdChoice, best_threshold, f_score_at

__all__ = ["ThresholdChoice", "best_threshold", "f_score_at"]
