"""The drop-in check: a file in the place of a published one, in MediaPipe's own graph, against the original there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError, OutsideError
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.runtimes._detection import Detection
from zoo.runtimes._faces import run_face_graph
from zoo.runtimes._graph import LEGACY_GRAPHS, LegacyGraph, installed_mediapipe, resource_root
from zoo.runtimes._matching import match_runs, summed_metrics
from zoo.spec import Drop

AT_LEAST = frozenset({"f_score", "mean_iou"})
"""Tolerances that the measured value must reach; every other is a limit from above."""


def try_dropin(
    models: Mapping[str, Path],
    *,
    drops: Sequence[Drop],
    pictures: Sequence[Path],
    iou_threshold: float,
    progress: Progress,
) -> list[DropinCell]:
    """Try each model (by variant name) at each declared place; one cell for each of both, places first.

    A cell passes when the graph loads the file, runs it on every picture, gives finite detections, and these agree with
    the original's within the declared tolerances. It is "not tried" where this installation lacks the runtime, or the
    original itself finds nothing on the pictures, since then nothing could fail. Raises InputError for a place that
    this tool does not know, OutsideError where the original does not run.
    """
    return [
        cell
        for drop in drops
        for cell in _try_place(models, drop, pictures=pictures, iou_threshold=iou_threshold, progress=progress)
    ]


def _try_place(
    models: Mapping[str, Path], drop: Drop, *, pictures: Sequence[Path], iou_threshold: float, progress: Progress
) -> list[DropinCell]:
    graph = _known_graph(drop)
    blank = [_blank_cell(drop, variant, len(pictures)) for variant in models]
    installed = installed_mediapipe()
    if installed != drop.runtime:
        reason = f"{drop.runtime} is asked for and {installed} is installed"
        return [cell.model_copy(update={"reason": reason}) for cell in blank]
    original = _run(resource_root() / graph.replaces, graph, pictures, progress)
    faces = sum(len(detections) for detections in original)
    if faces == 0:
        reason = f"the original finds no face on the {len(pictures)} picture(s), so nothing could be compared"
        return [cell.model_copy(update={"reason": reason}) for cell in blank]
    place = _Place(drop, graph, pictures, original, iou_threshold)
    return [place.judge(cell, models[cell.variant], progress) for cell in blank]


def _known_graph(drop: Drop) -> LegacyGraph:
    graph = LEGACY_GRAPHS.get(drop.graph)
    if graph is None:
        raise InputError(f"dropin: graph '{drop.graph}' is not known; known are {', '.join(LEGACY_GRAPHS)}")
    if drop.replaces != graph.replaces:
        raise InputError(f"dropin: {drop.graph} loads {graph.replaces}; replaces names {drop.replaces}")
    if not drop.tolerances:
        raise InputError(f"dropin: {drop.graph} has no tolerances; declare at least f_score")
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


def _run(model: Path, graph: LegacyGraph, pictures: Sequence[Path], progress: Progress) -> list[list[Detection]]:
    # One process a model: a candidate that kills its process must not take the original's detections with it.
    return run_face_graph({"model": model}, pictures, graph=graph, progress=progress).detections["model"]


@dataclass(frozen=True)
class _Place:
    """A graph, the pictures, and what the original found on them."""

    drop: Drop
    graph: LegacyGraph
    pictures: Sequence[Path]
    original: list[list[Detection]]
    iou_threshold: float

    def judge(self, blank: DropinCell, model: Path, progress: Progress) -> DropinCell:
        """The cell of one candidate file."""
        cell = blank.model_copy(
            update={"status": "failed", "reference_detections": sum(len(found) for found in self.original)}
        )
        try:
            ours = _run(model, self.graph, self.pictures, progress)
        except (InputError, OutsideError) as error:
            return cell.model_copy(update={"reason": str(error)})
        cell = cell.model_copy(update={"detections": sum(len(found) for found in ours)})
        reason, measured = self._compare(ours, cell)
        status = "failed" if reason else "passed"
        reason = reason or "loads, runs, and agrees with the original within the tolerances"
        return cell.model_copy(update={"status": status, "reason": reason, "measured": measured})

    def _compare(self, ours: list[list[Detection]], cell: DropinCell) -> tuple[str, dict[str, float]]:
        """Why it fails (empty: it does not), and what was measured."""
        if any(not detection.is_finite for found in ours for detection in found):
            return "its detections hold numbers that are not finite", {}
        if cell.detections == 0:
            return f"it finds no face where the original finds {cell.reference_detections}", {}
        matches = match_runs(ours, self.original, iou_threshold=self.iou_threshold)
        measured = summed_metrics(matches)
        if not any(match.pairs for match in matches):
            return f"none of its {cell.detections} detections lies on one of the original's", measured
        breaks = [_break(name, measured.get(name), limit) for name, limit in self.drop.tolerances.items()]
        return "; ".join(text for text in breaks if text), measured


def _break(name: str, value: float | None, limit: float) -> str:
    """Why the value is not within the limit, or an empty text."""
    if value is None:
        return f"{name} has no value on these pictures"
    if name in AT_LEAST:
        return "" if value >= limit else f"{name} {value:.3f} is below {limit:g}"
    return "" if value <= limit else f"{name} {value:.3f} is above {limit:g}"
