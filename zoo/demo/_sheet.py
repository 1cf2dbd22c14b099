"""Pictures in rows as one PNG: dense left, sparse right."""

from __future__ import annotations

import io
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.demo._draw import MUTED, PAGE, PAPER, annotate, write
from zoo.demo._found import Found, count, find, kind_of, placed
from zoo.demo._shown import Rendered, Shown, read_shown, shrunk
from zoo.demo._side import Side
from zoo.demo._skeletons import COLOURS, Kind
from zoo.files import write_file
from zoo.progress import Progress
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image, ImageDraw

SHEET_SUFFIX = ".png"
CELL, GAP, CAPTION = 640, 24, 30
"""Pixels: the sides of a picture's place, between places, and for the line below each."""
HEAD, FOOT = 158, 56


def render_sheet(
    target: Path, pictures: Sequence[Shown], *, spec: ModelSpec, sides: Sequence[Side], progress: Progress
) -> Rendered:
    """Run both models on the pictures and write them, annotated, to `target`, whole or not at all.

    Raises InputError for what is no picture or no model for the graph, OutsideError where the process dies or `target`
    cannot be written.
    """
    from PIL import Image

    pixels = [read_shown(picture.path) for picture in pictures]
    with tempfile.TemporaryDirectory(prefix="zoo-demo-") as folder, placed(spec, sides) as models:
        files = [Path(folder) / f"{number}.png" for number in range(len(pixels))]
        for file, one in zip(files, pixels, strict=True):
            # What is run is what is shown; PNG keeps every pixel.
            Image.fromarray(one).save(file)
        found = find(spec, models, files, progress=progress)
    kind = kind_of(spec)
    sheet = _sheet(pictures, pixels, found, spec, sides, kind)
    written = io.BytesIO()
    sheet.save(written, "PNG")
    write_file(target, written.getvalue())
    return rendered(target, found)


def rendered(target: Path, found: Found) -> Rendered:
    """What there is to tell of it."""
    counts = {name: [count(one) for one in findings] for name, findings in found.findings.items()}
    return Rendered(target, found.graph, len(next(iter(counts.values()))), counts, found.medians)


def _sheet(
    pictures: Sequence[Shown],
    pixels: Sequence[npt.NDArray[np.uint8]],
    found: Found,
    spec: ModelSpec,
    sides: Sequence[Side],
    kind: Kind,
) -> Image.Image:
    from PIL import Image, ImageDraw

    small = [shrunk(one, CELL) for one in pixels]
    width = 2 * CELL + 3 * GAP
    heights = [one.shape[0] for one in small]
    sheet = Image.new("RGB", (width, HEAD + sum(heights) + len(small) * (CAPTION + GAP) + FOOT), PAPER)
    pen = ImageDraw.Draw(sheet)
    write(pen, (GAP, 20), spec.title, size=30, width=width - 2 * GAP)
    columns = [GAP, CELL + 2 * GAP]
    for left, side in zip(columns, sides, strict=True):
        pen.rectangle((left, 73, left + 13, 86), COLOURS[side.name], outline=MUTED)
        write(pen, (left + 22, 67), side.heading, size=20, width=CELL - 22)
        write(pen, (left, 96), side.title, size=16, width=CELL, colour=MUTED)
        write(pen, (left, 119), side.facts, size=16, width=CELL, colour=MUTED)
    top = HEAD
    for number, (picture, one) in enumerate(zip(pictures, small, strict=True)):
        for left, side in zip(columns, sides, strict=True):
            finding = found.findings[side.name][number]
            drawn = annotate(one, finding, edges=kind.edges, colour=COLOURS[side.name])
            pen.rectangle((left, top, left + CELL - 1, top + one.shape[0] - 1), PAGE)
            sheet.paste(Image.fromarray(drawn), (left + (CELL - one.shape[1]) // 2, top))
            words = "   ".join([kind.counted(count(finding)), picture.caption])
            write(pen, (left, top + one.shape[0] + 5), words, size=17, width=CELL)
        top += one.shape[0] + CAPTION + GAP
    _foot(pen, top - 8, width, found, sides)
    return sheet


def _foot(pen: ImageDraw.ImageDraw, top: int, width: int, found: Found, sides: Sequence[Side]) -> None:
    """Where it comes from, and the times, marked as what they are."""
    n = len(found.milliseconds[sides[0].name])
    times = ", ".join(f"{side.heading.lower()} {found.medians[side.name]:.1f} ms" for side in sides)
    write(pen, (GAP, top), f"Found by MediaPipe's graph {found.graph}.", size=15, width=width - 2 * GAP, colour=MUTED)
    x86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
    kernels = ", where sparse kernels do not run if it has AVX" if x86 else ""
    words = f"Median time of a picture there: {times}, n = {n}, on this {platform.machine()} processor{kernels}."
    write(pen, (GAP, top + 22), words, size=15, width=width - 2 * GAP, colour=MUTED)
