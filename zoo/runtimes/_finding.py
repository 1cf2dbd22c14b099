"""What any runtime finds on a picture from begin to end, in one form: detections, or figures made of points."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zoo.errors import InputError, OutsideError
from zoo.runtimes._detection import Detection, from_numbers
from zoo.runtimes._landmarks import MASK_SIDE, Point3


class NotTakenError(InputError):
    """The runtime is there and does not take the model, or does not run it; the text says why in one line."""


class NotInstalledError(OutsideError):
    """The runtime is not here and cannot be had; the text says why in one line."""


@dataclass(frozen=True)
class Figure:
    """A hand or a person. `points`: (x, y, z), shares of the picture's width and height, z of its width.

    `world`: metres. `label`: a hand's side. `mask`: as `Pose.mask`, empty where the runtime gives none.
    """

    points: tuple[Point3, ...]
    world: tuple[Point3, ...]
    label: str
    mask: bytes


@dataclass(frozen=True)
class Finding:
    """What was found on one picture. Detectors fill the first, landmark models the second."""

    detections: tuple[Detection, ...]
    figures: tuple[Figure, ...]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Finding:
        """Of a runner's answer: `detections` as `to_numbers`, `figures` by the names of `Figure`, the mask in base64.

        Raises ValueError, TypeError or KeyError for an answer of another form.
        """
        return cls(
            detections=tuple(from_numbers(numbers) for numbers in answer["detections"]),
            figures=tuple(_figure(figure) for figure in answer["figures"]),
        )


@dataclass(frozen=True)
class Trial:
    """One file in one runtime: a finding for each picture, and how many milliseconds each took from picture to it."""

    findings: tuple[Finding, ...]
    milliseconds: tuple[float, ...]


def _figure(answer: Mapping[str, Any]) -> Figure:
    mask = base64.b64decode(str(answer["mask"]))
    if len(mask) not in (0, MASK_SIDE**2):
        raise ValueError(f"a mask has {MASK_SIDE**2} bytes, not {len(mask)}")
    return Figure(_points(answer["points"]), _points(answer["world"]), str(answer["label"]), mask)


def _points(rows: Any) -> tuple[Point3, ...]:
    return tuple((float(x), float(y), float(z)) for x, y, z in rows)
