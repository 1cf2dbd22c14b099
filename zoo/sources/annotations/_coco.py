"""COCO JSON: boxes and key points, also in the official layout (https://cocodataset.org/#format-data)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from zoo.errors import InputError, shortened
from zoo.records import SkippedPicture
from zoo.sources.annotations._folder import MOST_NAME, MOST_OBJECTS, MOST_PICTURES, MOST_POINTS, Folder
from zoo.sources.annotations._json import Coordinate, Part, Whole, json_bytes, parse_json
from zoo.sources.annotations._listed import Listed, Marked, Parsed, Place
from zoo.sources.annotations._result import Box

_MOST_BYTES = 1 << 28
"""The largest official file of key points, that of train2017, has 238 MB."""
_KEYS = (b'"images"', b'"annotations"', b'"categories"')
_OFFICIAL = ("annotations/person_keypoints_val2017.json", "annotations/instances_val2017.json")


class _Image(Part):
    id: Whole
    file_name: Annotated[str, Field(min_length=1, max_length=MOST_NAME)]
    width: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None
    height: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None


class _Category(Part):
    id: Whole
    name: Annotated[str, Field(min_length=1, max_length=128)]
    keypoints: Annotated[tuple[Annotated[str, Field(max_length=128)], ...], Field(max_length=MOST_POINTS)] = ()


class _Annotation(Part):
    image_id: Whole
    category_id: Whole
    bbox: Annotated[list[Coordinate], Field(min_length=4, max_length=4)] | None = None
    keypoints: Annotated[list[Coordinate], Field(max_length=3 * MOST_POINTS)] | None = None
    area: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None = None
    iscrowd: Annotated[Whole, Field(ge=0, le=1)] = 0
    ignore: Annotated[Whole, Field(ge=0, le=1)] = 0


class _File(Part):
    images: Annotated[list[_Image], Field(max_length=MOST_PICTURES)]
    annotations: Annotated[list[_Annotation], Field(max_length=MOST_OBJECTS)]
    categories: Annotated[list[_Category], Field(max_length=10_000)]


def coco_files(folder: Folder) -> list[str]:
    """The files that have COCO's three lists. Where COCO's own validation files lie with `val2017/`, one of these."""
    found = [
        name
        for name in folder.files("*.json", "annotations/*.json")
        if _is_coco(json_bytes(folder.read(name, most=_MOST_BYTES)))
    ]
    if folder.chosen is None and any(name.startswith("val2017/") for name in folder.pictures):
        official = next((name for name in _OFFICIAL if name in found), None)
        return [official] if official else found
    return found


def _is_coco(data: bytes) -> bool:
    """Whether the three lists are there, or some are and the file ends before its time."""
    present = [key in data for key in _KEYS]
    return all(present) or (any(present) and not data.rstrip().endswith((b"}", b"]")))


def read_coco(folder: Folder, file: str) -> Parsed:
    """Read one COCO file. Pictures lie beside it, in the folder, in `images/`, or in one named as its last word.

    Key points keep the file's visibility; an area is COCO's, so that of the outline where there is one.

    Raises:
        InputError: it is not such a file; the line of broken JSON or the index of the entry is named.
    """
    content = parse_json(_File, folder.read(file, most=_MOST_BYTES), file)
    names = _keypoint_names(content.categories, file)
    categories = {category.id: category for category in content.categories}
    bases = _bases(file)
    listed: dict[int, Listed] = {}
    pictures: dict[str, Listed] = {}
    absent: list[SkippedPicture] = []
    nameless = 0
    for index, image in enumerate(content.images):
        where = f"{file} images[{index}]"
        if image.id in listed:
            raise InputError(f"{where}: another picture has the id {shortened(image.id)} too: give each its own")
        size = (image.width, image.height) if image.width and image.height else None
        listed[image.id] = Listed(where, size=size)
        name = folder.find(image.file_name, bases, where=where)
        if name is None:
            absent.append(folder.absent(image.file_name, bases))
        elif name in pictures:
            raise InputError(f"{where}: {name} is listed twice: remove one of the two entries")
        else:
            pictures[name] = listed[image.id]
    for index, annotation in enumerate(content.annotations):
        where = f"{file} annotations[{index}]"
        picture, category = listed.get(annotation.image_id), categories.get(annotation.category_id)
        if picture is None:
            raise InputError(f"{where}: no picture has the id {shortened(annotation.image_id)}: correct image_id")
        if category is None:
            raise InputError(
                f"{where}: no category has the id {shortened(annotation.category_id)}: correct category_id"
            )
        picture.objects.append(_marked(annotation, category, names, where))
        nameless += bool(annotation.keypoints) and not category.keypoints
    remark = f"{nameless} objects have key points that are not used, for their category names none in `keypoints`"
    return Parsed(pictures, names, tuple(absent), (remark,) if nameless else ())


def _bases(file: str) -> Sequence[str]:
    path = PurePosixPath(file)
    beside = "" if str(path.parent) == "." else str(path.parent)
    last_word = path.stem.rpartition("_")[2]
    return ("", "images", last_word, f"images/{last_word}", beside)


def _keypoint_names(categories: Sequence[_Category], file: str) -> tuple[str, ...]:
    named: dict[tuple[str, ...], str] = {}
    for category in categories:
        if category.keypoints:
            named.setdefault(category.keypoints, category.name)
    if len(named) > 1:
        first, second = list(named.values())[:2]
        raise InputError(f"{file}: '{first}' and '{second}' have different key points: give one file for each")
    return next(iter(named), ())


def _marked(annotation: _Annotation, category: _Category, names: Sequence[str], where: str) -> Marked:
    return Marked(
        box=_box(annotation.bbox, where),
        category=category.name,
        where=where,
        points=_points(annotation.keypoints, names, where) if category.keypoints else (),
        crowd=bool(annotation.iscrowd),
        ignore=bool(annotation.ignore),
        area=annotation.area,
    )


def _box(numbers: Sequence[float] | None, where: str) -> Box | None:
    if numbers is None:
        return None
    x, y, width, height = numbers
    if width < 0 or height < 0:
        raise InputError(f"{where}: bbox has a negative width or height: COCO's is x, y, width, height")
    return x, y, x + width, y + height


def _points(numbers: Sequence[float] | None, names: Sequence[str], where: str) -> list[Place]:
    if numbers is None:
        return []
    if len(numbers) != 3 * len(names):
        raise InputError(f"{where}: keypoints has {len(numbers)} numbers and must have {3 * len(names)}: correct it")
    triples = zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True)
    points: list[Place] = []
    for x, y, visibility in triples:
        if visibility not in (0, 1, 2):
            raise InputError(f"{where}: a key point's visibility is {visibility:g} and must be 0, 1 or 2: correct it")
        points.append((x, y, int(visibility)))
    return points
