"""FreiHAND: 21 points of a hand in space and the camera of each picture (C. Zimmermann et al., ICCV 2019)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from zoo.errors import InputError
from zoo.records import SkippedPicture
from zoo.sources.annotations._folder import MOST_PIXELS, Folder
from zoo.sources.annotations._json import parse_json
from zoo.sources.annotations._listed import Listed, Marked, Parsed, Place

HAND_POINTS = (
    *("wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip"),
    *("index_finger_mcp", "index_finger_pip", "index_finger_dip", "index_finger_tip"),
    *("middle_finger_mcp", "middle_finger_pip", "middle_finger_dip", "middle_finger_tip"),
    *("ring_finger_mcp", "ring_finger_pip", "ring_finger_dip", "ring_finger_tip"),
    *("pinky_mcp", "pinky_pip", "pinky_dip", "pinky_tip"),
)
"""MediaPipe's names of the 21 points of a hand; FreiHAND has them in the same order."""

_MOST_BYTES = 1 << 28
_MOST_HANDS = 200_000
_XYZ = "_xyz.json"
_K = "_K.json"
FREIHAND_ENDINGS = (_XYZ, _K)
"""How the names of its two files end."""
_FIX = "give FreiHAND's two files together"

_Number = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
_Row = Annotated[list[_Number], Field(min_length=3, max_length=3)]
_Hands = Annotated[list[Annotated[list[_Row], Field(min_length=21, max_length=21)]], Field(max_length=_MOST_HANDS)]
_Cameras = Annotated[list[Annotated[list[_Row], Field(min_length=3, max_length=3)]], Field(max_length=_MOST_HANDS)]


def freihand_files(folder: Folder) -> list[str]:
    """The `..._xyz.json` that have their `..._K.json`, the evaluation's before the training's."""
    found = [name for name in folder.files(f"*{_XYZ}", f"*{_K}") if folder.has(_partner(name))]
    points = sorted({name if name.endswith(_XYZ) else _partner(name) for name in found})
    preferred = f"evaluation{_XYZ}"
    return [preferred] if preferred in points and folder.chosen is None else points


def read_freihand(folder: Folder, file: str) -> Parsed:
    """Read the points and cameras and project: (u, v, w) = K (x, y, z), then u / w and v / w, in pixels.

    Pictures are `training/rgb/00000000.jpg` on, or lie in `rgb/` or `images/`. Where there are more of them than hands,
    the same hands come again from the first on, before other backgrounds. There is no box; every point is visible.

    Raises:
        InputError: a file is not such JSON (the line or the index of the entry is named), the two do not belong
            together, or a point lies behind its camera.
    """
    if file.endswith(_K):
        file = _partner(file)
    if not file.endswith(_XYZ):
        raise InputError(f"{file} is not named ...{_XYZ}, beside a ...{_K}: {_FIX}")
    camera_file = _partner(file)
    hands = parse_json(_Hands, folder.read(file, most=_MOST_BYTES), file)
    cameras = parse_json(_Cameras, folder.read(camera_file, most=_MOST_BYTES), camera_file)
    if len(hands) != len(cameras) or not hands:
        raise InputError(f"{file} has {len(hands)} entries and {camera_file} {len(cameras)}: {_FIX}")
    split = PurePosixPath(file).name.removesuffix(_XYZ)
    bases = (f"{split}/rgb", "rgb", "images", split, "")
    pictures: dict[str, Listed] = {}
    absent: list[SkippedPicture] = []
    for index, (hand, camera) in enumerate(zip(hands, cameras, strict=True)):
        where = f"{file}[{index}]"
        marked = Marked(None, "hand", where, [_project(point, camera, where) for point in hand])
        found = False
        for number in range(index, max(len(folder.pictures), index + 1), len(hands)):
            name = folder.find(f"{number:08d}.jpg", bases, where=where)
            if name is None:
                break
            pictures[name] = Listed(where, [marked])
            found = True
        if not found:
            absent.append(folder.absent(f"{index:08d}.jpg", bases))
    return Parsed(pictures, HAND_POINTS, tuple(absent))


def _partner(name: str) -> str:
    return f"{name.removesuffix(_XYZ)}{_K}" if name.endswith(_XYZ) else f"{name.removesuffix(_K)}{_XYZ}"


def _project(point: list[float], camera: list[list[float]], where: str) -> Place:
    u, v, w = (sum(a * b for a, b in zip(row, point, strict=True)) for row in camera)
    if not w > 0 or abs(u) > MOST_PIXELS * w or abs(v) > MOST_PIXELS * w:
        raise InputError(f"{where}: a point lies behind its camera or outside of every picture: {_FIX}")
    return u / w, v / w, 2
