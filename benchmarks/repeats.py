"""Ten repeats of one comparison: do their intervals agree, and does a disturbed run show?

    .venv/bin/python benchmarks/repeats.py                        ten repeats of the published face pair, WebAssembly
    .venv/bin/python benchmarks/repeats.py --on host --repeats 5

Prints a table and writes repeats.json beside itself: every ratio with its interval, how many repeats hold the median of
all, how many pairs of repeats overlap, and the check of the noise in each.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from pathlib import Path

from zoo.bench import Effort, compare_files
from zoo.cli._progress import show_progress
from zoo.machine import describe_machine, describe_versions
from zoo.progress import SilentProgress
from zoo.records import LatencyRatio
from zoo.sources import fetch_reference
from zoo.spec import load_spec

OUT = Path(__file__).with_name("repeats.json")


def published_pair() -> list[Path]:
    references = load_spec("face_detector").spec.references
    names = ("published_dense", "published_sparse")
    return [fetch_reference(name, references[name], progress=SilentProgress()).path for name in names]


def summary(ratios: list[LatencyRatio]) -> dict[str, object]:
    middle = statistics.median(ratio.ratio for ratio in ratios)
    pairs = list(itertools.combinations(ratios, 2))
    overlapping = sum(
        one.interval.low <= other.interval.high and other.interval.low <= one.interval.high for one, other in pairs
    )
    return {
        "pair": f"{ratios[0].numerator} / {ratios[0].denominator}",
        "median": middle,
        "least": min(ratio.ratio for ratio in ratios),
        "most": max(ratio.ratio for ratio in ratios),
        "hold_the_median": sum(ratio.interval.low <= middle <= ratio.interval.high for ratio in ratios),
        "overlapping_pairs": overlapping,
        "pairs": len(pairs),
        "repeats": [ratio.model_dump(mode="json") for ratio in ratios],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", default="wasm")
    parser.add_argument("--repeats", type=int, default=10)
    given = parser.parse_args()
    taken: dict[str, list[LatencyRatio]] = {}
    noisy, seconds = [], []
    for repeat in range(given.repeats):
        with show_progress() as progress:
            result = compare_files(published_pair(), targets=[given.on], progress=progress, effort=Effort())
        (target,) = result.targets
        noise = [target.noise.ratio] if target.noise else []
        for ratio in [*target.ratios, *noise]:
            taken.setdefault(f"{ratio.numerator} / {ratio.denominator}", []).append(ratio)
            low, high = ratio.interval.low, ratio.interval.high
            name = f"{ratio.numerator} / {ratio.denominator}"
            print(
                f"{repeat + 1:2} {name}: {ratio.ratio:.4f} ({low:.4f} to {high:.4f}), {ratio.blocks} blocks", flush=True
            )
        noisy.append(bool(target.noise and target.noise.noisy))
        seconds.append(target.seconds)
        print(f"{repeat + 1:2} {target.stopped}, {target.seconds:.0f} s, noisy: {noisy[-1]}", flush=True)
    summaries = [summary(ratios) for ratios in taken.values()]
    for one in summaries:
        print(
            f"{one['pair']}: median {one['median']:.4f}, {one['least']:.4f} to {one['most']:.4f}; "
            f"{one['hold_the_median']} of {given.repeats} intervals hold the median, "
            f"{one['overlapping_pairs']} of {one['pairs']} pairs overlap"
        )
    document = {
        "target": given.on,
        "machine": describe_machine().model_dump(mode="json"),
        "versions": describe_versions(),
        "noisy": noisy,
        "seconds": seconds,
        "summaries": summaries,
    }
    OUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
