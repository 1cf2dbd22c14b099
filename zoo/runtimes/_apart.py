"""Runs a file in a runtime of another version or language, in a process with an environment of its own."""

from __future__ import annotations

import importlib.metadata
import json
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.progress import Progress
from zoo.runtimes._child import Child, ChildStopped, start_apart
from zoo.runtimes._finding import Finding, NotInstalledError, NotTakenError, Trial
from zoo.runtimes._run import last_line, short
from zoo.runtimes._tasks import ready_for_tasks, role_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

START_SECONDS = 180.0
"""For importing a runtime and opening a model; 2 seconds are usual, many more from a cold disk."""
PICTURE_SECONDS = 60.0
"""Per picture, video frames and all; 0.05 seconds are usual."""
END_SECONDS = 10.0
"""For ending what was started after the last answer: a browser takes its time."""
METHODS = ("detect", "detect_for_video")
"""Of a task, on pictures and on a video."""
FRAMES = 3
"""Equal frames that a video shows of each picture; the last is judged, so that tracking has set in."""
NEEDS = {"tflite-runtime": ("numpy<2",), "ai-edge-litert": ("numpy",), "mediapipe": ("numpy",)}
"""What an environment holds beside a runtime: tflite-runtime was built against NumPy 1."""


def python_with(runtime: str) -> Path:
    """The Python of an environment with a runtime, `NAME==VERSION`: our own where it has that version.

    Raises NotInstalledError where it cannot be had.
    """
    from zoo.errors import OutsideError
    from zoo.sources import side_python

    name, _, version = runtime.partition("==")
    try:
        if importlib.metadata.version(name) == version:
            return Path(sys.executable)
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        return side_python([runtime, *NEEDS[name]])
    except OutsideError as error:
        raise NotInstalledError(str(error)) from error


def run_task(
    model: Path,
    pictures: Sequence[npt.NDArray[np.uint8]],
    *,
    runtime: str,
    replaces: str,
    method: str,
    progress: Progress,
) -> Trial:
    """Run a file, or a bundle, as MediaPipe's Task of `runtime` in the role of the published file `replaces`.

    `pictures`: (H, W, 3) uint8 RGB. `method`: `detect`, each picture for itself, or `detect_for_video`, on which each
    picture stands still for `FRAMES` frames. Raises NotTakenError, NotInstalledError, and InputError for a file that is
    no model.
    """
    import numpy as np

    python = python_with(runtime)
    with tempfile.TemporaryDirectory(prefix="zoo-task-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        arrays = [folder / f"{number}.npy" for number in range(len(pictures))]
        job = {
            "task": role_of(replaces).task,
            "method": method,
            "model": str(ready_for_tasks(model.absolute(), replaces, folder)),
            "pictures": [str(path) for path in arrays],
            "frames": FRAMES,
        }
        for path, picture in zip(arrays, pictures, strict=True):
            np.save(path, picture)
        command = [str(python), str(Path(__file__).with_name("_tasks_process.py"))]
        answers = run_apart(command, job, len(pictures), folder, what=f"{model.name} in {runtime}", progress=progress)
    return trial_of(answers, what=f"{model.name} in {runtime}")


def run_interpreter(
    model: Path, inputs: Sequence[npt.NDArray[np.float32]], *, runtime: str, progress: Progress
) -> tuple[list[list[npt.NDArray[np.float32]]], list[float]]:
    """The outputs of a model for each input, in the file's order, and the milliseconds that each took.

    Raises NotTakenError, NotInstalledError.
    """
    import numpy as np

    python = python_with(runtime)
    with tempfile.TemporaryDirectory(prefix="zoo-interpreter-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        job = {
            "package": runtime.partition("==")[0],
            "model": str(model.absolute()),
            "inputs": [str(folder / f"input-{number}.npy") for number in range(len(inputs))],
            "outputs": str(folder),
        }
        for path, values in zip(job["inputs"], inputs, strict=True):
            np.save(path, values)
        command = [str(python), str(Path(__file__).with_name("_interpreter_process.py"))]
        answers = run_apart(command, job, len(inputs), folder, what=f"{model.name} in {runtime}", progress=progress)
        outputs = [[np.load(path, allow_pickle=False) for path in answer["outputs"]] for answer in answers]
    return outputs, [float(answer["milliseconds"]) for answer in answers]


def run_apart(
    command: Sequence[str], job: Mapping[str, Any], count: int, folder: Path, *, what: str, progress: Progress
) -> list[dict[str, Any]]:
    """Write the job, run `command` on it, and take `count` answers. Raises NotTakenError, NotInstalledError."""
    file = folder / "job.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    cwd = folder / "cwd"
    cwd.mkdir()
    with start_apart([*command, str(file)], cwd=cwd) as child, progress.task(what, count) as ticker:
        try:
            _answer(child, START_SECONDS, what)
            answers = []
            for _ in range(count):
                answers.append(_answer(child, PICTURE_SECONDS, what))
                ticker.advance()
        finally:
            child.finish(timeout=END_SECONDS)
    return answers


def trial_of(answers: Sequence[Mapping[str, Any]], *, what: str) -> Trial:
    """The answers as findings. Raises NotTakenError where they have no sense."""
    try:
        findings = tuple(Finding.read(answer) for answer in answers)
        milliseconds = tuple(float(answer["milliseconds"]) for answer in answers)
    except (KeyError, TypeError, ValueError) as error:
        raise NotTakenError(f"{what} gave an answer without sense ({short(str(error))})") from error
    if not all(math.isfinite(taken) for taken in milliseconds):
        raise NotTakenError(f"{what} gave no times")
    return Trial(findings, milliseconds)


def _answer(child: Child, timeout: float, what: str) -> dict[str, Any]:
    try:
        answer = child.answer(timeout=timeout)
    except ChildStopped as stopped:
        raise NotTakenError(f"{what} {stopped.reason}{last_line(stopped.stderr)}") from stopped
    fault, message = answer.get("fault"), short(str(answer.get("message", "")))
    if fault == "runtime":
        raise NotInstalledError(f"the runtime does not start here: {message}")
    if fault:
        did = "does not load" if fault == "model" else "does not run"
        raise NotTakenError(f"{what} {did}: {message}")
    return answer
