"""The drop-in check: a file in the place of a published one, in each runtime, against the original there."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from zoo.errors import InputError, OutsideError
from zoo.families._family import NOTHING_TO_COMPARE
from zoo.families._places import INVOKE
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.runtimes import BUNDLE_SUFFIX, NotInstalledError, NotTakenError, model_in, original_file
from zoo.spec import Drop

AT_MOST = frozenset({"keypoint_error", "landmark_error", "world_error", "output_difference", "output_error"})
"""Tolerances that are limits from above; every other must be reached."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Tried(Generic[Answer]):
    """What a runtime answered with one file, and the milliseconds that each picture took, from begin to end."""

    answer: Answer
    milliseconds: Sequence[float]


@dataclass(frozen=True)
class Compared:
    """Why a file fails beside its tolerances (empty: it does not), and what was measured."""

    reason: str
    measured: dict[str, float]


class Probe(Protocol[Answer]):
    """What is run, and compared, in one place of the original. `noun`: what it finds, in the plural."""

    @property
    def noun(self) -> str: ...

    @property
    def pictures(self) -> int:
        """On how many pictures it is run. Only asked for after a first `run`."""

    def run(self, model: Path, progress: Progress) -> Tried[Answer]:
        """What the runtime answers with this file in the place of the original.

        Raises NotInstalledError where there is no such runtime here, NotTakenError where it does not take the file.
        """

    def count(self, found: Answer) -> int:
        """How much that is."""

    def compare(self, ours: Answer, original: Answer) -> Compared:
        """Both are of the same pictures, and neither is empty."""


def try_places(
    models: Mapping[str, Path],
    *,
    drops: Sequence[Drop],
    probe_of: Callable[[Drop], Probe[Any]],
    progress: Progress,
) -> list[DropinCell]:
    """Try each model (by variant name) at each place; one cell for each of both, places first.

    A cell passes when the runtime loads the file, runs it on every picture, gives finite answers, and these agree with
    the original's there within the declared tolerances. It is "not tried" where the runtime is not here and cannot be
    had, or the original itself finds nothing on the pictures, since then nothing could fail; "not supported" where the
    runtime does not take the original either. Raises InputError for a place that this tool does not know.
    """
    with tempfile.TemporaryDirectory(prefix="zoo-bundle-") as folder:
        plain = {name: _plain(path, drops, Path(folder)) for name, path in models.items()}
        return [
            cell
            for drop in drops
            for cell in _try_place(models if takes_bundles(drop) else plain, drop, probe_of(drop), progress)
        ]


def takes_bundles(drop: Drop) -> bool:
    """Whether a place is a method of one of MediaPipe's Tasks, which take `.task` files."""
    return "." in drop.graph and drop.graph != INVOKE


def _plain(path: Path, drops: Sequence[Drop], folder: Path) -> Path:
    """The model alone, of a file that may be a bundle."""
    if path.suffix != BUNDLE_SUFFIX:
        return path
    taken = folder / f"{path.stem}.tflite"
    taken.write_bytes(model_in(path, drops[0].replaces))
    return taken


def _try_place(models: Mapping[str, Path], drop: Drop, probe: Probe[Any], progress: Progress) -> list[DropinCell]:
    if not drop.tolerances:
        raise InputError(f"dropin: {drop.graph} has no tolerances; declare at least one metric's")
    progress.say(f"drop-in: {drop.runtime}, {drop.graph}")
    blank = [_blank_cell(drop, variant) for variant in models]
    try:
        # One process a model: a candidate that kills its process must not take the original's answers with it.
        original = probe.run(original_file(drop.replaces), progress)
    except NotInstalledError as error:
        return [cell.model_copy(update={"reason": str(error)}) for cell in blank]
    except NotTakenError as error:
        reason = f"the original is not taken here either: {error}"
        return [cell.model_copy(update={"status": "not supported", "reason": reason}) for cell in blank]
    found = probe.count(original.answer)
    blank = [cell.model_copy(update={"pictures": probe.pictures}) for cell in blank]
    if found == 0:
        where = "picture" if probe.pictures == 1 else f"{probe.pictures} pictures"
        reason = (
            f"the original finds no {probe.noun} on the {where}, {NOTHING_TO_COMPARE}; give pictures of {probe.noun}"
        )
        return [cell.model_copy(update={"reason": reason}) for cell in blank]
    known = {"status": "failed", "reference_detections": found, "reference_milliseconds": _median(original)}
    tried = [cell.model_copy(update=known) for cell in blank]
    return [_judge(cell, models[cell.variant], drop, probe, original.answer, progress) for cell in tried]


def _blank_cell(drop: Drop, variant: str) -> DropinCell:
    return DropinCell(
        runtime=drop.runtime,
        graph=drop.graph,
        variant=variant,
        status="not tried",
        reason="",
        pictures=0,
        detections=0,
        reference_detections=0,
        measured={},
        tolerances={str(name): limit for name, limit in drop.tolerances.items()},
    )


def _judge(
    cell: DropinCell, model: Path, drop: Drop, probe: Probe[Any], original: object, progress: Progress
) -> DropinCell:
    try:
        ours = probe.run(model, progress)
    except (InputError, OutsideError) as error:
        return cell.model_copy(update={"reason": str(error)})
    found = probe.count(ours.answer)
    cell = cell.model_copy(update={"detections": found, "milliseconds": _median(ours)})
    if found == 0:
        reason = f"it finds no {probe.noun} where the original finds {cell.reference_detections}"
        return cell.model_copy(update={"reason": reason})
    compared = probe.compare(ours.answer, original)
    breaks = [_break(name, compared.measured.get(name), limit) for name, limit in drop.tolerances.items()]
    reason = compared.reason or "; ".join(text for text in breaks if text)
    status = "failed" if reason else "passed"
    reason = reason or "loads, runs, and agrees with the original within the tolerances"
    return cell.model_copy(update={"status": status, "reason": reason, "measured": compared.measured})


def _median(tried: Tried[Any]) -> float | None:
    """Of all pictures but the first, which also warms up; of that one where there is no other."""
    times = list(tried.milliseconds[1:]) or list(tried.milliseconds)
    return statistics.median(times) if times else None


def _break(name: str, value: float | None, limit: float) -> str:
    """Why the value is not within the limit, or an empty text."""
    if value is None:
        return f"{name} has no value on these pictures"
    if name in AT_MOST:
        return "" if value <= limit else f"{name} {value:.3f} is above {limit:g}"
    return "" if value >= limit else f"{name} {value:.3f} is below {limit:g}"
