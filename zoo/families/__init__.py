"""Families of models, face, pose and hand, detectors and landmark models: how each is found, judged and dropped in.

Light until something runs: a build in which nothing changed imports none of it.
"""

from zoo.families._detect import detect
from zoo.families._family import FEWEST_OBJECTS, LOW_THRESHOLD, NOTHING_TO_COMPARE, Family, family_of, noun_of
from zoo.families._places import places_of

__all__ = [
    "FEWEST_OBJECTS",
    "LOW_THRESHOLD",
    "NOTHING_TO_COMPARE",
    "Family",
    "detect",
    "family_of",
    "noun_of",
    "places_of",
]
