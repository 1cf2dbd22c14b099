"""mediapipe-zoo: from a declared model spec to a verified release of dense and sparse MediaPipe models."""

__version__ = "0.1.0"
