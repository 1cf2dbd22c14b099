"""The pictures that are shown: those of a person, or the sample of the spec; and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.sources import pick_pictures, read_picture, sample_pictures
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_PICTURES = 12
"""That a page carries or a sheet shows."""
LONGEST_SIDE = 1280
"""Larger pictures are made smaller for both sides alike: no model sees more, and a browser holds two of each."""


@dataclass(frozen=True)
class Shown:
    """A picture. `name` is what people see; `credit` its licence where it is a sample."""

    name: str
    path: Path
    credit: str = ""

    @property
    def caption(self) -> str:
        """What stands beside it."""
        return f"{self.name}, {self.credit}" if self.credit else self.name


@dataclass(frozen=True)
class Rendered:
    """A picture or film that was written.

    `frames` counts pictures, or frames of the film. `found`: by side, how many there were on each frame;
    `milliseconds`: by side, the median of a frame from picture to result, in MediaPipe's graph on this machine.
    """

    file: Path
    graph: str
    frames: int
    found: dict[str, list[int]]
    milliseconds: dict[str, float]


def shown_pictures(spec: ModelSpec, place: Path | None) -> tuple[list[Shown], int]:
    """The first MOST_PICTURES of a picture or folder, or the sample's evaluation pictures; and how many there were.

    Raises InputError where the place holds no picture, OutsideError where no sample is installed.
    """
    if place is not None:
        found = pick_pictures(place)
        return [Shown(name, path) for name, path in found[:MOST_PICTURES]], len(found)
    licences = {one.path: one.licence for one in spec.data.sample}
    sample = sample_pictures(spec.data.sample).of("evaluation")
    return [Shown(Path(one.name).name, one.path, licences[one.name]) for one in sample], len(sample)


def read_shown(path: Path) -> npt.NDArray[np.uint8]:
    """The picture, (H, W, 3) uint8 RGB, at most LONGEST_SIDE along either side. Raises InputError for no picture."""
    return shrunk(read_picture(path), LONGEST_SIDE)


def shrunk(picture: npt.NDArray[np.uint8], longest: int) -> npt.NDArray[np.uint8]:
    """The picture, (H, W, 3), made smaller where a side is longer than `longest` pixels."""
    import numpy as np
    from PIL import Image

    height, width = picture.shape[:2]
    if max(height, width) <= longest:
        return picture
    share = longest / max(height, width)
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
