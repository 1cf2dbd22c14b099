"""MediaPipe's web runtime, `@mediapipe/tasks-vision`, in a page of headless Chromium, with a model of ours in it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.bridges import find_chromium
from zoo.errors import OutsideError
from zoo.progress import Progress
from zoo.runtimes._apart import FRAMES, run_apart, trial_of
from zoo.runtimes._finding import NotInstalledError, Trial
from zoo.runtimes._landmarks import MASK_SIDE
from zoo.runtimes._tasks import ready_for_tasks, role_of
from zoo.sources import node_binary, tasks_vision_package

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

WEB_METHODS = ("detect", "detectForVideo")
"""Of a task, on pictures and on a video."""


def run_web_task(
    model: Path,
    pictures: Sequence[npt.NDArray[np.uint8]],
    *,
    runtime: str,
    replaces: str,
    method: str,
    progress: Progress,
) -> Trial:
    """Run a file, or a bundle, as the web Task of `runtime` in the role of the published file `replaces`.

    As `run_task`; the CPU delegate runs it. Pictures reach the page as PNG files, which keep every pixel.
    """
    from PIL import Image

    try:
        chromium, node = find_chromium(), node_binary()
        package = tasks_vision_package(runtime.partition("==")[2])
    except OutsideError as error:
        raise NotInstalledError(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="zoo-web-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        files = [folder / f"{number}.png" for number in range(len(pictures))]
        job = {
            "chromium": str(chromium),
            "package": str(package),
            "folder": str(folder),
            "task": role_of(replaces).task,
            "method": method,
            "model": str(ready_for_tasks(model.absolute(), replaces, folder)),
            "pictures": [str(path) for path in files],
            "frames": FRAMES,
            "mask_side": MASK_SIDE,
        }
        for path, picture in zip(files, pictures, strict=True):
            Image.fromarray(picture).save(path)
        command = [str(node), str(Path(__file__).with_name("_web_runner.mjs"))]
        answers = run_apart(command, job, len(pictures), folder, what=f"{model.name} in {runtime}", progress=progress)
    return trial_of(answers, what=f"{model.name} in {runtime}")
