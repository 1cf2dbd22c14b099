"""Which points of a hand or a person are joined by a line, and how things found are called and coloured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[int, int]


def _chains(*chains: Sequence[int]) -> tuple[Edge, ...]:
    return tuple(edge for chain in chains for edge in pairwise(chain))


HAND = _chains((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (5, 9, 10, 11, 12), (9, 13, 14, 15, 16), (13, 17, 18, 19, 20), (0, 17))
"""As `HAND_CONNECTIONS` of MediaPipe's hands: wrist to finger tips, and across the palm."""
POSE = _chains(
    (8, 6, 5, 4, 0, 1, 2, 3, 7),
    (9, 10),
    (12, 11, 13, 15, 17, 19, 15, 21),
    (12, 14, 16, 18, 20, 16, 22),
    (11, 23, 25, 27, 29, 31, 27),
    (12, 24, 26, 28, 30, 32, 28),
    (23, 24),
)
"""As `POSE_CONNECTIONS` of MediaPipe's pose."""


@dataclass(frozen=True)
class Kind:
    """What a task of MediaPipe's finds: in the singular and plural, and the lines between its points."""

    one: str
    many: str
    edges: tuple[Edge, ...]

    def counted(self, count: int) -> str:
        """Such as `1 face`."""
        return f"{count} {self.one if count == 1 else self.many}"


KINDS: Mapping[str, Kind] = {
    "FaceDetector": Kind("face", "faces", ()),
    "HandLandmarker": Kind("hand", "hands", HAND),
    "PoseLandmarker": Kind("person", "persons", POSE),
}
"""By the task's class in MediaPipe Tasks."""

COLOURS = {"dense": "#ffb454", "sparse": "#3ddbc2"}
"""Of the marks on a picture, by side; both stand out from skin and, with a dark rim, from anything light."""
