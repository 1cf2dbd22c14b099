"""From what an annotation file says, in pixels, to annotated pictures, checked against the pictures themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.records import SkippedPicture
from zoo.sources._decode import MOST_BYTES, UnusableError
from zoo.sources._header import PictureHeader, Size, read_header, stored_not_shown
from zoo.sources._labels import Label
from zoo.sources.annotations._folder import MOST_OBJECTS, MOST_PICTURES, MOST_PIXELS, Folder
from zoo.sources.annotations._result import AnnotatedObject, AnnotatedPicture, Box, Point

_SLACK = 1.0
"""Pixels by which a box may leave its picture, as rounding does."""

Place = tuple[float, float, int]
"""x, y and COCO's visibility, in the unit of the file."""


@dataclass(frozen=True)
class Marked:
    """An object as its file has it. `box`: corners; it and `points` in pixels, or in shares where `shares` is set."""

    box: Box | None
    category: str
    where: str
    points: Sequence[Place] = ()
    crowd: bool = False
    ignore: bool = False
    region: bool = False
    area: float | None = None
    shares: bool = False


@dataclass
class Listed:
    """A picture as its file has it. `size`: the width and height in pixels that the file claims."""

    where: str
    objects: list[Marked] = field(default_factory=list)
    size: Size | None = None
    labelled: bool = True


@dataclass(frozen=True)
class Parsed:
    """An annotation file: its pictures by name, those that it names and cannot be had, and what is to be said of it."""

    pictures: dict[str, Listed]
    keypoint_names: tuple[str, ...] = ()
    absent: tuple[SkippedPicture, ...] = ()
    remarks: tuple[str, ...] = ()


def assemble(
    folder: Folder, parsed: Parsed, *, progress: Progress
) -> tuple[list[AnnotatedPicture], list[SkippedPicture]]:
    """The pictures in the order of their names, and those left out with the reason.

    Where pictures are turned by EXIF and nothing says that the annotations are so too, that is told.

    Raises:
        InputError: a number is no place in a picture, a box lies outside of its picture, or a picture has another size
            than its annotations say.
    """
    if len(parsed.pictures) > MOST_PICTURES or sum(len(one.objects) for one in parsed.pictures.values()) > MOST_OBJECTS:
        raise InputError(
            f"the annotations hold more than {MOST_PICTURES} pictures or {MOST_OBJECTS} objects: give a part of them"
        )
    pictures: list[AnnotatedPicture] = []
    left_out = list(parsed.absent)
    turned: list[str] = []
    with progress.task("Reading annotations", float(len(parsed.pictures))) as ticker:
        for name, listed in sorted(parsed.pictures.items()):
            ticker.advance()
            try:
                header = _header(folder, name)
            except UnusableError as error:
                left_out.append(SkippedPicture(file=name, reason=str(error)))
                continue
            pictures.append(_picture(folder, name, listed, header))
            if header.turn != 1 and listed.objects and (listed.size is None or header.shown == header.stored):
                turned.append(name)
    if turned:
        progress.say(
            f"{len(turned)} annotated pictures are turned by EXIF, such as {turned[0]}; their annotations are taken to "
            f"be of the pictures as shown"
        )
    return pictures, sorted(left_out, key=lambda one: one.file)


def _header(folder: Folder, name: str) -> PictureHeader:
    if folder.pictures[name].size > MOST_BYTES:
        raise UnusableError(f"more than the {MOST_BYTES} bytes allowed")
    return read_header(folder.root / name)


def _picture(folder: Folder, name: str, listed: Listed, header: PictureHeader) -> AnnotatedPicture:
    size = header.shown
    if header.shown != header.stored and (listed.size == header.stored or _fits_unturned_only(listed, header)):
        raise InputError(stored_not_shown(listed.where, name, header))
    if listed.size is not None and listed.size != size:
        raise InputError(
            f"{listed.where} is of a picture of {listed.size[0]} x {listed.size[1]} pixels, and {name} is shown with "
            f"{size[0]} x {size[1]}: give the pictures that were annotated"
        )
    return AnnotatedPicture(
        path=folder.root / name,
        name=name,
        width=size[0],
        height=size[1],
        objects=tuple(_object(marked, size) for marked in listed.objects),
        labelled=listed.labelled,
        groups=dict(sorted(folder.labels.get(name, Label({}, None)).groups.items())),
    )


def _fits_unturned_only(listed: Listed, header: PictureHeader) -> bool:
    """Whether what is marked, in pixels, reaches beyond the picture as shown, and not beyond it as stored."""
    boxes = [thing.box for thing in listed.objects if thing.box and not thing.shares]
    points = [point for thing in listed.objects if not thing.shares for point in thing.points if point[2]]
    reach = [
        max((*(box[2 + axis] for box in boxes), *(point[axis] for point in points)), default=0.0) for axis in (0, 1)
    ]

    def fits(size: Size) -> bool:
        return all(end <= side + _SLACK for end, side in zip(reach, size, strict=True))

    return fits(header.stored) and not fits(header.shown)


def _object(marked: Marked, size: tuple[int, int]) -> AnnotatedObject:
    scale = (1, 1) if marked.shares else size
    box = _box(marked, scale)
    points = tuple(_point(point, scale, marked) for point in marked.points)
    return AnnotatedObject(
        box=box,
        keypoints=points,
        category=marked.category,
        crowd=marked.crowd,
        # What has neither an area nor a point cannot be found.
        ignore=marked.ignore or marked.crowd or (box is None and not any(point[2] for point in points)),
        region=marked.region,
        area=marked.area,
        where=marked.where,
    )


def _box(marked: Marked, size: tuple[int, int]) -> Box | None:
    if marked.box is None:
        return None
    _check(marked.box, marked.where)
    left, top, right, bottom = (number / size[axis % 2] for axis, number in enumerate(marked.box))
    if right < left or bottom < top:
        raise InputError(f"{marked.where}: the box has a negative width or height: correct it")
    if right == left or bottom == top:
        return None
    if right <= 0 or bottom <= 0 or left >= 1 or top >= 1:
        raise InputError(f"{marked.where}: the box lies outside its picture: give the pictures that were annotated")
    return left, top, right, bottom


def _point(point: Place, size: tuple[int, int], marked: Marked) -> Point:
    x, y, visibility = point
    if visibility not in (0, 1, 2):
        raise InputError(f"{marked.where}: a key point's visibility is 0, 1 or 2: correct it")
    if visibility == 0:
        return 0.0, 0.0, 0
    _check((x, y), marked.where)
    return x / size[0], y / size[1], int(visibility)


def _check(numbers: Iterable[float], where: str) -> None:
    if not all(math.isfinite(number) and abs(number) <= MOST_PIXELS for number in numbers):
        raise InputError(f"{where}: a coordinate is not a number within {MOST_PIXELS:g} pixels: correct it")
