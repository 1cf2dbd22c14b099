"""The few pictures on which a file is tried in every runtime, the same pixels in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.runtimes import Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_PICTURES = 6
"""Runtimes start slowly, and a defect that matters shows on few pictures."""
SIDE = 4
"""PoseLandmarker of mediapipe 0.10.35, and on the web, aborts on a mask whose rows are not aligned to 16 bytes."""
MOST_LOOKED_AT = 60
"""Pictures among which those few are looked for."""


class Scene:
    """Of `pictures` the first few on which the original finds something in its legacy graph; the first where nowhere.

    `locate`: the regions of what the original finds on each picture. It runs once, on first use.
    """

    def __init__(self, pictures: Sequence[Path], locate: Callable[[Sequence[Path]], list[list[Region]]]) -> None:
        self._pictures, self._locate = pictures, locate

    @cached_property
    def _found(self) -> list[tuple[Path, list[Region]]]:
        looked_at = self._pictures[:MOST_LOOKED_AT]
        located = list(zip(looked_at, self._locate(looked_at), strict=True))
        return ([one for one in located if one[1]] or located)[:MOST_PICTURES]

    @property
    def paths(self) -> list[Path]:
        """The files of the pictures."""
        return [path for path, _ in self._found]

    @property
    def regions(self) -> list[list[Region]]:
        """What the original found, by picture."""
        return [regions for _, regions in self._found]

    @cached_property
    def pixels(self) -> list[npt.NDArray[np.uint8]]:
        """The pictures, (H, W, 3) uint8 RGB, cut to multiples of SIDE. Raises InputError for what is no picture."""
        import numpy as np

        from zoo.sources import read_picture

        whole = [read_picture(path) for path in self.paths]
        cut = [(one.shape[0] // SIDE * SIDE, one.shape[1] // SIDE * SIDE) for one in whole]
        return [np.ascontiguousarray(one[:height, :width]) for one, (height, width) in zip(whole, cut, strict=True)]
