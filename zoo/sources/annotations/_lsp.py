"""Leeds Sports Pose: 14 joints of one person a picture (S. Johnson and M. Everingham, BMVC 2010 and CVPR 2011)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.records import SkippedPicture
from zoo.sources.annotations._folder import Folder
from zoo.sources.annotations._listed import Listed, Marked, Parsed, Place
from zoo.sources.annotations._matlab import read_numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

JOINTS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist", "right_elbow"),
    *("right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "neck", "head_top"),
)
"""In the order of both data sets' README."""

_FILE = "joints.mat"
_BASES = ("images", "")
_MOST_BYTES = 1 << 24
"""10,000 pictures are 3.4 MB."""
_MOST_PERSONS = 100_000
_FIX = "give the joints.mat of LSP or LSPET"


def lsp_files(folder: Folder) -> list[str]:
    """`joints.mat`, where there is one."""
    return folder.files(_FILE)


def read_lsp(folder: Folder, file: str) -> Parsed:
    """Read the joints: (3, 14, N) of LSP, pictures `im0001.jpg` on, or (14, 3, N) of LSPET, `im00001.jpg` on.

    LSP has a place for every joint, and a flag 1 where it is hidden; LSPET a flag 1 where the joint was labelled at
    all. There is no box.

    Raises:
        InputError: it is not such a file, or larger than its data set can be.
    """
    joints, hidden = _joints(folder.read(file, most=_MOST_BYTES), file)
    pictures: dict[str, Listed] = {}
    absent: list[SkippedPicture] = []
    digits = 4 if hidden else 5
    for index, person in enumerate(joints):
        where = f"{file} joints[{index}]"
        key = f"im{index + 1:0{digits}d}.jpg"
        name = folder.find(key, _BASES, where=where)
        if name is None:
            absent.append(folder.absent(key, _BASES))
            continue
        points: list[Place] = [(float(x), float(y), _visibility(flag, hidden, where)) for x, y, flag in person]
        pictures[name] = Listed(where, [Marked(None, "person", where, points)])
    return Parsed(pictures, JOINTS, tuple(absent))


def _visibility(flag: float, hidden: bool, where: str) -> int:
    if flag not in (0, 1):
        raise InputError(f"{where}: a joint's flag is {flag:g} and must be 0 or 1: {_FIX}")
    if hidden:
        return 1 if flag else 2
    return 2 if flag else 0


def _joints(data: bytes, file: str) -> tuple[NDArray[np.float64], bool]:
    """(N, 14, 3) joints, and whether the flag says hidden instead of labelled."""
    array = read_numbers(data, "joints", file=file, fix=_FIX)
    shape: tuple[int, ...] = () if array is None else array.shape
    if array is None or len(shape) != 3 or shape[:2] not in ((3, 14), (14, 3)) or not 0 < shape[2] <= _MOST_PERSONS:
        raise InputError(f"{file}: joints must be numbers of shape 3 x 14 x N or 14 x 3 x N: {_FIX}")
    hidden = shape[:2] == (3, 14)
    return array.transpose(2, 1, 0) if hidden else array.transpose(2, 0, 1), hidden
