"""What every annotation format is read to: pictures, the objects in them, and where each is said to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.records import SkippedPicture

Box = tuple[float, float, float, float]
"""Corners (xmin, ymin, xmax, ymax) as shares of the picture's width and height; may reach a little beyond [0, 1]."""
Point = tuple[float, float, int]
"""x and y as shares of the picture's width and height, and COCO's visibility: 0 not labelled (then x = y = 0),
1 labelled but hidden, 2 labelled and visible. A format that does not tell hidden from visible gives 2."""


@dataclass(frozen=True)
class AnnotatedObject:
    """One labelled object.

    `box`: None where the format has none, or one without area. `keypoints`: one for each of the set's `keypoint_names`,
    or none at all. `crowd`: the box holds many (COCO's `iscrowd`). `ignore`: neither finding it nor missing it counts;
    true of every crowd. `region`: the box says where to look for the object and is not its outline. `area`: in pixels
    of the picture, where the format gives it. `where`: the file and the line or entry that says so.
    """

    box: Box | None
    keypoints: tuple[Point, ...]
    category: str
    crowd: bool
    ignore: bool
    region: bool
    area: float | None
    where: str

    @property
    def labelled_points(self) -> int:
        """How many key points have a place."""
        return sum(point[2] > 0 for point in self.keypoints)


@dataclass(frozen=True)
class AnnotatedPicture:
    """One picture, referenced and never copied.

    `name`: its path below the set's folder. `width`, `height`: in pixels as shown, so after the EXIF turn. `labelled`:
    whether the annotations speak of its objects; only then does an empty `objects` say that there are none. `groups`:
    the picture's group by column. `sha256`: of the file when its content was looked at; None before.
    """

    path: Path
    name: str
    width: int
    height: int
    objects: tuple[AnnotatedObject, ...]
    labelled: bool
    groups: dict[str, str]
    sha256: str | None = None


@dataclass(frozen=True)
class AnnotatedSet:
    """Pictures in the order of their names.

    `format` and `how`: what the annotations were read as, and why. `file`: the annotation file below `root`, or the
    first where there are many. `left_out`: pictures that the annotations name and that are absent or cannot be used.
    """

    root: Path
    format: str
    how: str
    file: str
    keypoint_names: tuple[str, ...]
    pictures: tuple[AnnotatedPicture, ...]
    group_columns: tuple[str, ...]
    left_out: tuple[SkippedPicture, ...]

    @property
    def objects(self) -> int:
        """How many objects the pictures hold, those to be ignored included."""
        return sum(len(picture.objects) for picture in self.pictures)
