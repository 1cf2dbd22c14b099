"""The drop-in check: a file in the place of a published one, in MediaPipe's own graph, against the original there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from zoo.errors import InputError, OutsideError
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.runtimes import LegacyGraph, graph_at, installed_mediapipe, original_file
from zoo.spec import Drop

AT_MOST = frozenset({"keypoint_error", "landmark_error", "world_error"})
"""Tolerances that are limits from above; every other must be reached."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Compared:
    """Why a file fails beside its tolerances (empty: it does not), and what was measured."""

    reason: str
    measured: dict[str, float]


class Probe(Protocol[Answer]):
    """What a family runs, and compares, in the place of the original. `noun`: what it finds, in the plural."""

    @property
    def noun(self) -> str: ...

    def run(self, model: Path, pictures: Sequence[Path], progress: Progress) -> Answer:
        """What the graph finds with this file in the place of the original."""

    def count(self, found: Answer) -> int:
        """How much that is."""

    def compare(self, ours: Answer, original: Answer) -> Compared:
        """Both are of the same pictures, and neither is empty."""


def try_places(
    models: Mapping[str, Path],
    *,
    drops: Sequence[Drop],
    probe: Probe[Answer],
    pictures: Sequence[Path],
    progress: Progress,
) -> list[DropinCell]:
    """Try each model (by variant name) at each declared place; one cell for each of both, places first.

    A cell passes when the graph loads the file, runs it on every picture, gives finite answers, and these agree with
    the original's within the declared tolerances. It is "not tried" where this installation lacks the runtime, or the
    original itself finds nothing on the pictures, since then nothing could fail. Raises InputError for a place that
    this tool does not know, OutsideError where the original does not run.
    """
    return [cell for drop in drops for cell in _try_place(models, drop, probe, pictures, progress)]


def _try_place(
    models: Mapping[str, Path], drop: Drop, probe: Probe[Answer], pictures: Sequence[Path], progress: Progress
) -> list[DropinCell]:
    _known_graph(drop)
    blank = [_blank_cell(drop, variant, len(pictures)) for variant in models]
    installed = installed_mediapipe()
    if installed != drop.runtime:
        reason = f"{drop.runtime} is asked for and {installed} is installed"
        return [cell.model_copy(update={"reason": reason}) for cell in blank]
    # One process a model: a candidate that kills its process must not take the original's answers with it.
    original = probe.run(original_file(drop.replaces), pictures, progress)
    found = probe.count(original)
    if found == 0:
        reason = f"the original finds no {probe.noun} on the {len(pictures)} picture(s), so nothing could be compared"
        return [cell.model_copy(update={"reason": reason}) for cell in blank]
    tried = [cell.model_copy(update={"status": "failed", "reference_detections": found}) for cell in blank]
    return [_judge(cell, models[cell.variant], drop, probe, original, pictures, progress) for cell in tried]


def _known_graph(drop: Drop) -> LegacyGraph:
    graph = graph_at(drop.graph, drop.replaces)
    if not drop.tolerances:
        raise InputError(f"dropin: {drop.graph} has no tolerances; declare at least one metric's")
    return graph


def _blank_cell(drop: Drop, variant: str, pictures: int) -> DropinCell:
    return DropinCell(
        runtime=drop.runtime,
        graph=drop.graph,
        variant=variant,
        status="not tried",
        reason="",
        pictures=pictures,
        detections=0,
        reference_detections=0,
        measured={},
        tolerances={str(name): limit for name, limit in drop.tolerances.items()},
    )


def _judge(
    cell: DropinCell,
    model: Path,
    drop: Drop,
    probe: Probe[Answer],
    original: Answer,
    pictures: Sequence[Path],
    progress: Progress,
) -> DropinCell:
    try:
        ours = probe.run(model, pictures, progress)
    except (InputError, OutsideError) as error:
        return cell.model_copy(update={"reason": str(error)})
    found = probe.count(ours)
    cell = cell.model_copy(update={"detections": found})
    if found == 0:
        reason = f"it finds no {probe.noun} where the original finds {cell.reference_detections}"
        return cell.model_copy(update={"reason": reason})
    compared = probe.compare(ours, original)
    breaks = [_break(name, compared.measured.get(name), limit) for name, limit in drop.tolerances.items()]
    reason = compared.reason or "; ".join(text for text in breaks if text)
    status = "failed" if reason else "passed"
    reason = reason or "loads, runs, and agrees with the original within the tolerances"
    return cell.model_copy(update={"status": status, "reason": reason, "measured": compared.measured})


def _break(name: str, value: float | None, limit: float) -> str:
    """Why the value is not within the limit, or an empty text."""
    if value is None:
        return f"{name} has no value on these pictures"
    if name in AT_MOST:
        return "" if value <= limit else f"{name} {value:.3f} is above {limit:g}"
    return "" if value >= limit else f"{name} {value:.3f} is below {limit:g}"
