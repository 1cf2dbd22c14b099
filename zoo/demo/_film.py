"""A video as an MP4: dense left, sparse right, frame by frame."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.demo._draw import MUTED, PAPER, annotate, write
from zoo.demo._found import Found, count, find, kind_of, placed
from zoo.demo._sheet import rendered
from zoo.demo._shown import Rendered, shrunk
from zoo.demo._side import Side
from zoo.demo._skeletons import COLOURS, Kind
from zoo.errors import InputError, OutsideError
from zoo.progress import Progress
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    import cv2
    import numpy as np
    import numpy.typing as npt

    Frame = npt.NDArray[np.uint8]

FILM_SUFFIX = ".mp4"
MOST_FRAMES = 1800
"""A minute at 30 frames a second."""
AT_ONCE = 120
"""Frames that are on disk at a time, between the video and MediaPipe's process."""
SIDE_LENGTH = 640
"""Pixels of a frame's longer side."""
HEAD, FOOT = 84, 40
CODECS = ("vp09", "mp4v")
"""VP9, which browsers play, else MPEG-4; OpenCV's wheels hold no H.264 encoder."""
MOST_PIXELS = 64_000_000
_USUAL_RATE = 25.0


def render_film(target: Path, video: Path, *, spec: ModelSpec, sides: Sequence[Side], progress: Progress) -> Rendered:
    """Run both models on the first MOST_FRAMES frames and write them, annotated, to `target`, whole or not at all.

    Each frame is looked at by itself, without what was found on the one before. Raises InputError for what is no video
    or no model for the graph, OutsideError where the process dies or `target` cannot be written.
    """
    kind = kind_of(spec)
    parts: list[Found] = []
    with (
        _video(video) as (frames, rate, total),
        placed(spec, sides) as models,
        tempfile.TemporaryDirectory(prefix=".zoo-film-", dir=target.parent) as work,
    ):
        made = Path(work) / f"film{FILM_SUFFIX}"
        with (
            closing(_Writer(made, rate)) as writer,
            progress.task(video.name, min(total, MOST_FRAMES) or None) as ticker,
        ):
            left = MOST_FRAMES
            while batch := list(islice(frames, min(AT_ONCE, left))):
                found = _find(batch, spec, models, progress)
                for number, frame in enumerate(batch):
                    writer.write(_beside(frame, found, number, sides, kind))
                    ticker.advance()
                parts.append(found)
                left -= len(batch)
        written = sum(len(part.findings[sides[0].name]) for part in parts)
        if not written:
            raise InputError(f"{video} holds no frame that can be read; give another video.")
        _check(made, written, target)
        made.chmod(0o644)
        made.replace(target)
    if total > written == MOST_FRAMES:
        progress.say(f"The film shows the first {MOST_FRAMES} of {total} frames.")
    return rendered(target, _joined(parts))


@contextmanager
def _video(path: Path) -> Iterator[tuple[Iterator[Frame], float, int]]:
    """Its frames, (H, W, 3) uint8 RGB of equal size; how many there are a second, and in all (0: it does not say)."""
    # FFmpeg says its own part on standard error otherwise, beside our sentence; read once, at its first use.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    cv2.setLogLevel(0)
    if not path.is_file():
        raise InputError(f"--video: there is no file {path}.")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise InputError(f"{path} is no video that can be read; give an MP4, WebM or AVI file.")
        size = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if not 0 < size <= MOST_PIXELS:
            raise InputError(f"{path} has frames of {size:.0f} pixels, and at most {MOST_PIXELS} are read; shrink it.")
        rate = capture.get(cv2.CAP_PROP_FPS)
        total = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        yield _frames(capture), rate if 1 <= rate <= 240 else _USUAL_RATE, max(0, int(min(total, 1e9)))
    finally:
        capture.release()


def _frames(capture: cv2.VideoCapture) -> Iterator[Frame]:
    import cv2
    import numpy as np

    first = None
    while True:
        there, frame = capture.read()
        if not there:
            return
        pixels = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
        small = shrunk(pixels, SIDE_LENGTH)
        first = first or small.shape
        if small.shape != first:
            return
        yield small


def _find(batch: Sequence[Frame], spec: ModelSpec, models: dict[str, Path], progress: Progress) -> Found:
    from PIL import Image

    with tempfile.TemporaryDirectory(prefix="zoo-frames-") as folder:
        files = [Path(folder) / f"{number:04}.png" for number in range(len(batch))]
        for file, frame in zip(files, batch, strict=True):
            Image.fromarray(frame).save(file, compress_level=1)
        return find(spec, models, files, progress=progress)


def _beside(frame: Frame, found: Found, number: int, sides: Sequence[Side], kind: Kind) -> Frame:
    """One frame of the film."""
    import numpy as np
    from PIL import Image, ImageDraw

    height, width = frame.shape[:2]
    # Encoders want even sides.
    sheet = Image.new("RGB", (2 * width, (HEAD + height + FOOT + 1) // 2 * 2), PAPER)
    pen = ImageDraw.Draw(sheet)
    for left, side in zip((0, width), sides, strict=True):
        finding = found.findings[side.name][number]
        drawn = annotate(frame, finding, edges=kind.edges, colour=COLOURS[side.name])
        sheet.paste(Image.fromarray(drawn), (left, HEAD))
        pen.rectangle((left + 10, 13, left + 22, 25), COLOURS[side.name], outline=MUTED)
        write(pen, (left + 30, 8), side.heading, size=18, width=width - 40)
        write(pen, (left + 10, 34), side.title, size=14, width=width - 20, colour=MUTED)
        write(pen, (left + 10, 56), side.facts, size=14, width=width - 20, colour=MUTED)
        write(pen, (left + 10, HEAD + height + 9), kind.counted(count(finding)), size=18, width=width - 20)
    return np.asarray(sheet)


class _Writer:
    """Writes frames to an MP4; the first tells their size."""

    def __init__(self, path: Path, rate: float) -> None:
        self._path, self._rate = path, rate
        self._open: cv2.VideoWriter | None = None

    def write(self, frame: Frame) -> None:
        import cv2

        if self._open is None:
            self._open = self._opened((frame.shape[1], frame.shape[0]))
        self._open.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        if self._open is not None:
            self._open.release()

    def _opened(self, size: tuple[int, int]) -> cv2.VideoWriter:
        import cv2

        for codec in CODECS:
            code = cv2.VideoWriter.fourcc(*codec)
            writer = cv2.VideoWriter(str(self._path), cv2.CAP_FFMPEG, code, self._rate, size)
            if writer.isOpened():
                return writer
        raise OutsideError("the installed OpenCV writes no MP4; install opencv-contrib-python anew.")


def _check(made: Path, frames: int, target: Path) -> None:
    """OpenCV tells of no write that failed: a full disk shows only in what can be read again."""
    import cv2

    capture = cv2.VideoCapture(str(made), cv2.CAP_FFMPEG)
    try:
        there = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    finally:
        capture.release()
    if there < frames:
        raise OutsideError(f"{target} could not be written whole; see that its disk has room, and try again.")


def _joined(parts: Sequence[Found]) -> Found:
    names = list(parts[0].findings)
    return Found(
        parts[0].graph,
        {name: [one for part in parts for one in part.findings[name]] for name in names},
        {name: [one for part in parts for one in part.milliseconds[name]] for name in names},
    )
