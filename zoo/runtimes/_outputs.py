"""What files answer to the same random inputs, in a process of its own: a file from outside may end the runtime."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import OutsideError
from zoo.runtimes._child import Child, ChildStopped, start_apart
from zoo.runtimes._run import last_line, short
from zoo.tflite import Model, Tensor, read_model

Array = npt.NDArray[Any]

SECONDS = 20.0
"""After which no further run of the first file is started, but for two."""
START_SECONDS, FILE_SECONDS = 60.0, 120.0
"""For the runtime to start, and for all runs of one file; then the process is ended."""
_SEED = 20210721
_KNOTS = 4
_NOISE, _SMOOTH = "noise", "smooth"
_INPUTS = ((_NOISE, 1.0), (_SMOOTH, 1.0), (_NOISE, 8.0), (_NOISE, 0.02))
"""Kinds and scales of what is given to float inputs: in [-1, 1] as pictures are, larger, and nearly nothing.

Pictures are smooth. On noise alone a network's scores may all be zeros, which agree with anything. At much larger
scales scores flip by rounding alone.
"""
_NUDGE = 2.0**-16
"""Of an input: as much as the roundings of a hundred layers, were they all to one side."""
_MOST_INPUT_BYTES = 1 << 30


@dataclass(frozen=True)
class FileRuns:
    """What one file answered: for each input, its outputs in its own order; or a clause that says why it did not."""

    runs: tuple[tuple[Array, ...], ...] = ()
    failed: str = ""


def run_files(files: Sequence[bytes], *, plain: bool = False, nudged: bool = False) -> list[FileRuns]:
    """Run each file in LiteRT on the same seeded inputs, made for the first one's.

    `plain`: without XNNPACK; `nudged`: on float inputs that rounding has moved a little, to see what that does.
    All files take inputs of the same types and shapes. Floats are noise and smooth pictures of several scales, 8- and
    16-bit integers all that there are, wider ones, which are indices as a rule, 0 or 1. A file that ends the process
    fails, and so does a later one, which nothing ran any more. Raises OutsideError where the runtime does not start.
    """
    model = read_model(files[0])
    try:
        inputs = [_inputs(model, kind, scale, seed) for seed, (kind, scale) in enumerate(_INPUTS)]
        if nudged:
            inputs = [[_nudged(each) for each in values] for values in inputs]
    except _NoInputError as error:
        return [FileRuns(failed=str(error))] * len(files)
    with tempfile.TemporaryDirectory(prefix="zoo-outputs-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        paths = [folder / f"{number}.tflite" for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        job = {
            "files": [str(path) for path in paths],
            "plain": plain,
            "inputs": [
                [_saved(folder, run, place, each) for place, each in enumerate(values)]
                for run, values in enumerate(inputs)
            ],
            "outputs": str(folder),
            "seconds": SECONDS,
        }
        return _collected(job, folder)


class _NoInputError(Exception):
    """The text is a clause."""


def _collected(job: dict[str, Any], folder: Path) -> list[FileRuns]:
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    cwd = folder / "cwd"
    cwd.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("_outputs_process.py")), str(folder / "job.json")]
    found: list[FileRuns] = []
    with start_apart(command, cwd=cwd) as child:
        try:
            ready = child.answer(timeout=START_SECONDS)
        except ChildStopped as stopped:
            raise OutsideError(f"LiteRT {stopped.reason}{last_line(stopped.stderr)}; try again.") from stopped
        if "fault" in ready:
            raise OutsideError(f"LiteRT does not start here: {short(str(ready['message']))}.")
        for _ in job["files"]:
            try:
                found.append(_runs(child))
            except ChildStopped as stopped:
                found.append(FileRuns(failed=f"the runtime {stopped.reason}"))
                break
    return found + [found[-1]] * (len(job["files"]) - len(found))


def _runs(child: Child) -> FileRuns:
    answer = child.answer(timeout=FILE_SECONDS)
    if "fault" in answer:
        return FileRuns(failed=short(str(answer["message"]), 200).rstrip("."))
    return FileRuns(tuple(tuple(np.load(path, allow_pickle=False) for path in run) for run in answer["runs"]))


def _saved(folder: Path, run: int, place: int, values: Array) -> str:
    path = folder / f"input-{run}-{place}.npy"
    np.save(path, values)
    return str(path)


def _inputs(model: Model, kind: str, scale: float, seed: int) -> list[Array]:
    tensors = [model.tensors[index] for index in model.inputs]
    if (
        sum(8 * int(np.prod([max(size, 1) for size in each.shape], dtype=object)) for each in tensors)
        > _MOST_INPUT_BYTES
    ):
        raise _NoInputError("its inputs are larger than any picture")
    return [
        _input(np.random.default_rng([_SEED, seed, place]), each, kind, scale) for place, each in enumerate(tensors)
    ]


def _input(random: np.random.Generator, tensor: Tensor, kind: str, scale: float) -> Array:
    shape = tuple(size if size > 0 else 1 for size in tensor.shape)
    if tensor.dtype in ("float32", "float16", "float64"):
        values = _smooth(random, shape) if kind == _SMOOTH else random.uniform(-1, 1, shape)
        return np.asarray((scale * values).astype(tensor.dtype))
    if tensor.dtype in ("int8", "uint8", "int16", "uint16"):
        most = np.iinfo(tensor.dtype)
        return random.integers(most.min, most.max, shape, endpoint=True).astype(tensor.dtype)
    if tensor.dtype in ("int32", "int64", "uint32", "uint64", "bool"):
        return random.integers(0, 2, shape).astype(tensor.dtype)
    raise _NoInputError(f"its input '{tensor.name[:80]}' takes {tensor.dtype}, which is not made here")


def _nudged(values: Array) -> Array:
    if values.dtype.kind != "f":
        return values
    moved = np.random.default_rng(_SEED).uniform(-_NUDGE, _NUDGE, values.shape)
    return np.asarray((values * (1 + moved)).astype(values.dtype))


def _smooth(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values in [-1, 1] that run from knot to knot of a coarse grid over the dimensions between the first and last."""
    coarse = [size if place in (0, len(shape) - 1) else min(size, _KNOTS) for place, size in enumerate(shape)]
    values = random.uniform(-1, 1, coarse)
    for axis in range(1, len(shape) - 1):
        knots = values.shape[axis]
        at = np.linspace(0, knots - 1, shape[axis])
        low = np.minimum(at.astype(int), max(knots - 2, 0))
        part = (at - low).reshape([-1 if place == axis else 1 for place in range(len(shape))])
        values = np.take(values, low, axis) * (1 - part) + np.take(values, np.minimum(low + 1, knots - 1), axis) * part
    return values
