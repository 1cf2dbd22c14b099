"""Families of models, face, pose and hand, detectors and landmark models: how each is found, judged and dropped in."""

from zoo.families._detectors import detect
from zoo.families._family import Family, family_of

__all__ = ["Family", "detect", "family_of"]
