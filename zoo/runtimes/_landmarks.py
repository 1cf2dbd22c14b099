"""Landmarks as MediaPipe's hand and pose graphs give them, and the regions that they were looked for in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.runtimes._detection import Detection

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Point3 = tuple[float, float, float]
MASK_SIDE = 64
"""Cells along each side of a picture that a mask is reduced to."""


@dataclass(frozen=True)
class Region:
    """A turned rectangle, which a landmark model is fed: MediaPipe's NormalizedRect.

    Centre and sides are shares of the picture's width and height, and may reach beyond it. `rotation` in radians,
    clockwise, as y points down.
    """

    x_center: float
    y_center: float
    width: float
    height: float
    rotation: float


@dataclass(frozen=True)
class Hand:
    """What the landmark model found in one region.

    `presence` in [0, 1] is its own score of a hand being there. Where that is not above the graph's threshold, there
    are no landmarks, and `label` is empty. `landmarks`: 21 of (x, y, z), shares of the picture, z of its width, about
    the wrist. `world`: 21 in metres about the hand's centre. `label`: `Left` or `Right` as of a mirrored picture, and
    `label_score` in [0.5, 1].
    """

    region: Region
    presence: float
    landmarks: tuple[Point3, ...]
    world: tuple[Point3, ...]
    label: str
    label_score: float

    @property
    def found(self) -> bool:
        return bool(self.landmarks)


@dataclass(frozen=True)
class HandPicture:
    """One picture: all palms that were detected, strongest first, and the hand in each region that was looked at.

    A palm has 7 key points. There are at most two regions, those of the strongest palms, and fewer where they overlap.
    """

    detections: tuple[Detection, ...]
    hands: tuple[Hand, ...]


@dataclass(frozen=True)
class Pose:
    """What the landmark model found in the region of the strongest person.

    `presence` in [0, 1] is its own score of a person being there. Where that is not above the graph's threshold, all
    else is empty. `landmarks`: 33 of (x, y, z), shares of the picture, z of its width, about the hips. `world`: 33 in
    metres about the hips. `visibility` and `landmark_presence`: one in [0, 1] for each landmark. `mask`: how much of
    each of MASK_SIDE x MASK_SIDE cells of the picture the person covers, one byte from 0 to 255 each, row by row.
    """

    region: Region
    presence: float
    landmarks: tuple[Point3, ...]
    world: tuple[Point3, ...]
    visibility: tuple[float, ...]
    landmark_presence: tuple[float, ...]
    mask: bytes

    @property
    def found(self) -> bool:
        return bool(self.landmarks)

    def cells(self) -> npt.NDArray[np.float64]:
        """The mask as (MASK_SIDE, MASK_SIDE) in [0, 1]. Only for a pose that was found."""
        import numpy as np

        return np.frombuffer(self.mask, np.uint8).reshape(MASK_SIDE, MASK_SIDE) / 255.0


@dataclass(frozen=True)
class PosePicture:
    """One picture: all persons that were detected (4 key points), strongest first, and the pose of the first, if any.

    A person's box is of the face; its key points 0 and 1 are the hips' centre and a point at the body's full reach.
    """

    detections: tuple[Detection, ...]
    pose: Pose | None


def mask_iou(one: Pose, other: Pose) -> float:
    """Intersection over union in [0, 1] of two poses' masks, each cell counted by its share; 1 where both are empty."""
    import numpy as np

    a, b = one.cells(), other.cells()
    union = float(np.maximum(a, b).sum())
    return float(np.minimum(a, b).sum()) / union if union else 1.0
