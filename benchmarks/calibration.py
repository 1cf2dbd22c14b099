"""How well a detector's score threshold is chosen: half of the calibration pictures choose, the other half judge.

    .venv/bin/python benchmarks/calibration.py BUILD [BUILD ...]

BUILD: the folder of a build of a detector, named after the model, with its records, its release and the pictures that
it was made from. Each variant's scores are moved back to where they were trained to be. Three choices are judged on the
same halves: the graph's own threshold, that of highest F-score on the choosing half, and what `zoo.evaluate` makes of
many draws of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo.evaluate._threshold import Ranked, choose, logit, rank_runs, vote
from zoo.families import LOW_THRESHOLD, detect
from zoo.progress import SilentProgress
from zoo.records import CalibrateRecord
from zoo.sources import read_picture_set
from zoo.spec import load_spec

SPLITS = 200


def ranked_variants(build: Path) -> dict[str, tuple[Ranked, float]]:
    """By variant what it finds at its trained scores, and the graph's threshold."""
    record = CalibrateRecord.model_validate_json((build / "records" / "calibrate.json").read_text(encoding="utf-8"))
    spec = load_spec(build.resolve().name).spec
    if spec.detector is None:
        sys.exit(f"{build} is no build of a detector")
    pictures = [one.path for one in read_picture_set(newest(build, "data", "pictures.json")).of("calibration")]
    teacher = newest(build, "fetch", f"{spec.student.teacher}.tflite")

    def found(model: Path, threshold: float | None) -> list[list[object]]:
        run = detect(spec.task, {"m": model}, pictures, score_threshold=threshold, progress=SilentProgress())
        return run.detections["m"]

    reference, ranked = found(teacher, None), {}
    for one in record.calibrations:
        run = found(build / "release" / f"{spec.name}_{one.variant}.tflite", LOW_THRESHOLD)
        shifted = rank_runs(run, reference, spec.detector.iou_threshold)
        back = 1 / (1 + np.exp(one.shift - logit(shifted.scores)))
        ranked[f"{spec.name}, {one.variant}"] = (replace(shifted, scores=back), one.graph_threshold)
    return ranked


def newest(build: Path, stage: str, name: str) -> Path:
    return max(build.glob(f"work/store/{stage}/*/{name}"), key=lambda path: path.stat().st_mtime)


def part(ranked: Ranked, pictures: np.ndarray) -> Ranked:
    number = np.full(len(ranked.objects), -1)
    number[pictures] = np.arange(len(pictures))
    kept = number[ranked.picture] >= 0
    return Ranked(ranked.scores[kept], ranked.hits[kept], number[ranked.picture][kept], ranked.objects[pictures])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+", type=Path, metavar="BUILD")
    for build in parser.parse_args().builds:
        for name, (ranked, graph) in ranked_variants(build).items():
            say(name, ranked, graph)
    return 0


def say(name: str, ranked: Ranked, graph: float) -> None:
    own = float(logit(np.array(graph)))
    ways: dict[str, Callable[[Ranked], float]] = {
        "graph": lambda half: graph,
        "one": lambda half: float(1 / (1 + np.exp(-vote(half, np.ones(len(half.objects), np.intp), own)))),
        "many": lambda half: choose(half, graph).threshold,
    }
    rng = np.random.default_rng(0)
    reached: dict[str, list[float]] = {way: [] for way in ways}
    count = len(ranked.objects)
    for _ in range(SPLITS):
        order = rng.permutation(count)
        choosing, judging = part(ranked, order[: count // 2]), part(ranked, order[count // 2 :])
        for way, threshold in ways.items():
            reached[way].append(judging.f_score(threshold(choosing)))
    means = ", ".join(f"{way} {np.mean(values):.4f}" for way, values in reached.items())
    gains = np.array(reached["many"]) - np.array(reached["one"])
    print(
        f"{name}: {means}; many better than one in {(gains > 0).sum()} of {SPLITS} splits, worse in {(gains < 0).sum()}"
        f" ({count} pictures, {ranked.objects.sum()} objects)",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
