"""The pictures and altered models of the runtimes' tests."""

from tests.runtimes.conftest import astronaut, coffee, hand_model, officer, scaled_model

__all__ = ["astronaut", "coffee", "hand_model", "officer", "scaled_model"]
