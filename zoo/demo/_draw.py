"""Draws what was found onto a picture, and text around pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zoo.demo._skeletons import Edge
from zoo.files import printable
from zoo.runtimes import Finding

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import ImageDraw

Pixel = tuple[int, int]
"""`(x, y)` in subpixels."""
INK, MUTED, PAPER, PAGE = "#1f2a37", "#5b6676", "#ffffff", "#eef1f5"
_RIM = (16, 20, 24)
_SUBPIXEL_BITS = 3
_FURTHEST = 1 << 20
"""Subpixels that OpenCV is asked to draw to: a model may answer anything."""


def annotate(
    picture: npt.NDArray[np.uint8], finding: Finding, *, edges: Sequence[Edge], colour: str
) -> npt.NDArray[np.uint8]:
    """A copy of the picture, (H, W, 3) uint8 RGB, with boxes, points and the lines between them, rimmed in dark."""
    import numpy as np
    from PIL import ImageColor

    drawn = np.array(picture)
    height, width = drawn.shape[:2]
    unit = max(width, height) / 480
    bright = ImageColor.getrgb(colour)[:3]

    def at(x: float, y: float) -> Pixel:
        scaled = np.nan_to_num(np.array([x * width, y * height]) * (1 << _SUBPIXEL_BITS))
        left, top = np.clip(np.rint(scaled), -_FURTHEST, _FURTHEST).astype(int)
        return int(left), int(top)

    for detection in finding.detections:
        x0, y0, x1, y1 = detection.box
        corners = [at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)]
        lines = list(zip(corners, [*corners[1:], corners[0]], strict=True))
        points = [at(x, y) for x, y in detection.keypoints]
        _mark(drawn, lines, points, bright, _thinned(unit, corners, 90))
    for figure in finding.figures:
        points = [at(x, y) for x, y, _ in figure.points]
        lines = [(points[start], points[end]) for start, end in edges]
        _mark(drawn, lines, points, bright, _thinned(unit, points, 150))
    return drawn


def _thinned(unit: float, points: Sequence[Pixel], share: float) -> float:
    """The unit for a thing that spans these points, smaller for a small one, which marks must not hide."""
    longest: int = max(max(axis) - min(axis) for axis in zip(*points, strict=True))
    return min(unit, max(unit / 2, longest / (1 << _SUBPIXEL_BITS) / share))


def _mark(
    drawn: npt.NDArray[np.uint8],
    lines: Sequence[tuple[Pixel, Pixel]],
    points: Sequence[Pixel],
    bright: tuple[int, ...],
    unit: float,
) -> None:
    import cv2

    for shade, line, radius in ((_RIM, 4.5, 3.4), (bright, 2.5, 2.4)):
        for start, end in lines:
            cv2.line(drawn, start, end, shade, max(1, round(line * unit)), cv2.LINE_AA, _SUBPIXEL_BITS)
        for point in points:
            wide = round(radius * unit * (1 << _SUBPIXEL_BITS))
            cv2.circle(drawn, point, wide, shade, -1, cv2.LINE_AA, _SUBPIXEL_BITS)


def write(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, *, size: float, width: int, colour: str = INK
) -> None:
    """Text with its upper left corner at `place`, `size` pixels high, cut off where it is wider than `width` pixels."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    shown = printable(text)
    while shown and pen.textlength(shown, font=font) > width:
        shown = shown.removesuffix("...")[:-1].rstrip() + "..." if len(shown) > 4 else ""
    pen.text(place, shown, font=font, fill=colour)
